-- Takes a message only if its account has credits left in your own database, and takes one off.
-- event: submit
--
-- Credits that Sluice keeps itself need no script, are exact under crashes and given back on failure: see the settings of
-- accounts. Here the database decides: the update finds no row when nothing is left, so that two messages at once can
-- never both take the last credit. A crash between the update and the answer costs one credit.
--
-- [[trigger]]
-- name = "credits"
-- event = "submit"
-- script = "acknowledge_with_credits.lua"
-- on_error = "reject"

function on_submit(message)
    local changed, why = sql.execute("customers",
        "UPDATE SmppServerUsers SET Credits = Credits - 1 WHERE SystemID = ? AND Credits > 0", message.account)
    if not changed then
        sluice.warn("credits of", message.account, "are not known:", why)
        message:reject("ESME_RSYSERR", "the database is away")
    elseif changed == 0 then
        message:reject("ESME_RSUBMITFAIL", "no credits left")
    end
end

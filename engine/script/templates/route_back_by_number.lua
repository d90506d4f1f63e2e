-- Gives mobile-originated messages to the account whose number they were sent to, asking your own database.
-- event: originated
--
-- An account's `numbers` in the configuration do this without a script. A message that finds no account is kept for the
-- owner of its number, and counted.
--
-- [[trigger]]
-- name = "route back"
-- event = "originated"
-- script = "route_back_by_number.lua"
-- on_error = "reject"     # the provider brings it again when the database is back

function on_originated(message)
    local rows, why = sql.query("customers", "SELECT SystemID FROM SmppServerUsers WHERE AddressRange = ?",
                                message.destination_addr)
    if not rows then
        error("the database is away: " .. why)
    end
    if rows[1] then
        message.account = rows[1].SystemID
    end
end

-- Changes a message by what your database says of its recipient.
-- event: submit
--
-- The message waits without holding up any other. Parameters are bound, never pasted into the statement. While the
-- database is away `rows` is nil, and the message goes on as it is.
--
-- [[trigger]]
-- name = "greeting"
-- event = "submit"
-- script = "database_query.lua"

function on_submit(message)
    local rows, why = sql.query("customers", "SELECT name FROM people WHERE number = ?", message.destination_addr)
    if not rows then
        sluice.warn("no name for", message.destination_addr, why)
    elseif rows[1] then
        message.text = message.text:gsub("%%NAME%%", (rows[1].name:gsub("%%", "%%%%")))
    end
end

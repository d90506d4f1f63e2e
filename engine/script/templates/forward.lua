-- Sends messages to a provider of the script's choice, and changes them on the way.
-- event: submit
--
-- A [[route]] forwards by destination, sender and account, with failover, and costs less. A script is for what routes
-- cannot say: here, messages with a word in their text go through another provider, under another sender.
--
-- [[trigger]]
-- name = "forward"
-- event = "submit"
-- script = "forward.lua"

function on_submit(message)
    if message.text:lower():find("code", 1, true) then
        message.provider = "north"
        message.source_addr = "Codes"
        message.source_addr_ton = 5  -- alphanumeric
        message.source_addr_npi = 0
    end
end

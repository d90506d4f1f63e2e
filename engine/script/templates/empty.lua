-- Does nothing yet: what an event brings and what may be done with it is in docs/triggers.md.
-- event: submit
--
-- [[trigger]]
-- name = "mine"
-- event = "submit"
-- script = "empty.lua"

function on_submit(message)
    sluice.log("a message from", message.account, "to", message.destination_addr)
end

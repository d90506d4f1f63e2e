-- Decides what becomes of a message that a provider has refused.
-- event: provider_response
--
-- `retry` and a route's further providers do this for whole classes of errors without a script. Here one status of one
-- provider moves the message to another, and another status ends it at once.
--
-- [[trigger]]
-- name = "failover"
-- event = "provider_response"
-- script = "retry_and_failover.lua"
-- providers = ["north"]

function on_provider_response(message)
    if message.status == 0x45 then              -- ESME_RSUBMITFAIL
        message.provider = "south"
    elseif message.status == 0x400 then         -- this provider's "subscriber is barred"
        message:fail("400")
    elseif message.status == 0x401 and message.attempts < 5 then
        message:hold(30)                        -- seconds
    end
end

-- Refuses binds that a password and an address list cannot judge, here by the time of day.
-- event: bind
--
-- It runs after the password, the allowed addresses and the certificate were right: accounts and their sources
-- (docs/configuration.md) need no script. What it refuses gets the command_status that it names.
--
-- [[trigger]]
-- name = "office hours"
-- event = "bind"
-- script = "bind_check.lua"

local first_hour, last_hour = 6, 22  -- UTC

function on_bind(bind)
    local hour = tonumber(os.date("!%H"))
    if bind.account == "office" and (hour < first_hour or hour >= last_hour) then
        bind:reject("ESME_RBINDFAIL", "outside of office hours")
    end
end

-- Asks a web service whether a message may go.
-- event: submit
--
-- The message waits at most `timeout` seconds without holding up any other. A service that does not answer lets it pass.
--
-- [[trigger]]
-- name = "ask"
-- event = "submit"
-- script = "http_query.lua"

local function escaped(text)
    return (text:gsub("[^%w%-_.~]", function(c) return string.format("%%%02X", c:byte()) end))
end

function on_submit(message)
    local answer, why = http.get("http://127.0.0.1:8080/allowed?number=" .. escaped(message.destination_addr),
                                 {timeout = 2})
    if not answer then
        sluice.warn("nobody says whether", message.destination_addr, "is allowed:", why)
    elseif answer.status == 403 then
        message:reject("ESME_RINVDSTADR", "not allowed")
    end
end

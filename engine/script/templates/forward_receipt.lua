-- Tells your own system of a message's end, besides the receipt that its sender gets anyway.
-- event: state_change
--
-- Receipts go to their senders without any script, in each of the outcomes: delivered, undeliverable, expired, no_report.
-- After a crash it may run once more for the same message: the receiver should know messages by their id.
--
-- [[trigger]]
-- name = "forward receipt"
-- event = "state_change"
-- script = "forward_receipt.lua"
-- states = ["delivered", "undeliverable", "expired", "no_report"]

function on_state_change(message)
    local body = string.format('{"id": "%s", "state": "%s", "error": "%s"}', message.id, message.state, message.error or "")
    local answer, why = http.post("http://127.0.0.1:8080/receipts", body,
                                  {headers = {["Content-Type"] = "application/json"}, timeout = 5})
    if not answer then
        sluice.warn("receipt of", message.id, "was not told:", why)
    elseif answer.status >= 300 then
        sluice.warn("receipt of", message.id, "was refused with", answer.status)
    end
end

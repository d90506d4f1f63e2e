-- Answers a mobile-originated message that begins with a keyword.
-- event: originated
--
-- The answer is on disk before the provider is told that its message arrived, so that none is lost. After a crash just
-- before, the provider brings the message again and the answer goes out once more.
--
-- [[trigger]]
-- name = "auto reply"
-- event = "originated"
-- script = "auto_reply.lua"

local answers = {
    stop = "You will get no more messages from us.",
    help = "Call 0800 000000 on workdays from 9 to 17.",
}

function on_originated(message)
    local keyword = message.text:match("^%s*(%a+)")
    local answer = keyword and answers[keyword:lower()]
    if answer and message.account then
        sluice.send{
            account = message.account,
            source_addr = message.destination_addr,
            destination_addr = message.source_addr,
            text = answer,
        }
    end
end

-- Puts the parts of a long mobile-originated message together and gives it to its account whole.
-- event: originated
--
-- Parts wait in your database, since a provider that was answered brings nothing again and what a script remembers is gone
-- after a restart. The part that completes a message carries all of it; the others are acknowledged and dropped. Two last
-- parts at the same time may make it twice. Old rows are yours to delete.
--
--     CREATE TABLE parts (sender VARCHAR(20), recipient VARCHAR(20), reference INTEGER, part INTEGER, total INTEGER,
--                         words VARCHAR(1000), PRIMARY KEY (sender, recipient, reference, part))
--
-- [[trigger]]
-- name = "assemble"
-- event = "originated"
-- script = "assemble_multipart.lua"
-- on_error = "reject"     # the provider brings the part again when the database is back

-- Reference, total and part of a user data header, with 8 or 16 bits of reference.
local function concatenation(octets)
    local at, last = 2, 1 + octets:byte(1)
    while at + 1 <= last do
        local id, size = octets:byte(at, at + 1)
        if id == 0 and size == 3 then
            return octets:byte(at + 2, at + 4)
        elseif id == 8 and size == 4 then
            local high, low, total, part = octets:byte(at + 2, at + 5)
            return high * 256 + low, total, part
        end
        at = at + 2 + size
    end
end

local function must(result, why)
    return result or error("the database is away: " .. why)
end

function on_originated(message)
    if message.esm_class & 0x40 == 0 or #message.short_message == 0 then
        return
    end
    local reference, total, part = concatenation(message.short_message)
    if not part then
        return
    end
    local from, to = message.source_addr, message.destination_addr
    must(sql.execute("customers", "DELETE FROM parts WHERE sender = ? AND recipient = ? AND reference = ? AND part = ?",
                     from, to, reference, part))  -- the same part once more
    must(sql.execute("customers", "INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?)", from, to, reference, part, total,
                     message.text))
    local rows = must(sql.query("customers", "SELECT words FROM parts WHERE sender = ? AND recipient = ? AND " ..
                                "reference = ? AND total = ? ORDER BY part", from, to, reference, total))
    if #rows < total then
        return message:drop("part " .. part .. " of " .. total)
    end
    local words = {}
    for i = 1, total do
        words[i] = rows[i].words
    end
    message.esm_class = message.esm_class & ~0x40
    message.short_message = ""  -- and with it the header
    message.text = table.concat(words)
end

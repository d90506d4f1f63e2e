-- Changes what a provider's receipt says before it is applied to its message.
-- event: receipt
--
-- Receipts find and end their messages without any script. This is for providers that mean something else by a code than
-- they should: here a "rejected" with the code of a full mailbox counts as undeliverable.
--
-- [[trigger]]
-- name = "apply receipt"
-- event = "receipt"
-- script = "apply_receipt.lua"
-- providers = ["north"]

function on_receipt(receipt)
    if receipt.state == "REJECTED" and receipt.error == "027" then
        receipt.state = "UNDELIVERABLE"
        receipt.error = "001"
    end
end

"""A gateway that `sluice bench --target-command` can start and that does wrong what it is told to: it relays submit_sm
to the provider and receipts to the customer, stores nothing, and answers before anybody has the message.

The options before --listen are its sins, each with the number N of the message, counted from 1, at which they happen;
the others are those that the bench gives every gateway.
"""

import argparse
import asyncio
import os
import struct

SUBMIT, DELIVER, BIND_TRX = 0x00000004, 0x00000005, 0x00000009
RESPONSE = 0x80000000
REFUSED = 0x00000045  # ESME_RSUBMITFAIL


def pdu(command, sequence, body=b"", status=0):
    return struct.pack(">IIII", 16 + len(body), command, status, sequence) + body


def skip_text(body, at):
    return body.index(0, at) + 1


def before_message(body):
    """Where sm_length of a submit_sm or deliver_sm is."""
    at = skip_text(body, 0)           # service_type
    at = skip_text(body, at + 2)      # source_addr
    at = skip_text(body, at + 2)      # destination_addr
    at = skip_text(body, at + 3)      # esm_class, protocol_id, priority_flag, schedule_delivery_time
    at = skip_text(body, at)          # validity_period
    return at + 4                     # registered_delivery, replace_if_present_flag, data_coding, sm_default_msg_id


async def read_pdu(reader):
    header = await reader.readexactly(16)
    length, command, status, sequence = struct.unpack(">IIII", header)
    return command, status, sequence, await reader.readexactly(length - 16)


class Gateway:
    def __init__(self, options):
        self.options = options
        self.accounts = dict(line.split() for line in open(options.accounts))
        self.count = self.receipts = self.sequence = 0
        self.waiting = {}   # sequence towards the provider: (customer, our id)
        self.customers = {}  # the provider's id: (customer, our id)
        self.held = None    # what a later message is to overtake

    async def start(self):
        host, port = self.options.provider.split(":")
        reader, self.provider = await asyncio.open_connection(host, int(port))
        self.provider.write(pdu(BIND_TRX, 1, b"provider\0secret\0\0\x34\0\0\0"))
        assert (await read_pdu(reader))[1] == 0
        server = await asyncio.start_server(self.serve, "127.0.0.1", self.options.listen)
        print("ready", os.getpid(), flush=True)
        await asyncio.gather(self.hear_provider(reader), server.serve_forever())

    async def serve(self, reader, writer):
        try:
            while True:
                command, _, sequence, body = await read_pdu(reader)
                if command == SUBMIT:
                    self.submit(writer, sequence, body)
                elif command == BIND_TRX:
                    name, password = body.split(b"\0")[:2]
                    known = self.accounts.get(name.decode()) == password.decode()
                    writer.write(pdu(command | RESPONSE, sequence, b"fake\0", 0 if known else 0x0E))
                elif command < RESPONSE:
                    writer.write(pdu(command | RESPONSE, sequence))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def submit(self, customer, sequence, body):
        self.count += 1
        number, sins = self.count, self.options
        if number == sins.crash:
            os._exit(1)
        if number == sins.refuse:
            return customer.write(pdu(SUBMIT | RESPONSE, sequence, status=REFUSED))
        customer.write(pdu(SUBMIT | RESPONSE, sequence, f"{number}".encode() + b"\0"))
        if number == sins.swap:
            self.held = (customer, number, body)
            return
        if number != sins.lose:
            self.forward(customer, number, body)
        if number == sins.twice:
            self.forward(customer, number, body)
        if self.held:
            self.forward(*self.held)
            self.held = None

    def forward(self, customer, number, body):
        self.sequence += 1
        self.waiting[self.sequence] = customer, number
        self.provider.write(pdu(SUBMIT, self.sequence, body))

    async def hear_provider(self, reader):
        while True:
            command, _, sequence, body = await read_pdu(reader)
            if command == SUBMIT | RESPONSE:
                self.customers[body[:-1]] = self.waiting.pop(sequence)
            elif command == DELIVER:
                self.provider.write(pdu(DELIVER | RESPONSE, sequence, b"\0"))
                self.receipt(body)
            elif command < RESPONSE:
                self.provider.write(pdu(command | RESPONSE, sequence))

    def receipt(self, body):
        at = before_message(body)
        text = body[at + 1:at + 1 + body[at]]
        customer, number = self.customers.pop(text.split()[0].removeprefix(b"id:"))
        self.receipts += 1
        sins = self.options
        told = 999_999_999 if self.receipts == sins.wrong_receipt else number
        own = f"id:{told} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:"
        out = pdu(DELIVER, self.receipts, body[:at] + bytes([len(own)]) + own.encode())
        times = 0 if self.receipts == sins.lose_receipt else 2 if self.receipts == sins.receipt_twice else 1
        for _ in range(times):
            customer.write(out)


def main():
    parser = argparse.ArgumentParser()
    for sin in ("lose", "twice", "swap", "refuse", "lose-receipt", "receipt-twice", "wrong-receipt", "crash"):
        parser.add_argument("--" + sin, type=int, metavar="N")
    parser.add_argument("--listen", type=int)
    for name in ("provider", "receipts", "accounts", "dir"):
        parser.add_argument("--" + name)
    asyncio.run(Gateway(parser.parse_args()).start())


if __name__ == "__main__":
    main()

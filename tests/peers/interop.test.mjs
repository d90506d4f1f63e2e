// What peers in the field do to a server, octet by octet; whatever it is, a sane frame never costs them the bind.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { endAll } from './lib/alive.mjs';
import { Gateway, accountOf, providerAt, temporaryFolder } from './lib/gateway.mjs';
import { Command, RawPeer, bindBody, cstring, pdu, responseTo, submitBody } from './lib/raw.mjs';
import { sleep, until } from './lib/wait.mjs';

const Status = {
    ok: 0, invalidMessageLength: 1, invalidCommandLength: 2, invalidCommandId: 3, alreadyBound: 5, bindFailed: 13,
    invalidTlvLength: 0xc2,
};

let gateway;
const folder = temporaryFolder();
before(async () => {
    gateway = await Gateway.create(folder.path, {
        account: [accountOf('shop', 'secret', { max_sessions: 100 }), accountOf('pair', 'secret', { max_sessions: 2 })],
        timers: { probe: '500ms' },
        provider: [providerAt('away', 1)],
        route: [{ via: ['away'] }],
    });
    await gateway.start();
});
after(async () => {
    await gateway.stop().finally(endAll);
    folder.remove();
});

async function bound(interfaceVersion) {
    const peer = await RawPeer.connect(gateway.port);
    const answer = await peer.request(Command.bind_transceiver, 1, bindBody('shop', 'secret', interfaceVersion));
    assert.equal(answer.command, responseTo(Command.bind_transceiver));
    assert.equal(answer.status, Status.ok);
    return peer;
}

/** The bind still carries messages. */
async function stillBound(peer) {
    const answer = await peer.request(Command.submit_sm, 4711, submitBody());
    assert.deepEqual([answer.command, answer.status, answer.sequence],
        [responseTo(Command.submit_sm), Status.ok, 4711]);
    peer.socket.destroy();
}

test('HTTP on the port is told the command_length and shown the door (P10)', async () => {
    const peer = await RawPeer.connect(gateway.port);
    peer.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const answer = await peer.next();
    assert.deepEqual([answer.command, answer.status], [Command.generic_nack, Status.invalidCommandLength]);
    await until('the connection to be closed', () => peer.closed);
});

test('enquire_link is answered before the bind (S4)', async () => {
    const peer = await RawPeer.connect(gateway.port);
    const answer = await peer.request(Command.enquire_link, 9);
    assert.deepEqual([answer.command, answer.status, answer.sequence],
        [responseTo(Command.enquire_link), Status.ok, 9]);
    peer.socket.destroy();
});

for (const version of [0x00, 0x01, 0x33, 0x3a, 0x50]) {
    test(`interface_version 0x${version.toString(16)} binds (S1)`, async () => stillBound(await bound(version)));
}

test('a second bind is refused and the first stands (S5)', async () => {
    const peer = await bound();
    const answer = await peer.request(Command.bind_transceiver, 2, bindBody('shop', 'secret'));
    assert.deepEqual([answer.command, answer.status],
        [responseTo(Command.bind_transceiver), Status.alreadyBound]);
    await stillBound(peer);
});

test('a bind takes the place of a session that is dead, not of one that lives (S6)', async () => {
    const bindAs = async (peer) => peer.request(Command.bind_transceiver, 1, bindBody('pair', 'secret'));
    const [living, dead, third, fourth] = await Promise.all(
        Array.from({ length: 4 }, () => RawPeer.connect(gateway.port)));
    living.answersEnquireLink = true;
    third.answersEnquireLink = true;
    for (const peer of [living, dead]) assert.equal((await bindAs(peer)).status, Status.ok);
    await sleep(1000);  // silent for longer than timers.probe
    assert.equal((await bindAs(third)).status, Status.ok);
    await until('the dead session to be closed', () => dead.closed);
    assert.equal((await bindAs(fourth)).status, Status.bindFailed);
    assert.ok(!living.closed && !third.closed);
    for (const peer of [living, third]) peer.socket.destroy();
});

test('an unknown command_id gets a generic_nack (P14)', async () => {
    const peer = await bound();
    const answer = await peer.request(0x00010203, 77, Buffer.alloc(40));
    assert.deepEqual([answer.command, answer.status, answer.sequence],
        [Command.generic_nack, Status.invalidCommandId, 77]);
    await stillBound(peer);
});

const broken = {
    'a C-octet string without its NUL (P5)': submitBody({ service_type: Buffer.alloc(60, 0x41) }),
    'an sm_length beyond the PDU (P8)': submitBody({ sm_length: Buffer.from([200]) }),
    'an sm_length of 255 (P8)': submitBody({ sm_length: Buffer.from([255]), short_message: Buffer.alloc(255, 0x41) }),
    'a TLV cut short (P9)': submitBody({ tlvs: Buffer.from([0x04, 0x24, 0x00, 0x64, 0x41]) }),
    'no body at all': Buffer.alloc(0),
};
for (const [what, body] of Object.entries(broken)) {
    test(`${what} gets an error response`, async () => {
        const peer = await bound();
        const answer = await peer.request(Command.submit_sm, 5, body);
        assert.deepEqual([answer.command, answer.sequence], [responseTo(Command.submit_sm), 5]);
        assert.notEqual(answer.status, Status.ok);
        await stillBound(peer);
    });
}

const tlvLengths = {
    'a callback_num of two octets': [[0x03, 0x81, 0, 2, 1, 1], Status.invalidTlvLength],
    'a source_port without a value': [[0x02, 0x0a, 0, 0], Status.invalidTlvLength],
    'a user_message_reference that takes one octet': [[0x02, 0x04, 0, 1, 7], Status.ok],
    'a TLV of a vendor without a value': [[0x14, 0x00, 0, 0], Status.ok],
};
for (const [what, [tlvs, status]] of Object.entries(tlvLengths)) {
    test(`${what} is answered with ${status} (P9)`, async () => {
        const peer = await bound();
        const answer = await peer.request(Command.submit_sm, 5, submitBody({ tlvs: Buffer.from(tlvs) }));
        assert.deepEqual([answer.command, answer.sequence, answer.status], [responseTo(Command.submit_sm), 5, status]);
        await stillBound(peer);
    });
}

test('stray NULs at the end are tolerated (P7)', async () => {
    const peer = await bound();
    const answer = await peer.request(Command.submit_sm, 5, submitBody({ tlvs: Buffer.alloc(3) }));
    assert.equal(answer.status, Status.ok);
    await stillBound(peer);
});

test('odd sequence numbers are echoed, responses to nothing ignored (P15)', async () => {
    const peer = await bound();
    peer.write(pdu(responseTo(Command.enquire_link), 12345));
    peer.write(pdu(responseTo(Command.submit_sm), 12346, cstring('nobody asked')));
    for (const sequence of [0, 0x7fffffff, 0xffffffff, 0xffffffff]) {
        const answer = await peer.request(Command.enquire_link, sequence);
        assert.deepEqual([answer.command, answer.sequence], [responseTo(Command.enquire_link), sequence]);
    }
    await stillBound(peer);
});

test('one octet a segment is as good as one PDU a segment (S11)', async () => {
    const peer = await RawPeer.connect(gateway.port);
    for (const request of [pdu(Command.bind_transceiver, 1, bindBody('shop', 'secret')),
        pdu(Command.submit_sm, 2, submitBody())]) {
        for (const octet of request) await new Promise((resolve) => peer.socket.write(Buffer.from([octet]), resolve));
        assert.equal((await peer.next()).status, Status.ok);
    }
    await stillBound(peer);
});

test('ten thousand PDUs in one go are all answered, in order (S11)', async () => {
    const count = 10_000;
    const peer = await bound();
    peer.write(Buffer.concat(Array.from({ length: count }, (_, i) => pdu(Command.submit_sm, i + 1, submitBody()))));
    await until('all answers', () => peer.received.length === count || peer.closed);
    const answers = peer.received.splice(0);
    assert.equal(answers.length, count);
    assert.ok(answers.every((answer) => answer.status === Status.ok));
    assert.equal(new Set(answers.map((answer) => answer.body.toString('latin1'))).size, count, 'ids are unique');
    await stillBound(peer);
});

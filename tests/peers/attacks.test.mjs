// A gateway under attack: whatever strangers and bad customers do, those who behave are served. Each attack is bounded,
// goes to loopback, and prints how long a customer's messages waited meanwhile, and before; nothing is judged by time.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { endLater } from './lib/alive.mjs';
import { Bystander } from './lib/bystander.mjs';
import { Esme } from './lib/esme.mjs';
import { Gateway, accountOf, providerAt, scratch } from './lib/gateway.mjs';
import { Provider } from './lib/provider.mjs';
import { Command, RawPeer, bindBody, cstring, pdu, responseTo, submitBody } from './lib/raw.mjs';
import { withoutSmpp } from './lib/smpp.mjs';
import { freePorts, sleep, until } from './lib/wait.mjs';

const certificates = fileURLToPath(new URL('../tls/certificates', import.meta.url));
const file = (name) => path.join(certificates, name);
const ESME_RINVPASWD = 0x0e, ESME_RBINDFAIL = 0x0d, ESME_RSYSERR = 0x08;

/** A socket of a stranger, which is never waited for. */
function stranger(options) {
    const socket = net.connect({ host: '127.0.0.1', ...options });
    const forget = endLater(() => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => { socket.isClosed = true; forget(); });
    return socket;
}

const connected = (sockets) => until('every connection is made or refused',
    () => sockets.every((socket) => !socket.connecting || socket.isClosed));

async function bindStatus(port, systemId, password, from) {
    const peer = await RawPeer.connect(port, from);
    try {
        return (await peer.request(Command.bind_transceiver, 1, bindBody(systemId, password))).status;
    } finally {
        peer.socket.destroy();
    }
}

const scripts = {
    'loop.lua': 'function on_submit(message)\n  while true do end\nend\n',
    'hoard.lua': 'local kept = {}\nfunction on_submit(message)\n'
        + '  while true do kept[#kept + 1] = string.rep("x", 100000) .. #kept end\nend\n',
    'pattern.lua': 'function on_submit(message)\n'
        + '  string.find(string.rep("a", 50000), string.rep("a*", 20) .. "b")\nend\n',
};

test('those who behave are served', { skip: withoutSmpp }, async (t) => {
    const folder = scratch(t);
    for (const [name, text] of Object.entries(scripts)) fs.writeFileSync(path.join(folder, name), text);
    const provider = await new Provider().start();
    const [plainPort, tlsPort] = await freePorts(2);
    const gateway = await Gateway.create(folder, {
        listener: [
            { endpoint: `127.0.0.1:${plainPort}` },
            { endpoint: `127.0.0.1:${tlsPort}`, tls: { certificate: file('server.pem'), key: file('server.key') } },
        ],
        account: [accountOf('shop', 'secret'), accountOf('other', 'secret'), accountOf('clumsy', 'secret'),
            ...Object.keys(scripts).map((name) => accountOf(name, 'secret'))],
        trigger: Object.keys(scripts).map((name) => ({ name, event: 'submit', script: name, accounts: [name] })),
        provider: [providerAt('north', provider.port)],
        route: [{ via: ['north'] }],
        timers: { session_init: '5s' },
    });
    gateway.port = plainPort;
    await gateway.start();
    const shop = new Esme(gateway.port, { systemId: 'shop', password: 'secret' });
    await shop.bind();
    await gateway.until('the provider is bound', () => provider.binds.length);
    const bystander = new Bystander(shop);
    bystander.start();
    await sleep(2000);
    t.diagnostic(`nobody attacks: ${bystander.figures()}`);

    const metric = async (name) => {
        const text = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
        const samples = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))];
        assert.ok(samples.length, `no metric ${name}`);
        return samples.reduce((sum, sample) => sum + Number(sample[1]), 0);
    };
    /** The attack; while it lasts and after it everybody is served, and a new customer binds where `open`. */
    const attack = (name, what, { open = true } = {}) => t.test(name, async (t) => {
        bystander.figures();
        const before = gateway.residentMiB();
        const said = await what();
        if (open) assert.equal(await bindStatus(gateway.port, 'other', 'secret'), 0, 'another customer binds');
        const answered = bystander.sent;
        await until('the bystander goes on', () => bystander.sent > answered + 5);
        t.diagnostic(`${bystander.figures()}; ${said}; ${before.toFixed(0)} MiB resident before, `
            + `${gateway.residentMiB().toFixed(0)} after`);
    });

    await attack('ten thousand half-open connections from one address', async () => {
        const sockets = [];
        for (let i = 0; i < 100; ++i) {
            for (let j = 0; j < 100; ++j) sockets.push(stranger({ port: gateway.port, localAddress: '127.0.0.2' }));
            await connected(sockets);
        }
        await until('all but a thousand are closed', () => sockets.filter((each) => !each.isClosed).length <= 1000);
        const refused = await metric('sluice_refused_per_address_total');
        assert.ok(refused >= 9000, `${refused} refused`);
        assert.equal(await bindStatus(gateway.port, 'other', 'secret'), 0, 'from another address, meanwhile');
        await until('the others are cut off', () => sockets.every((each) => each.isClosed));
        return `${refused} closed at once, the others by timers.session_init`;
    });

    await attack('ten thousand half-open connections from ten addresses', async () => {
        const sockets = [];
        for (let i = 0; i < 100; ++i) {
            for (let j = 0; j < 100; ++j) {
                sockets.push(stranger({ port: gateway.port, localAddress: `127.0.0.${10 + j % 10}` }));
            }
            await connected(sockets);
        }
        const refused = await metric('sluice_refused_max_unbound_total');
        await until('all are cut off', () => sockets.every((each) => each.isClosed));
        return `${refused} closed at once by limits.max_unbound`;
    });

    await attack('five hundred TLS handshakes that stop half-way', async () => {
        const hello = await new Promise((resolve) => {  // what a client sends first
            const server = net.createServer((socket) => socket.once('data', (data) => {
                resolve(data);
                socket.destroy();
                server.close();
            })).listen(0, '127.0.0.1', () => tls.connect({
                port: server.address().port, rejectUnauthorized: false,
            }).on('error', () => {}));
        });
        const sockets = Array.from({ length: 500 }, () => stranger({ port: tlsPort }));
        await connected(sockets);
        for (let at = 0; at < hello.length; ++at) {  // the last octet never comes
            for (const each of sockets) if (at < hello.length - 1) each.write(hello.subarray(at, at + 1));
            await sleep(2);
        }
        const finished = await new Promise((resolve, reject) => {
            const socket = tls.connect({
                port: tlsPort, host: '127.0.0.1', ca: fs.readFileSync(file('authority.pem')), servername: 'localhost',
            },
                () => resolve(socket)).on('error', reject);
        });
        finished.destroy();
        await until('they are cut off', () => sockets.every((each) => each.isClosed));
        return 'a whole handshake went through meanwhile';
    });

    await attack('three thousand guesses at a password, from thirty connections', async () => {
        const statuses = new Map();
        const guess = async (i) => {
            const status = await bindStatus(gateway.port, 'shop', `guess ${i}`, '127.0.0.3').catch(() => 'closed');
            statuses.set(status, (statuses.get(status) ?? 0) + 1);
        };
        let next = 0;
        const end = Date.now() + 15000;
        await Promise.all(Array.from({ length: 30 }, async () => {
            while (next < 3000 && Date.now() < end) await guess(next++);
        }));
        assert.equal(statuses.get(0), undefined, 'nobody got in');
        const log = fs.readFileSync(gateway.log, 'utf8');
        assert.ok(!/guess \d/.test(log), 'no password is in the log');
        const count = (status) => statuses.get(status) ?? 0;
        return `${count(ESME_RINVPASWD)} times ESME_RINVPASWD, ${count(ESME_RBINDFAIL)} times ESME_RBINDFAIL, `
            + `${count('closed')} closed unanswered`;
    });

    await attack('octets that are no SMPP, before the bind', async () => {
        const length = (value) => pdu(Command.bind_transceiver, 1, Buffer.alloc(0), { length: value });
        const bodies = [length(0), length(15), length(0xffffffff), length(70000), Buffer.alloc(65536, 0xff),
            Buffer.from('GET / HTTP/1.1\r\n\r\n'),
            pdu(Command.submit_sm, 1, submitBody()), pdu(Command.bind_transceiver, 1, Buffer.alloc(3, 0x41)),
            pdu(Command.bind_transceiver, 1, Buffer.concat([cstring('x'.repeat(60000)), cstring('y')]))];
        for (let i = 0; i < 50; ++i) {
            const sockets = bodies.map((body) => {
                const socket = stranger({ port: gateway.port });
                socket.resume();
                socket.once('connect', () => socket.end(body));
                return socket;
            });
            await until('all are closed', () => sockets.every((each) => each.isClosed));
        }
        return `${50 * bodies.length} connections`;
    });

    await attack('malformed PDUs after the bind', async () => {
        const peer = await RawPeer.connect(gateway.port);
        assert.equal((await peer.request(Command.bind_transceiver, 1, bindBody('clumsy', 'secret'))).status, 0);
        const bad = [
            pdu(Command.submit_sm, 7, Buffer.alloc(0)),
            pdu(Command.submit_sm, 7, submitBody({ sm_length: Buffer.from([255]) })),
            pdu(Command.submit_sm, 7,
                submitBody({ destination_addr: Buffer.concat([Buffer.from([1, 1]), cstring('9'.repeat(40))]) })),
            pdu(Command.submit_sm, 7, submitBody({ tlvs: Buffer.from([0x04, 0x24, 0xff, 0xff]) })),
            pdu(Command.submit_sm, 7, submitBody({ validity_period: cstring('not a time') })),
            pdu(0x000000ff, 7, Buffer.alloc(100, 0xee)),
            pdu(responseTo(Command.submit_sm), 7, Buffer.alloc(1000, 0xee)),
            pdu(Command.submit_sm, 7, Buffer.alloc(30000, 0x55)),
        ];
        for (let i = 0; i < 250; ++i) for (const each of bad) peer.write(each);
        const probe = 99;
        peer.write(pdu(Command.enquire_link, probe));
        await until('the bind is still there',
            () => peer.received.some((each) => each.sequence === probe) || peer.closed);
        assert.ok(!peer.closed);
        assert.ok(peer.received.every((each) => each.sequence === probe || each.status !== 0), 'each was refused');
        const answers = peer.received.length - 1;
        assert.equal(answers, 250 * (bad.length - 1), 'a response to nothing needs no answer');
        peer.socket.destroy();
        return `${answers} refusals, and the bind lives`;
    });

    for (const name of Object.keys(scripts)) {
        await attack(`a script that never ends: ${name}`, async () => {
            const peer = await RawPeer.connect(gateway.port);
            assert.equal((await peer.request(Command.bind_transceiver, 1, bindBody(name, 'secret'))).status, 0);
            for (let i = 0; i < 200; ++i) {
                assert.equal((await peer.request(Command.submit_sm, i + 2, submitBody())).status, ESME_RSYSERR);
            }
            peer.socket.destroy();
            return `200 submits refused as on_error says; ${await metric('sluice_trigger_errors_total')} errors so far`;
        });
    }

    await bystander.stop();
    await until('all receipts', () => shop.receipts.length >= bystander.sent);
    assert.equal(new Set(provider.texts).size, bystander.sent, 'every message reached the provider');
    assert.equal(provider.texts.length, bystander.sent, 'and none twice');
    await shop.unbind();
    await gateway.stop();
    await provider.stop();
});

// What `bench/peers` compares Sluice with: each of them must really carry messages and receipts, or its figures say
// nothing.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { endLater } from './lib/alive.mjs';
import { Esme } from './lib/esme.mjs';
import { scratch } from './lib/gateway.mjs';
import { withoutKannel } from './lib/kannel.mjs';
import { Provider } from './lib/provider.mjs';
import { Command, RawPeer, bindBody, pdu, responseTo, submitBody } from './lib/raw.mjs';
import { withoutSmpp } from './lib/smpp.mjs';
import { freePorts, until } from './lib/wait.mjs';

const home = fileURLToPath(new URL('../../bench/peers/', import.meta.url));
const messages = 50;
const customers = ['first', 'second', 'third'];

/** What a machine may lack; a peer that ends with one of these words is skipped. */
const lacking = /io_uring: needs .*|the file system has no O_DIRECT/;

class Peer {
    #child;
    errors = '';

    /** Resolves when the peer is ready, or has ended before (then `status` is set). */
    async start(name, folder, provider, receipts) {
        [this.port] = await freePorts(1);
        const accounts = path.join(folder, 'accounts');
        fs.writeFileSync(accounts, customers.map((id) => `${id} of-${id}\n`).join(''));
        this.#child = spawn(path.join(home, name, 'start'), [
            '--listen', this.port, '--provider', `127.0.0.1:${provider.port}`, '--receipts', receipts,
            '--accounts', accounts, '--dir', folder,
        ], { stdio: ['ignore', 'pipe', 'pipe'] });
        const forget = endLater(() => this.#child.kill('SIGTERM'));
        let output = '';
        this.#child.stdout.on('data', (text) => { output += text; });
        this.#child.stderr.on('data', (text) => { this.errors += text; });
        this.ended = new Promise((resolve) => {
            this.#child.once('close', (code, signal) => { forget(); resolve(this.status = signal ?? code); });
        });
        await until('the peer to be ready', () => output.includes('\n') || this.status !== undefined);
        assert.match(output, this.status === undefined ? /^ready( \d+)+\n$/ : /^$/);
        this.pids = output.trim().split(' ').slice(1).map(Number);
        return this;
    }

    async stop() {
        this.#child.kill('SIGTERM');
        assert.equal(await this.ended, 0, this.errors);
        for (const pid of this.pids) assert.throws(() => process.kill(pid, 0), /ESRCH/, 'it ends all that it started');
    }
}

/** A peer for the test `t`, or null when this machine cannot have it. */
async function started(t, name, provider, receipts = 'on') {
    const peer = await new Peer().start(name, scratch(t), provider, receipts);
    if (peer.status === undefined) {
        t.after(() => peer.errors && t.diagnostic(peer.errors));
        return peer;
    }
    const reason = lacking.exec(peer.errors)?.[0];
    assert.ok(reason, `${name} has ended with ${peer.status}: ${peer.errors}`);
    t.skip(reason);
    await provider.stop();
    return null;
}

const submitted = (customer, number) => ({
    source_addr: '46700000001', destination_addr: '46700000002', registered_delivery: 1,
    text: `${customer.systemId} ${number}`,
});
const upTo = (count) => Array.from({ length: count }, (_, i) => i);

async function bound(peer, systemId) {
    const customer = new Esme(peer.port, { systemId, password: `of-${systemId}` });
    await customer.bind();
    return customer;
}

const kinds = [
    'relay', 'relay_journal', 'node_gateway', 'node_gateway_nagle', 'kannel', 'kannel_file', 'kannel_spool',
];
for (const name of kinds) {
    const skip = withoutSmpp || (name.startsWith('kannel') && withoutKannel);
    test(`${name} carries messages there and receipts home`, { skip }, async (t) => {
        const provider = await new Provider().start();
        const peer = await started(t, name, provider);
        if (!peer) return;
        assert.ok(provider.binds.every((bind) => bind.system_id === 'provider' && bind.password === 'secret'));

        await assert.rejects(new Esme(peer.port, { systemId: 'first', password: 'guess' }).bind(), /refused/);
        const bindings = await Promise.all(customers.map((systemId) => bound(peer, systemId)));
        const ids = await Promise.all(bindings.map(async (customer) => {
            const answers = await Promise.all(upTo(messages).map((i) => customer.submit(submitted(customer, i))));
            assert.ok(answers.every((answer) => answer.command_status === 0));
            return answers.map((answer) => answer.message_id).sort();
        }));
        await until('every receipt', () => bindings.every((customer) => customer.receipts.length >= messages));
        const expected = bindings.flatMap((customer) => upTo(messages).map((i) => submitted(customer, i).text));
        assert.deepEqual([...provider.texts].sort(), expected.sort(), 'each arrived once');
        bindings.forEach((customer, i) => {
            assert.deepEqual(customer.receipts.map((receipt) => receipt.id).sort(), ids[i], 'its own, each once');
            assert.ok(customer.receipts.every((receipt) => receipt.stat === 'DELIVRD' && receipt.messageState === 2));
        });
        await until('the provider to be told', () => provider.receiptsDone === customers.length * messages);
        assert.equal((await bindings[0].request('enquire_link')).command_status, 0);

        for (const customer of bindings) await customer.unbind();
        await peer.stop();
        await provider.stop();
    });
}

test('without receipts a peer asks for none', { skip: withoutSmpp }, async (t) => {
    for (const name of ['relay', 'node_gateway']) {
        const provider = await new Provider().start();
        const peer = await started(t, name, provider, 'off');
        if (!peer) return;
        const customer = await bound(peer, 'first');
        const answer = await customer.submit({ ...submitted(customer, 0), registered_delivery: 0 });
        assert.equal(answer.command_status, 0);
        assert.deepEqual(provider.texts, ['first 0']);
        await peer.stop();
        await provider.stop();
    }
});

for (const name of ['relay', 'relay_journal']) {
    test(`${name} keeps its framing and its customers apart`, { skip: withoutSmpp }, async (t) => {
        const provider = await new Provider().start();
        const peer = await started(t, name, provider);
        if (!peer) return;
        const raw = await RawPeer.connect(peer.port);
        const refused = await raw.request(Command.submit_sm, 7, submitBody());
        assert.deepEqual([refused.command, refused.status, refused.sequence], [responseTo(Command.submit_sm), 4, 7]);

        // One octet a packet, then several PDUs in one.
        const bind = pdu(Command.bind_transceiver, 8, bindBody('first', 'of-first'));
        for (const octet of bind) raw.write(Buffer.from([octet]));
        assert.equal((await raw.next()).status, 0);
        const numbers = [0x7fffffff, 0, 0xffffffff];
        raw.write(Buffer.concat(numbers.map((number) => pdu(Command.submit_sm, number, submitBody()))));
        const answered = new Set();
        for (const _ of numbers) {
            const { command, status, sequence } = await raw.next();
            assert.deepEqual([command, status], [responseTo(Command.submit_sm), 0]);
            answered.add(sequence);
        }
        assert.deepEqual(answered, new Set(numbers), 'each under its own number');
        assert.equal((await raw.request(0x103, 9)).command, Command.generic_nack, 'what it does not know it refuses');

        // Who leaves with receipts unanswered harms nobody; who sends nonsense is shown out.
        const leaver = await RawPeer.connect(peer.port);
        await leaver.request(Command.bind_transceiver, 1, bindBody('second', 'of-second'));
        leaver.write(pdu(Command.submit_sm, 2, submitBody({ registered_delivery: Buffer.from([1]) })));
        await leaver.next();
        await until('its receipt', () => leaver.received.length);
        leaver.socket.destroy();
        raw.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
        assert.equal((await raw.next()).status, 2, 'ESME_RINVCMDLEN');
        await until('the end', () => raw.closed);

        const customer = await bound(peer, 'third');
        assert.equal((await customer.submit(submitted(customer, 0))).command_status, 0);
        await until('the receipt', () => customer.receipts.length);
        await customer.unbind();
        await peer.stop();
        await provider.stop();
    });
}

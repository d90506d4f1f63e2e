// What others see on the wire: a mix of sessions is captured on the loopback interface and taken apart by tshark, whose
// dissector knows nothing of ours. Every PDU that the peers counted must be there, and none malformed.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { Esme } from './lib/esme.mjs';
import { Gateway, accountOf, providerAt, scratch } from './lib/gateway.mjs';
import { Program, tail } from './lib/program.mjs';
import { Provider } from './lib/provider.mjs';
import { withoutSmpp } from './lib/smpp.mjs';
import { freePorts, sleep, until } from './lib/wait.mjs';

/** A reason why nothing can be captured here, or false. */
function withoutCapture() {
    for (const tool of ['tcpdump', 'tshark']) {
        if (spawnSync(tool, ['--version']).error) return `${tool} is not installed (tools/setup test)`;
    }
    const probe = spawnSync('tcpdump', ['-i', 'lo', '-L']);
    return probe.status === 0 ? false : 'no permission to capture on the loopback interface';
}

async function mix(gatewayPort) {
    const login = { systemId: 'shop', password: 'secret' };
    const address = { source_addr: '46700000001', destination_addr: '46700000002' };
    const transceiver = new Esme(gatewayPort, login);
    const transmitter = new Esme(gatewayPort, { ...login, as: 'transmitter' });
    const receiver = new Esme(gatewayPort, { ...login, as: 'receiver' });
    const stranger = new Esme(gatewayPort, { systemId: 'shop', password: 'wrong' });
    for (const esme of [transceiver, transmitter, receiver]) await esme.bind();
    await assert.rejects(stranger.bind(), /refused/);

    const submit = (fields) => transceiver.request('submit_sm', { ...address, ...fields });
    await transceiver.submit({ ...address, text: 'plain', registered_delivery: 1 });
    await transmitter.submit({ ...address, text: 'from the transmitter', registered_delivery: 1 });
    await submit({ data_coding: 8, short_message: Buffer.from('þorn', 'utf16le').swap16(), registered_delivery: 1 });
    await submit({ data_coding: 4, message_payload: Buffer.alloc(2000, 'x'), registered_delivery: 1 });
    for (const part of [1, 2]) {
        await submit({ esm_class: 0x40, short_message: Buffer.concat([
            Buffer.from([5, 0, 3, 42, 2, part]), Buffer.alloc(100, 'p')]) });
    }
    await submit({ destination_addr: '', short_message: Buffer.from('to nobody') });
    await submit({ short_message: Buffer.from('too soon'), schedule_delivery_time: 'nonsense' });
    await transceiver.request('enquire_link');
    await transceiver.request('query_sm', { message_id: '1', source_addr: address.source_addr });
    await transceiver.request('cancel_sm', { message_id: '1', ...address });
    await receiver.request('submit_sm', { ...address, short_message: Buffer.from('from a receiver') });
    await Promise.all(Array.from({ length: 300 }, (_, i) =>
        transceiver.submit({ ...address, text: `burst ${i}`, registered_delivery: 1 })));
    const customers = [transceiver, transmitter, receiver];
    await until('all receipts', () => customers.reduce((sum, esme) => sum + esme.receipts.length, 0) >= 304);
    for (const esme of customers) await esme.unbind();
    return [...customers, stranger].reduce((sum, esme) => sum + esme.pdus, 0);
}

test('tshark understands every PDU', { skip: withoutSmpp || withoutCapture() }, async (t) => {
    const folder = scratch(t);
    const provider = await new Provider().start();
    const gateway = await Gateway.create(folder, {
        account: [accountOf('shop', 'secret')],
        provider: [providerAt('node', provider.port)],
        route: [{ via: ['node'] }],
    });
    const ports = [gateway.port, provider.port];
    const capture = path.join(folder, 'session.pcap');
    const log = path.join(folder, 'tcpdump.log');
    const tcpdump = new Program('tcpdump', ['-i', 'lo', '--immediate-mode', '-B', '16384', '-w', capture,
        ports.map((port) => `tcp port ${port}`).join(' or ')], { log });
    await tcpdump.until('tcpdump to listen', () => tail(log).includes('listening on'));

    await gateway.start();
    const customersPdus = await mix(gateway.port);
    await gateway.stop();
    await provider.stop();
    await sleep(500);  // tcpdump gets the last packets with a delay
    await tcpdump.end('SIGINT');
    assert.match(tail(log), /\b0 packets dropped by kernel/);

    const decoded = execFileSync('tshark', ['-r', capture, ...ports.flatMap((port) => ['-d', `tcp.port==${port},smpp`]),
        '-Y', 'smpp', '-T', 'fields', '-e', 'smpp.command_id', '-e', '_ws.malformed'],
    { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] });
    const rows = decoded.trimEnd().split('\n').map((line) => line.split('\t'));
    const pdus = rows.flatMap(([ids]) => ids.split(','));
    const malformed = rows.filter(([, fault]) => fault);
    t.diagnostic(`${pdus.length} PDUs of ${new Set(pdus).size} kinds in `
        + `${rows.length} frames, ${malformed.length} malformed`);
    assert.deepEqual(malformed, []);
    assert.equal(pdus.length, customersPdus + provider.pdus, 'as many as the peers sent and received');
});

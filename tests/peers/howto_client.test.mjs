// The client of the well-known node-smpp tutorial, step by step as it is written there (interface_version 1, a number as
// system_type, an address_range, + before numbers, reconnect on close), against the gateway on its embedded default. Only
// what the text leaves open is ours: the address, the credentials, and registered_delivery, which the tutorial forgets.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { scratch, binary } from './lib/gateway.mjs';
import { Program } from './lib/program.mjs';
import { smpp, parseReceipt, withoutSmpp } from './lib/smpp.mjs';
import { freePorts, listening, until } from './lib/wait.mjs';

/** The tutorial's program; `seen` collects what it prints, and receipts. */
function tutorialClient(port) {
    const seen = { bound: 0, gaveUp: false, ids: [], receipts: [] };
    const session = new smpp.Session({ host: '127.0.0.1', port });

    let isConnected = false;
    session.on('connect', () => {
        isConnected = true;

        session.bind_transceiver({
            system_id: 'demo',
            password: 'demo',
            interface_version: 1,
            system_type: '380666000600',
            address_range: '+380666000600',
            addr_ton: 1,
            addr_npi: 1,
        }, (pdu) => {
            if (pdu.command_status == 0) seen.bound += 1;
        });
    });

    session.on('close', () => {
        if (isConnected) session.connect();
        else seen.gaveUp = true;
    });

    session.on('error', () => {
        isConnected = false;
    });

    session.on('deliver_sm', (pdu) => {
        seen.receipts.push(parseReceipt(pdu));
        session.send(pdu.response());
    });

    function sendSMS(from, to, text) {
        from = `+${from}`;
        to = `+${to}`;

        session.submit_sm({
            source_addr: from,
            destination_addr: to,
            short_message: text,
            registered_delivery: 1,
        }, (pdu) => {
            if (pdu.command_status == 0) seen.ids.push(pdu.message_id);
        });
    }

    return { seen, session, sendSMS };
}

test('the tutorial works against the embedded default', { skip: withoutSmpp }, async (t) => {
    const folder = scratch(t);
    const [port] = await freePorts(1);
    const log = path.join(folder, 'gateway.log');
    const start = async () => {
        const program = new Program(binary,
            ['run', '--listen', `127.0.0.1:${port}`, '--admin', 'none', '--data', path.join(folder, 'data')], { log });
        await program.until('the gateway listens', () => listening(port));
        return program;
    };
    let gateway = await start();

    const client = tutorialClient(port);
    const { seen, sendSMS } = client;
    await gateway.until('Successfully bound', () => seen.bound === 1);
    sendSMS('380666000600', '380666000601', 'Hello from the tutorial');
    await gateway.until('a message_id', () => seen.ids.length === 1);
    assert.match(seen.ids[0], /^\d+$/);
    await gateway.until('the receipt', () => seen.receipts.length === 1);
    assert.equal(seen.receipts[0].id, seen.ids[0]);
    assert.equal(seen.receipts[0].stat, 'DELIVRD');
    assert.equal(seen.receipts[0].receiptedMessageId, undefined, 'no TLVs for interface_version 1');
    t.diagnostic(`bound, sent, id ${seen.ids[0]} printed, receipt received`);

    client.session.socket.destroy();  // the line is cut: the tutorial reconnects at once
    await gateway.until('the tutorial to reconnect', () => seen.bound === 2);
    sendSMS('380666000600', '380666000602', 'Hello again');
    await gateway.until('the second receipt', () => seen.receipts.length === 2);
    assert.equal(seen.receipts[1].id, seen.ids[1]);
    t.diagnostic('reconnected after the connection was cut, sent again');

    // The tutorial tries once at once and then gives up; whoever runs it starts it again until the gateway is back.
    assert.equal(await gateway.end(), 0, 'exit code of the gateway');
    await until('the tutorial to give up', () => seen.gaveUp);
    gateway = await start();
    const again = tutorialClient(port);
    await gateway.until('Successfully bound', () => again.seen.bound === 1);
    again.sendSMS('380666000600', '380666000603', 'Hello after the restart');
    await gateway.until('the third receipt', () => again.seen.receipts.length === 1);
    assert.notEqual(again.seen.ids[0], seen.ids[1], 'ids stay unique over a restart');
    t.diagnostic('the gateway was restarted: bound, sent and receipted again');

    assert.equal(await gateway.end(), 0, 'exit code of the gateway');
    await until('the tutorial to give up', () => again.seen.gaveUp);
});

// Outbind both ways, octet by octet: a provider that calls the gateway, and a gateway that calls a customer.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { endAll } from './lib/alive.mjs';
import { Gateway, accountOf, providerAt, temporaryFolder } from './lib/gateway.mjs';
import { Command, RawPeer, bindBody, cstring, pdu, responseTo, submitBody } from './lib/raw.mjs';
import { freePorts, until } from './lib/wait.mjs';

const outbind = 0x0b;
const bindReceiver = 0x01;
const bindTransmitter = 0x02;
const deliverSm = 0x05;

const folder = temporaryFolder();
let gateway;
let provider;     // a message centre that takes messages
let callPort;     // where it calls us
let customerPort; // where the customer is called
let customers;

/** Accepts connections as raw peers. */
function listenRaw(port, each) {
    return new Promise((resolve) => {
        const server = net.createServer((socket) => each(new RawPeer(socket)));
        server.listen(port, '127.0.0.1', () => resolve(server));
    });
}

before(async () => {
    const [providerPort, ...ports] = await freePorts(3);
    [callPort, customerPort] = ports;
    provider = await listenRaw(providerPort, (peer) => {
        peer.answersEnquireLink = true;
        peer.onPdu = ({ command, sequence }) => {
            if (command === Command.bind_transceiver || command === bindTransmitter) {
                peer.write(pdu(responseTo(command), sequence, cstring('smsc')));
            } else if (command === Command.submit_sm) {
                peer.write(pdu(responseTo(command), sequence, cstring('id-1')));
            } else if (command === Command.unbind) {
                peer.write(pdu(responseTo(command), sequence));
            }
        };
    });
    gateway = await Gateway.create(folder.path, {
        account: [accountOf('shop', 'secret', {
            outbind: { endpoint: `127.0.0.1:${customerPort}`, system_id: 'sluice', password: 'us' },
        })],
        provider: [providerAt('caller', providerPort, {
            bind: 'transmitter',
            outbind: {
                listen: `127.0.0.1:${callPort}`, system_id: 'smsc', password: 'them',
                allowed_addresses: ['127.0.0.0/8'],
            },
        })],
        route: [{ via: ['caller'] }],
    });
    await gateway.start();
});
after(async () => {
    await gateway.stop().finally(endAll);
    provider.close();
    customers?.close();
    folder.remove();
});

const outbindBody = (systemId, password) => Buffer.concat([cstring(systemId), cstring(password)]);

test('an outbind with a wrong password is not answered with a bind', async () => {
    const peer = await RawPeer.connect(callPort);
    peer.write(pdu(outbind, 1, outbindBody('smsc', 'wrong')));
    await until('the connection to be closed', () => peer.closed);
    assert.equal(peer.received.length, 0);
});

test('a receipt comes on a connection that the provider made, and goes out on one that we made', async () => {
    const sender = await RawPeer.connect(gateway.port);
    sender.answersEnquireLink = true;
    assert.equal((await sender.request(bindTransmitter, 1, bindBody('shop', 'secret'))).status, 0);
    const accepted = await sender.request(Command.submit_sm, 2, submitBody({ registered_delivery: Buffer.from([1]) }));
    assert.equal(accepted.status, 0);

    const received = [];
    customers = await listenRaw(customerPort, (peer) => {
        peer.answersEnquireLink = true;
        peer.onPdu = ({ command, sequence, body }) => {
            received.push({ command, body });
            if (command === outbind) peer.write(pdu(bindReceiver, 1, bindBody('shop', 'secret')));
            else if (command === deliverSm) peer.write(pdu(responseTo(command), sequence, cstring('')));
            else if (command === Command.unbind) peer.write(pdu(responseTo(command), sequence));
        };
    });

    const peer = await RawPeer.connect(callPort);
    peer.answersEnquireLink = true;
    peer.write(pdu(outbind, 1, outbindBody('smsc', 'them')));
    const bind = await peer.next();
    assert.equal(bind.command, bindReceiver);
    assert.match(bind.body.toString('latin1'), /^us\0there\0/);
    peer.write(pdu(responseTo(bindReceiver), bind.sequence, cstring('smsc')));
    const text = Buffer.from(
        'id:id-1 sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:');
    const receipt = submitBody({
        esm_class: Buffer.from([4]), sm_length: Buffer.from([text.length]), short_message: text,
    });
    const answer = await peer.request(deliverSm, 7, receipt);
    assert.deepEqual([answer.command, answer.status, answer.sequence], [responseTo(deliverSm), 0, 7]);

    await until('the customer to be called and to get its receipt', () =>
        received.some(({ command }) => command === deliverSm));
    assert.equal(received[0].command, outbind);
    assert.equal(received[0].body.toString('latin1'), 'sluice\0us\0');
    assert.match(received.find(({ command }) => command === deliverSm).body.toString('latin1'), /stat:DELIVRD/);
    peer.onPdu = ({ command, sequence }) => {
        if (command === Command.unbind) peer.write(pdu(responseTo(command), sequence));
    };
    sender.onPdu = ({ command, sequence }) => {
        if (command === Command.unbind) sender.write(pdu(responseTo(command), sequence));
    };
});

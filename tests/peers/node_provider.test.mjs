// A provider as the field has them: ids in hexadecimal in its answers, in decimal in its receipts (interop R1, W5), and
// an account that knows nothing of that.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Esme } from './lib/esme.mjs';
import { Gateway, accountOf, providerAt, scratch } from './lib/gateway.mjs';
import { Provider } from './lib/provider.mjs';
import { withoutSmpp } from './lib/smpp.mjs';

const messages = 200;

test('account to provider and the receipts home', { skip: withoutSmpp }, async (t) => {
    const provider = await new Provider({
        responseId: (number) => number.toString(16).toUpperCase().padStart(8, '0'),
        receiptId: (number) => String(number).padStart(10, '0'),
        firstId: 0x0a0b0c0d,
        keep: true,
    }).start();
    const gateway = await Gateway.create(scratch(t), {
        account: [accountOf('shop', 'secret')],
        provider: [providerAt('node', provider.port)],
        route: [{ via: ['node'] }],
    });
    await gateway.start();
    const customer = new Esme(gateway.port, { systemId: 'shop', password: 'secret' });
    await customer.bind();
    await gateway.until('the provider is bound', () => provider.binds.length);
    assert.equal(provider.binds[0].system_id, 'us');
    assert.equal(provider.binds[0].password, 'there');

    const ids = new Set();
    await Promise.all(Array.from({ length: messages }, async (_, i) => {
        const answer = await customer.submit({
            source_addr: 'Sluice', source_addr_ton: 5, source_addr_npi: 0,
            destination_addr: `4670${String(i).padStart(7, '0')}`, dest_addr_ton: 1, dest_addr_npi: 1,
            text: `message ${i}`, registered_delivery: 1,
        });
        assert.equal(answer.command_status, 0);
        ids.add(answer.message_id);
    }));
    assert.equal(ids.size, messages, 'every message has an id of its own');
    t.diagnostic(`${messages} messages accepted`);

    await gateway.until('all receipts', () => customer.receipts.length >= messages);
    assert.equal(customer.receipts.length, messages, 'one receipt a message');
    assert.deepEqual(new Set(customer.receipts.map((receipt) => receipt.id)), ids,
        'receipts name the ids we were given');
    for (const receipt of customer.receipts) {
        assert.equal(receipt.stat, 'DELIVRD');
        assert.equal(receipt.receiptedMessageId, receipt.id);
        assert.equal(receipt.messageState, 2);
    }
    t.diagnostic(`${messages} receipts home, each under the customer's id`);

    assert.equal(provider.submits.length, messages, 'each message went out once');
    const sent = provider.submits.find((pdu) => pdu.destination_addr === '46700000007');
    assert.equal(sent.source_addr, 'Sluice');
    assert.equal(sent.source_addr_ton, 5);
    assert.equal(sent.dest_addr_ton, 1);
    assert.equal(sent.dest_addr_npi, 1);
    assert.equal(provider.receiptsDone, messages, 'the provider has no receipt left to repeat');
    t.diagnostic('addresses unchanged, no message sent twice');

    await customer.unbind();
    await gateway.stop();
    await provider.stop();
});

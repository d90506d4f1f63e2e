// The control: our customer against our provider, with no gateway between them. If this fails, look here before
// blaming the gateway for what the other files of this folder say.
import { afterEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { endAll } from './lib/alive.mjs';
import { Esme } from './lib/esme.mjs';
import { Provider } from './lib/provider.mjs';
import { withoutSmpp } from './lib/smpp.mjs';
import { until } from './lib/wait.mjs';

afterEach(endAll);

test('customer and provider understand each other', { skip: withoutSmpp }, async () => {
    const provider = await new Provider({ responseId: (n) => n.toString(16), firstId: 0xabcdef }).start();
    const customer = new Esme(provider.port);
    await customer.bind();
    const answer = await customer.submit({
        source_addr: '4670000001', destination_addr: '4670000002', text: 'hello', registered_delivery: 1,
    });
    assert.equal(answer.command_status, 0);
    assert.equal(answer.message_id, (0xabcdf0).toString(16));
    assert.deepEqual(provider.texts, ['hello']);
    await until('the receipt', () => customer.receipts.length);
    assert.deepEqual(customer.receipts, [{
        id: String(0xabcdf0), stat: 'DELIVRD', err: '000', receiptedMessageId: String(0xabcdf0), messageState: 2,
    }]);
    await customer.unbind();
    await provider.stop();
});

test('receipts that were not acknowledged are owed again after a reconnect', { skip: withoutSmpp }, async () => {
    const provider = await new Provider().start();
    const transmitter = new Esme(provider.port, { as: 'transmitter' });
    await transmitter.bind();
    for (let i = 0; i < 200; ++i) {
        await transmitter.submit({ source_addr: '1', destination_addr: '2', text: `m${i}`, registered_delivery: 1 });
    }
    assert.equal(provider.receiptsOwed.length, 200);
    const receiver = new Esme(provider.port, { as: 'receiver' });
    await receiver.bind();
    receiver.drop();
    await until('the dropped receipts to be owed again', () => provider.receiptsInFlight === 0);
    await receiver.bind();
    await until('all receipts', () => provider.receiptsDone === 200);
    assert.equal(new Set(receiver.receipts.map((receipt) => receipt.id)).size, 200);
    await transmitter.unbind();
    await receiver.unbind();
    await provider.stop();
});

test('a request without an answer fails when the connection ends', { skip: withoutSmpp }, async () => {
    const provider = await new Provider().start();
    const customer = new Esme(provider.port);
    await customer.bind();
    const answer = customer.submit({ source_addr: '1', destination_addr: '2', text: 'lost' });
    customer.drop();
    await assert.rejects(answer, /closed before the answer/);
    await provider.stop();
});

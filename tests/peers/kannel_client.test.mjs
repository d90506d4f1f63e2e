// Kannel as the customer: a hundred messages through its HTTP interface, and a delivery report for each.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Gateway, accountOf, providerAt, scratch } from './lib/gateway.mjs';
import { Kannel, withoutKannel, DLR_DELIVERED, DLR_ACCEPTED_BY_SMSC } from './lib/kannel.mjs';
import { Provider } from './lib/provider.mjs';
import { withoutSmpp } from './lib/smpp.mjs';

const messages = 100;

test('Kannel binds, sends and gets its delivery reports', { skip: withoutKannel || withoutSmpp }, async (t) => {
    const folder = scratch(t);
    const provider = await new Provider().start();
    const gateway = await Gateway.create(folder, {
        account: [accountOf('kannel', 'secret')],
        provider: [providerAt('node', provider.port)],
        route: [{ via: ['node'] }],
    });
    await gateway.start();
    const kannel = new Kannel(folder, { smppPort: gateway.port, systemId: 'kannel', password: 'secret' });
    await kannel.start();
    t.diagnostic('Kannel is bound');

    const sent = Array.from({ length: messages }, (_, i) => ({ id: `m${i}`, text: `from kannel ${i}` }));
    for (const { id, text } of sent) {
        assert.match(await kannel.send(id, { from: '12345', to: '46700000002', text }), /^0: Accepted/);
    }
    const delivered = () => kannel.reports.filter((report) => report.type === DLR_DELIVERED);
    await gateway.until('all delivery reports', () => delivered().length >= messages);
    const ids = new Set(sent.map(({ id }) => id));
    assert.equal(delivered().length, messages, 'one report a message');
    assert.deepEqual(new Set(delivered().map((report) => report.id)), ids);
    const accepted = kannel.reports.filter((report) => report.type === DLR_ACCEPTED_BY_SMSC);
    assert.deepEqual(new Set(accepted.map((report) => report.id)), ids);
    assert.deepEqual([...provider.texts].sort(), sent.map(({ text }) => text).sort(), 'the texts arrived, each once');
    t.diagnostic(`${messages} messages sent, ${accepted.length} accepted, ${delivered().length} reported as delivered`);

    await kannel.stop();
    await gateway.stop();
    await provider.stop();
});

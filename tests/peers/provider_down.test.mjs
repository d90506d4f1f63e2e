// The provider is away while messages come in, and the gateway is restarted meanwhile: nothing is lost, order is kept,
// and memory and start-up time do not follow the backlog. MESSAGES=1000000 makes it the field's bad day.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Esme } from './lib/esme.mjs';
import { Gateway, accountOf, providerAt, scratch } from './lib/gateway.mjs';
import { Provider } from './lib/provider.mjs';
import { withoutSmpp } from './lib/smpp.mjs';
import { freePorts } from './lib/wait.mjs';

const messages = Number(process.env.MESSAGES ?? 20_000);
const window = 500;
const patience = 60 + messages / 1000;  // seconds

test(`${messages} messages wait for a provider`, { skip: withoutSmpp }, async (t) => {
    const [providerPort] = await freePorts(1);
    const gateway = await Gateway.create(scratch(t), {
        account: [accountOf('shop', 'secret', { max_queued: messages + window })],
        provider: [providerAt('node', providerPort, { timers: { reconnect_max: '1s' } })],
        route: [{ via: ['node'] }],
    });
    const memory = () => `${gateway.residentMiB().toFixed(1)} MiB resident`;
    await gateway.start();
    t.diagnostic(`empty: listening after ${gateway.startSeconds.toFixed(2)} s, ${memory()}`);

    const customer = new Esme(gateway.port, { systemId: 'shop', password: 'secret' });
    await customer.bind();
    let next = 0;
    await Promise.all(Array.from({ length: window }, async () => {
        while (next < messages) {
            const answer = await customer.submit({
                source_addr: '46700000001', destination_addr: '46700000002', text: `${next++}`,
            });
            assert.equal(answer.command_status, 0);
        }
    }));
    await customer.unbind();
    t.diagnostic(`${messages} accepted: ${memory()}`);

    await gateway.stop();
    await gateway.start();
    t.diagnostic(`restarted: listening after ${gateway.startSeconds.toFixed(2)} s, ${memory()}`);

    const provider = await new Provider().start(providerPort);
    const returned = performance.now();
    await gateway.until('the first message to move', () => provider.texts.length);
    t.diagnostic(`first message ${((performance.now() - returned) / 1000).toFixed(2)} s after the provider's return`);
    await gateway.until('all messages', () => provider.texts.length >= messages, patience);
    t.diagnostic(`${messages} delivered ${((performance.now() - returned) / 1000).toFixed(1)} s after it: ${memory()}`);
    assert.equal(provider.texts.length, messages, 'each message once');
    const misplaced = provider.texts.findIndex((text, i) => text !== String(i));
    assert.equal(misplaced, -1, `in order, but at ${misplaced} came ${provider.texts[misplaced]}`);
    await gateway.stop();
    await provider.stop();
});

// `kill -9` under load. What was acknowledged must reach a provider and its receipt must come home, whatever was cut
// off in between; and a provider must not be bothered twice with what it had already confirmed.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Esme } from './lib/esme.mjs';
import { Gateway, accountOf, providerAt, scratch } from './lib/gateway.mjs';
import { Load } from './lib/load.mjs';
import { Provider } from './lib/provider.mjs';
import { withoutSmpp } from './lib/smpp.mjs';
import { sleep } from './lib/wait.mjs';

const kills = Number(process.env.KILLS ?? 10);
const accounts = ['red', 'green', 'blue'];
const window = 50;

// With one shard it is known exactly what was on disk, with two only what a message's own receipt proves.
for (const shards of [1, 2]) {
    test(`${kills} times kill -9 under load, shards: ${shards}`, { skip: withoutSmpp },
        (t) => killUnderLoad(t, shards));
}

async function killUnderLoad(t, shards) {
    const oneShard = shards === 1;
    const providers = [
        await new Provider({ firstId: 1_000_000, oneShard }).start(),
        await new Provider({ responseId: (n) => n.toString(16), firstId: 0xbeef0000, oneShard }).start(),
    ];
    const gateway = await Gateway.create(scratch(t), {
        server: { shards },
        account: accounts.map((name) => accountOf(name, 'secret')),
        provider: [
            providerAt('p0', providers[0].port, { window }),
            providerAt('p1', providers[1].port, { window, response_id_format: 'hex', receipt_id_format: 'decimal' }),
        ],
        route: [{ to: ['460'], via: ['p0'] }, { to: ['461'], via: ['p1'] }],
    });
    await gateway.start();
    const loads = accounts.map((name) => new Load(name,
        new Esme(gateway.port, { systemId: name, password: 'secret' }), {
        window, fields: (n) => ({ source_addr: name, source_addr_ton: 5, destination_addr: `46${n % 2}0000000` }),
    }));
    for (const load of loads) load.start();

    for (let kill = 0; kill < kills; ++kill) {
        const before = loads.map((load) => load.acknowledged.size);
        await gateway.until('every customer to get on', () =>
            loads.every((load, i) => load.acknowledged.size > before[i] + window));
        await sleep(Math.random() * 300);
        await gateway.kill();
        await gateway.start();
    }
    for (const load of loads) await load.stopSending();

    const known = loads.map((load) => new Set(load.acknowledged.keys()));
    const missing = () => loads.map((load, i) => {
        const home = new Set(load.esme.receipts.map((receipt) => receipt.id));
        return [...known[i]].filter((id) => !home.has(id));
    });
    let over = false;
    const staying = loads.map((load) => load.stayBound(() => over));
    await gateway.until('every receipt to come home', () => missing().every((ids) => ids.length === 0), 180)
        .catch(() => {});  // judged below, with the counts
    over = true;
    await Promise.all(staying);

    const times = new Map();  // text -> transmissions
    for (const text of providers.flatMap((provider) => provider.texts)) times.set(text, (times.get(text) ?? 0) + 1);
    const promised = loads.flatMap((load) => [...load.acknowledged.values()]);
    const lost = promised.filter((text) => !times.has(text));
    const extra = [...times.values()].reduce((sum, count) => sum + count - 1, 0);
    const sum = (list, key) => list.reduce((total, each) => total + key(each), 0);
    const receipts = sum(loads, (load) => load.esme.receipts.length);
    const inFlight = (text) => sum(providers, (provider) => provider.unsettled.get(text) ?? 0);
    const unsettled = sum(providers, (provider) => sum([...provider.unsettled.values()], (count) => count));
    const tooOften = [...times].filter(([text, count]) => count - 1 > inFlight(text)).map(([text, count]) =>
        `${text}: ${count} times, in flight at ${inFlight(text)} kills`);
    t.diagnostic(`${promised.length} acknowledged, ${sum(loads, (load) => load.unanswered.length)} unanswered, `
        + `${sum(loads, (load) => load.refused.length)} refused, ${sum(loads, (load) => load.connections)} binds`);
    t.diagnostic(`${times.size} messages reached a provider, ${lost.length} acknowledged ones did not; `
        + `${extra} extra transmissions for ${unsettled} in flight at ${kills} kills`);
    t.diagnostic(`${receipts} receipts home, ${receipts - new Set(loads.flatMap((load) =>
        load.esme.receipts.map((receipt) => receipt.id))).size} of them repeated, ${missing().flat().length} missing`);

    assert.equal(lost.length, 0, `every acknowledged message was delivered, but not ${lost.slice(0, 5)}`);
    assert.equal(missing().flat().length, 0,
        `every receipt came home, but not those of ${missing().flat().slice(0, 5)}`);
    assert.equal(sum(providers, (provider) => provider.repeatedSettled), 0, 'nothing confirmed was sent again');
    assert.equal(sum(loads, (load) => load.esme.repeatedReceipts), 0, 'a receipt repeats only after a kill');
    assert.deepEqual(tooOften, [], 'a message goes out once, and once more for each kill at which it was in flight');
    assert.equal(sum(loads, (load) => load.refused.length), 0);
    for (const load of loads) assert.equal(load.connections, kills + 1, `${load.name} came back after each kill`);

    for (const load of loads) await load.esme.unbind();
    await gateway.stop();
    for (const provider of providers) await provider.stop();
}

// Credits under `kill -9`, and with many sessions on many shards:
// what was charged is what happened, to the last credit.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Esme } from './lib/esme.mjs';
import { Gateway, accountOf, providerAt, scratch } from './lib/gateway.mjs';
import { Load } from './lib/load.mjs';
import { Provider } from './lib/provider.mjs';
import { withoutSmpp } from './lib/smpp.mjs';
import { sleep } from './lib/wait.mjs';

const kills = Number(process.env.KILLS ?? 10);
const window = 50;

async function accountsOf(gateway) {
    let accounts = null;
    // The admin port opens a little after that for customers.
    await gateway.until('the admin port to answer', async () => {
        const answer = await fetch(`http://127.0.0.1:${gateway.adminPort}/api/v1/accounts`).catch(() => null);
        if (answer?.status === 200) accounts = (await answer.json()).accounts;
        return accounts !== null;
    });
    return Object.fromEntries(accounts.map((account) => [account.system_id, account]));
}

/** Lines of all files, those that came again left out; and how many those were. */
function recordsIn(folder) {
    const records = new Map();
    let repeated = 0;
    for (const file of fs.readdirSync(folder)) {
        const text = fs.readFileSync(path.join(folder, file), 'utf8');
        assert.ok(text === '' || text.endsWith('\n'), `${file} ends with a whole line`);
        for (const line of text.split('\n').filter((each) => each !== '')) {
            const record = JSON.parse(line);
            const known = records.get(record.id);
            if (known !== undefined) assert.deepEqual(record, known, 'the same id is the same movement');
            repeated += known !== undefined ? 1 : 0;
            records.set(record.id, record);
        }
    }
    return { records, repeated };
}

const total = (records, account, kind) => [...records.values()]
    .filter((record) => record.account === account && record.kind === kind)
    .reduce((sum, record) => sum + Number(record.amount), 0);

for (const shards of [1, 2]) {
    test(`credits and ${kills} times kill -9, shards: ${shards}`, { skip: withoutSmpp }, async (t) => {
        const folder = scratch(t);
        const provider = await new Provider({ firstId: 1_000_000, oneShard: shards === 1 }).start();
        const opening = { rich: 1_000_000, poor: 2000 };
        const gateway = await Gateway.create(folder, {
            server: { shards },
            charging: { directory: path.join(folder, 'records'), max_file_size: '256KiB' },
            account: [accountOf('rich', 'secret', { credits: opening.rich, charging: { settle_at: 'receipt' } }),
                      accountOf('poor', 'secret', { credits: opening.poor, charging: { settle_at: 'response' } })],
            provider: [providerAt('p0', provider.port, { window })],
            route: [{ via: ['p0'] }],
        });
        await gateway.start();
        const loads = ['rich', 'poor'].map((name) =>
            new Load(name, new Esme(gateway.port, { systemId: name, password: 'secret' }), {
                window, fields: () => ({ source_addr: name, source_addr_ton: 5, destination_addr: '4600000000' }),
            }));
        const [rich, poor] = loads;
        for (const load of loads) load.start();
        let below = 0;
        for (let kill = 0; kill < kills; ++kill) {
            const before = rich.acknowledged.size;
            await gateway.until('the customer to get on', () => rich.acknowledged.size > before + window);
            await sleep(Math.random() * 300);
            await gateway.kill();
            await gateway.start();
            below += Object.values(await accountsOf(gateway)).filter((account) => Number(account.available) < 0).length;
        }
        await gateway.until('the poor one to run out', () => poor.refused.length > 0, 60);
        for (const load of loads) await load.stopSending();
        let over = false;
        const staying = loads.map((load) => load.stayBound(() => over));
        let accounts = {};
        const settled = async () => {
            accounts = await accountsOf(gateway);
            return Object.values(accounts).every((account) => account.reserved === '0' && account.unfinished === 0);
        };
        for (let n = 0; n < 600 && !await settled(); ++n) await sleep(200);
        over = true;
        await Promise.all(staying);
        for (const load of loads) await load.esme.unbind();
        await gateway.stop();

        const { records, repeated } = recordsIn(path.join(folder, 'records'));
        for (const load of loads) {
            const { name } = load;
            const account = accounts[name];
            const transmitted = new Set(provider.texts.filter((text) => text.startsWith(`${name}-`))).size;
            t.diagnostic(`${name}: ${load.acknowledged.size} acknowledged, ${load.unanswered.length} unanswered, `
                + `${load.refused.length} refused, ${transmitted} reached the provider; ${account.spent} spent, `
                + `${account.available} left`);
            assert.equal(account.reserved, '0');
            assert.equal(Number(account.available) + Number(account.spent),
                opening[name], 'nothing appears or vanishes');
            assert.equal(Number(account.spent), transmitted, 'each message that a provider took is paid for once');
            assert.equal(total(records, name, 'settle'), Number(account.spent), 'records and balance agree');
            assert.equal(total(records, name, 'reserve'), Number(account.spent));
            assert.equal(total(records, name, 'release'), 0);
            assert.equal(total(records, name, 'credit'), opening[name]);
            const unpaid = [...load.acknowledged.keys()].filter((id) =>
                !records.has(`${id}-reserve`) || !records.has(`${id}-settle`));
            assert.deepEqual(unpaid, [], 'every acknowledged message is in the records');
        }
        assert.equal(accounts.poor.available, '0', 'the last credit can be spent');
        assert.equal(rich.refused.length, 0);
        assert.equal(below, 0, 'no balance was ever below zero');
        t.diagnostic(`${kills} kills: ${records.size} movements recorded, ${repeated} of them twice`);
        await provider.stop();
    });
}

test('as many messages as credits, over 16 sessions and 4 shards', { skip: withoutSmpp }, async (t) => {
    const folder = scratch(t);
    const credits = 3000;
    const provider = await new Provider({ firstId: 1_000_000 }).start();
    const gateway = await Gateway.create(folder, {
        server: { shards: 4 },
        account: [accountOf('shop', 'secret', { credits, max_sessions: 20 })],
        provider: [providerAt('p0', provider.port, { window })],
        route: [{ via: ['p0'] }],
    });
    await gateway.start();
    const loads = Array.from({ length: 16 }, (_, i) =>
        new Load(`s${i}`, new Esme(gateway.port, { systemId: 'shop', password: 'secret' }), {
            window, fields: () => ({ source_addr: 'shop', source_addr_ton: 5, destination_addr: '4600000000',
                                     registered_delivery: 0 }),
        }));
    for (const load of loads) load.start();
    await gateway.until('everybody to be refused', () => loads.every((load) => load.refused.length > 0), 120);
    for (const load of loads) await load.stopSending();
    const accepted = loads.reduce((sum, load) => sum + load.acknowledged.size, 0);
    t.diagnostic(`${credits} credits, ${accepted} accepted, `
        + `${loads.reduce((sum, load) => sum + load.refused.length, 0)} refused`);
    assert.equal(accepted, credits);
    for (const load of loads) await load.esme.unbind();
    await gateway.stop();
    await provider.stop();
});

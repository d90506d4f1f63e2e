// Net::SMPP as the customer: transmitter and receiver bound apart, submit_sm, receipt, query_sm and cancel_sm. The
// client is netsmpp.pl; the unreachable number belongs to a provider that never answers its phone.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Gateway, accountOf, providerAt, scratch } from './lib/gateway.mjs';
import { Program } from './lib/program.mjs';
import { Provider } from './lib/provider.mjs';
import { withoutSmpp } from './lib/smpp.mjs';
import { freePorts } from './lib/wait.mjs';

const withoutNetSmpp = spawnSync('perl', ['-MNet::SMPP', '-e', '1']).status === 0
    ? false : 'Net::SMPP is not installed (tools/setup test)';
const client = path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), 'netsmpp.pl');

const ENROUTE = '1';
const DELETED = '4';
const RECEIPT = '4';

test('Net::SMPP sends, asks and cancels', { skip: withoutNetSmpp || withoutSmpp }, async (t) => {
    const folder = scratch(t);
    const provider = await new Provider().start();
    const [nobody] = await freePorts(1);
    const gateway = await Gateway.create(folder, {
        account: [accountOf('perl', 'secret')],
        provider: [
            providerAt('node', provider.port),
            providerAt('away', nobody),
        ],
        route: [{ to: ['46'], via: ['node'] }, { to: ['47'], via: ['away'] }],
    });
    await gateway.start();

    const log = path.join(folder, 'netsmpp.log');
    const perl = new Program('perl', [client, gateway.port, 'perl', 'secret', '46700000002', '47900000003'], { log });
    await gateway.until('the perl client to end', () => perl.status !== undefined);
    const said = fs.readFileSync(log, 'utf8');
    assert.equal(perl.status, 0, said);
    const steps = new Map(said.trim().split('\n').map((line) => line.split(' '))
        .map(([step, ...rest]) => [step, rest]));

    assert.deepEqual(steps.get('bind_transmitter'), ['0']);
    assert.deepEqual(steps.get('bind_receiver'), ['0']);
    t.diagnostic('transmitter and receiver bound');

    const [status, delivered] = steps.get('submit_reachable');
    assert.equal(status, '0');
    assert.deepEqual(steps.get('receipt_reachable'), [RECEIPT, delivered, 'DELIVRD']);
    t.diagnostic('sent on the transmitter, receipt on the receiver');

    const [accepted, waiting] = steps.get('submit_unreachable');
    assert.equal(accepted, '0');
    assert.deepEqual(steps.get('query_waiting'), ['0', ENROUTE, waiting]);
    assert.deepEqual(steps.get('cancel'), ['0']);
    assert.deepEqual(steps.get('query_cancelled'), ['0', DELETED, waiting]);
    assert.deepEqual(steps.get('receipt_cancelled'), [RECEIPT, waiting, 'DELETED']);
    assert.notDeepEqual(steps.get('cancel_again'), ['0']);
    assert.deepEqual(provider.texts, ['from perl to 46700000002']);
    t.diagnostic('query_sm says ENROUTE, cancel_sm takes it out, query_sm and receipt say DELETED');

    assert.deepEqual(steps.get('unbind_transmitter'), ['0']);
    assert.deepEqual(steps.get('unbind_receiver'), ['0']);
    await gateway.stop();
    await provider.stop();
});

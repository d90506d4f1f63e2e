// The arithmetic of `bench/peers/compare`, and what it says of runs that are not what they seem: with a `sluice` that
// reports what it is told to.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { scratch } from './lib/gateway.mjs';

const compare = fileURLToPath(new URL('../../bench/peers/compare', import.meta.url));

// Takes the next of results.json[gateway], where the gateway is named by --target-command.
const fake = `#!/usr/bin/env node
const fs = require('node:fs');
const value = (name) => process.argv[process.argv.indexOf(name) + 1];
const target = process.argv.includes('--target-command') ? value('--target-command').split('/').at(-2) : 'sluice';
fs.appendFileSync(__dirname + '/order', target + ' ' + process.argv.slice(2).join(' ') + '\\n');
const results = JSON.parse(fs.readFileSync(__dirname + '/results.json'));
const result = results[target].shift();
fs.writeFileSync(__dirname + '/results.json', JSON.stringify(results));
if (typeof result === 'string') { console.log(result); process.exit(1); }
const { cpu_us, ...more } = result;
const run = { measured: { cpu_us, messages: 1000, messages_per_second: 500 }, ...more };
fs.writeFileSync(value('--json'), JSON.stringify({ series: [{ points: [{ runs: [run] }] }] }));
process.exit(more.faults ? 1 : 0);
`;

function compared(t, results, ...more) {
    const folder = scratch(t);
    fs.writeFileSync(path.join(folder, 'sluice'), fake, { mode: 0o755 });
    fs.writeFileSync(path.join(folder, 'results.json'), JSON.stringify(results));
    const json = path.join(folder, 'compared.json');
    const ran = spawnSync('python3', [
        compare, '--build', folder, '--json', json, '--gateways', Object.keys(results).join(','), ...more,
    ], { encoding: 'utf8' });
    const read = (file) => fs.readFileSync(file, 'utf8');
    const calls = read(path.join(folder, 'order')).trim().split('\n');
    return { ...ran, calls, loads: JSON.parse(read(json)).loads };
}

const cpu = (...values) => values.map((cpu_us) => ({ cpu_us }));

test('ratios are taken within a round, and goals judged by their median', (t) => {
    const { status, stdout, calls, loads } = compared(t, {
        sluice: cpu(2, 6, 4), relay: cpu(1, 2, 1), node_gateway: cpu(200, 240, 120),
    }, '--rounds', '3', '--load', '10x100');
    assert.equal(status, 0);
    const rows = loads['10x100'];
    assert.deepEqual(rows.sluice.cpu_us, { median: 4, least: 2, most: 6 });
    assert.deepEqual(rows.relay.sluice_costs, { median: 3, least: 2, most: 4 });
    assert.deepEqual(rows.relay.goal, { at_most: 4, met: true });
    assert.deepEqual(rows.node_gateway.sluice_costs, { median: 0.025, least: 0.01, most: 4 / 120 });
    assert.deepEqual(rows.node_gateway.goal, { at_most: 0.02, met: false });
    assert.match(stdout, /^relay .* 3\.0x \(2\.0x\.\.4\.0x\) +4\.0x: met +500$/m);
    assert.match(stdout, /^node_gateway .* 1\/40 \(1\/100\.\.1\/30\) +1\/50: MISSED +500$/m);
    assert.deepEqual(calls.map((call) => call.split(' ')[0]), [
        'sluice', 'relay', 'node_gateway', 'relay', 'node_gateway', 'sluice', 'node_gateway', 'sluice', 'relay',
    ], 'each round begins with another');
});

test('a load is passed on, and each has goals of its own', (t) => {
    const { calls, loads } = compared(t, { sluice: cpu(3, 3), relay: cpu(1, 1) },
        '--rounds', '1', '--load', '20x10', '--load', '5x100,no-receipts', '--seconds', '2');
    assert.match(calls[1], /--sessions 20 --window 10 --seconds 2\.0 /);
    assert.doesNotMatch(calls[1], /--no-receipts/);
    assert.match(calls[3], /--sessions 5 --window 100 .*--no-receipts --target-command \S+\/peers\/relay\/start$/);
    assert.deepEqual(loads['20x10'].relay.goal, { at_most: 3, met: true });
    assert.equal(loads['5x100,no-receipts'].relay.goal, undefined);
});

test('a peer that is not there is said to be missing, and not tried again', (t) => {
    const { status, stdout, calls } = compared(t, { sluice: cpu(2, 2), kannel: ['Kannel is not installed'] },
        '--rounds', '2', '--load', '10x100');
    assert.equal(status, 0);
    assert.match(stdout, /^kannel .*not measured\n +Kannel is not installed$/m);
    assert.equal(calls.filter((call) => call.startsWith('kannel')).length, 1);
});

test('void runs, and those that measured nothing, are said to be so', (t) => {
    const { status, stdout, loads } = compared(t, {
        sluice: [{ cpu_us: 2, void: 'the generator was late' }, { cpu_us: 3 }], relay: cpu(0, 1),
    }, '--rounds', '2', '--load', '10x100');
    assert.equal(status, 0);
    assert.match(stdout, /VOID in 1 of 2: the generator was late/);
    assert.deepEqual(loads['10x100'].relay.sluice_costs, { median: 3, least: 3, most: 3 }, 'no ratio to nothing');
});

test('a message that Sluice loses fails the run; one that a peer loses is noted', (t) => {
    const faults = ['1 messages LOST'];
    const once = ['--rounds', '1', '--load', '10x100'];
    const peers = compared(t, { sluice: cpu(2), kannel: [{ cpu_us: 500, faults }] }, ...once);
    assert.equal(peers.status, 0);
    assert.match(peers.stdout, /faults in 1 of 1: 1 messages LOST/);
    const ours = compared(t, { sluice: [{ cpu_us: 2, faults }] }, ...once);
    assert.equal(ours.status, 1);
    const none = compared(t, { sluice: ['it does not start'] }, ...once);
    assert.equal(none.status, 1);
    assert.match(none.stdout, /it does not start/);
});

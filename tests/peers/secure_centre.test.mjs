// docs/secure-centre.md, typed in as it stands: against SQLite, and against PostgreSQL.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { scratch } from './lib/gateway.mjs';
import { Postgres, withoutPostgres } from './lib/postgres.mjs';
import { freePorts } from './lib/wait.mjs';
import { Walkthrough, blocksOf } from './lib/walkthrough.mjs';

const page = fileURLToPath(new URL('../../docs/secure-centre.md', import.meta.url));

async function walk(t, database) {
    const folder = scratch(t);
    const { sql, replace } = await database(folder);
    const there = ['2775', '2776', '2777', '2778', '2779', '8775'];
    const here = await freePorts(there.length);
    const ports = there.map((port, i) => [`:${port}`, `:${here[i]}`]);
    // `sluice ctl` of the page finds the gateway where it is by default.
    const walkthrough = new Walkthrough(folder, {
        sql, replace: new Map([...ports, ['sluice ctl', `sluice ctl --admin 127.0.0.1:${here.at(-1)}`], ...replace]),
    });
    const blocks = blocksOf(page);
    assert.deepEqual(new Set(blocks.map((block) => block.kind)), new Set(['sh', 'toml', 'sql', 'text']));
    await walkthrough.run(blocks);
    assert.match(sql('SELECT SystemID, PasswordHash FROM SmppServerUsers'),
        /Test1\|DC215545BA63D605FBCD647A9555270F566D918B/);
    assert.equal(sql("SELECT Credits FROM SmppServerUsers WHERE SystemID = 'Test1'").trim(), '49',
        'of 150, 101 are spent');
    const log = fs.readFileSync(path.join(folder, 'background-0.log'), 'utf8');
    assert.match(log, /refused: .*Test1/);
    assert.doesNotMatch(log, /Pwd\d/, 'no password is in the log');
    await walkthrough.end();
}

test('with SQLite', (t) => walk(t, async (folder) => ({
    sql: (text) => execFileSync('sqlite3', [path.join(folder, 'customers.db'), text], { encoding: 'utf8' }),
    replace: [],
})));

test('with PostgreSQL', { skip: withoutPostgres }, (t) => walk(t, async (folder) => {
    const postgres = await (await Postgres.create(folder)).start();
    return {
        sql: (text) => postgres.sql(text.replaceAll('NVARCHAR', 'VARCHAR')),
        replace: [['Driver=SQLite3;Database=customers.db', postgres.connection]],
    };
}));

// Accounts in a database of the customer's: found, remembered, refused; the database away; those who guess.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Esme } from './lib/esme.mjs';
import { Gateway, accountOf, providerAt, scratch } from './lib/gateway.mjs';
import { Postgres, withoutPostgres } from './lib/postgres.mjs';
import { Provider } from './lib/provider.mjs';
import { Command, RawPeer, bindBody } from './lib/raw.mjs';
import { withoutSmpp } from './lib/smpp.mjs';
import { sleep, until } from './lib/wait.mjs';

const ESME_RBINDFAIL = 13;
const ESME_RINVPASWD = 14;
const ESME_RINVSRCADR = 10;
const ESME_RSUBMITFAIL = 69;
const ESME_RTHROTTLED = 88;

// The how-to's: SHA-1 of the password in UTF-16LE, as SQL Server's HASHBYTES makes it.
const users = `INSERT INTO SmppServerUsers (SystemID, PasswordHash, Credits) VALUES
    ('Test1', 'DC215545BA63D605FBCD647A9555270F566D918B', 100), ('Test2', '${sha1OfUtf16('Pwd2')}', 100)`;
function sha1OfUtf16(text) {
    return execFileSync('sha1sum', { input: Buffer.from(text, 'utf16le'), encoding: 'utf8' })
        .slice(0, 40).toUpperCase();
}

/** A gateway whose accounts are in the database at `connection`; and one, "shop", of its own. */
async function gatewayOn(folder, connection, provider, source = {}, tables = {}) {
    return Gateway.create(folder, {
        database: [{ name: 'integration', connection, timeout: '1s' }],
        account: [accountOf('shop', 'secret')],
        account_source: [{
            name: 'sql-customers', database: 'integration',
            find: 'SELECT * FROM SmppServerUsers WHERE SystemID = {system_id}',
            password_scheme: 'sha1-utf16le', ...source,
        }],
        provider: [providerAt('node', provider.port)],
        route: [{ accounts: ['sql-customers', 'shop'], via: ['node'] }],
        ...tables,
    });
}

const customer = (gateway, systemId, password) => new Esme(gateway.port, { systemId, password });
const refused = (gateway, systemId, password, status) =>
    assert.rejects(customer(gateway, systemId, password).bind(), new RegExp(`status ${status}$`),
        `${systemId} with ${password}`);
const message = (i) => ({
    source_addr: 'Sluice', source_addr_ton: 5, destination_addr: `4670${String(i).padStart(7, '0')}`, dest_addr_ton: 1,
    dest_addr_npi: 1, text: `message ${i}`, registered_delivery: 1,
});

/** What must hold whatever the database. */
async function theHowTo(gateway, provider) {
    const [one, two] = [customer(gateway, 'Test1', 'Pwd1'), customer(gateway, 'Test2', 'Pwd2')];
    await one.bind();
    await two.bind();
    for (const [systemId, password] of [['Test1', 'Pwd2'], ['Test2', 'pwd2'], ['Test3', 'Pwd1'],
        ['test1', 'Pwd1'], ['Test1', '']])
        await refused(gateway, systemId, password, ESME_RINVPASWD);
    // SQL in every field.
    for (const text of ["' OR '1'='1", "x'; DELETE--", '" OR ""="', "\\';--", '%'])
        for (const [systemId, password] of [[text, 'Pwd1'], ['Test2', text.slice(0, 8)]])
            await refused(gateway, systemId, password, ESME_RINVPASWD).catch((error) => {
                // The guesses at one name add up, and slow each other down.
                if (!/status 13/.test(error.message)) throw error;
            });
    for (const [esme, count] of [[one, 20], [two, 10]]) {
        const answers = await Promise.all(Array.from({ length: count }, (_, i) => esme.submit(message(i))));
        assert.ok(answers.every((answer) => answer.command_status === 0));
        await until('every receipt', () => esme.receipts.length === count);
    }
    await one.unbind();
    await two.unbind();
}

test('the how-to\'s table in SQLite', { skip: withoutSmpp }, async (t) => {
    const folder = scratch(t);
    const file = path.join(folder, 'customers.db');
    const sql = (text) => execFileSync('sqlite3', [file, text], { encoding: 'utf8' });
    sql('CREATE TABLE SmppServerUsers (SystemID NVARCHAR(16) PRIMARY KEY, PasswordHash NVARCHAR(40), Credits INT)');
    sql(users);
    const provider = await new Provider({ keep: true }).start();
    const gateway = await gatewayOn(folder, `Driver=SQLite3;Database=${file}`, provider,
        { cache: '0s', cache_unknown: '0s' });
    await gateway.start();
    await theHowTo(gateway, provider);
    assert.equal(sql('SELECT count(*) FROM SmppServerUsers').trim(), '2', 'nothing was deleted');

    // Columns that say more than the how-to's; a row that is changed and one that goes.
    sql('ALTER TABLE SmppServerUsers ADD Senders NVARCHAR(40)');
    sql("UPDATE SmppServerUsers SET Senders = 'Bank' WHERE SystemID = 'Test1'");
    const one = customer(gateway, 'Test1', 'Pwd1');
    await until('the column counts', async () => {  // a connection of SQLite's driver sees it with its second statement
        await one.bind();
        const { command_status: status } = await one.submit(message(1));
        if (status === 0) await one.unbind();
        return status === ESME_RINVSRCADR;
    });
    assert.equal((await one.submit({ ...message(1), source_addr: 'Bank' })).command_status, 0);
    await one.unbind();
    sql("DELETE FROM SmppServerUsers WHERE SystemID = 'Test1'");
    await refused(gateway, 'Test1', 'Pwd1', ESME_RINVPASWD);
    await gateway.stop();
});

test('PostgreSQL stopped, started and frozen under load', { skip: withoutSmpp || withoutPostgres }, async (t) => {
    const folder = scratch(t);
    const postgres = await (await Postgres.create(folder)).start();
    postgres.sql(
        'CREATE TABLE SmppServerUsers (SystemID VARCHAR(16) PRIMARY KEY, PasswordHash VARCHAR(40), Credits INT)');
    postgres.sql(users);
    const provider = await new Provider({ keep: true }).start();
    const gateway = await gatewayOn(folder, postgres.connection, provider, { cache: '0s', cache_unknown: '0s' });
    await gateway.start();
    await theHowTo(gateway, provider);
    await gateway.stop();
    await gateway.start();  // nothing is remembered but by the database

    const one = customer(gateway, 'Test1', 'Pwd1');
    await one.bind();
    const accepted = [];
    let sending = true;
    const load = (async () => {
        for (let i = 0; sending; i += 10) {
            const answers = await Promise.all(Array.from({ length: 10 }, (_, k) => one.submit(message(i + k))));
            accepted.push(...answers);
            await sleep(5);
        }
    })();
    const more = async (what) => {
        const before = accepted.length;
        await until(`messages flow ${what}`, () => accepted.length > before + 100);
    };
    await more('with the database');

    await postgres.stop();
    await more('without it');
    const again = customer(gateway, 'Test1', 'Pwd1');
    await again.bind();  // as it was found before
    await refused(gateway, 'Test1', 'wrong', ESME_RINVPASWD);
    await refused(gateway, 'Test2', 'Pwd2', ESME_RBINDFAIL);
    await refused(gateway, 'Test3', 'Pwd3', ESME_RBINDFAIL);
    await postgres.start();
    const two = customer(gateway, 'Test2', 'Pwd2');
    await until('Test2 may bind again', () => two.bind().then(() => true, () => false));

    postgres.freeze(true);
    t.after(() => postgres.freeze(false));
    await more('with a database that answers nothing');
    await customer(gateway, 'Test1', 'Pwd1').bind();
    await refused(gateway, 'Test3', 'Pwd3', ESME_RBINDFAIL);
    await customer(gateway, 'shop', 'secret').bind();
    postgres.freeze(false);
    const third = customer(gateway, 'Test2', 'Pwd2');
    await until('Test2 may bind', () => third.bind().then(() => true, () => false));

    sending = false;
    await load;
    assert.ok(accepted.every((answer) => answer.command_status === 0), 'every message was accepted');
    // A receipt goes to any of the account's sessions.
    const ids = () => new Set([...one.receipts, ...again.receipts].map((receipt) => receipt.id)).size;
    await until('every receipt', async () => (await total(gateway, 'reports_delivered')) >= accepted.length);
    t.diagnostic(`${accepted.length} messages accepted, ${ids()} receipts on the first two sessions`);
    await gateway.stop();
});

const credits = {
    charge: 'UPDATE SmppServerUsers SET Credits = Credits - {credits} '
        + 'WHERE SystemID = {system_id} AND Credits >= {credits}',
    give_back: 'UPDATE SmppServerUsers SET Credits = Credits + {credits} WHERE SystemID = {system_id}',
    owner: 'SELECT SystemID FROM SmppServerUsers WHERE AddressRange = {number}',
};

/** The how-to's credits and route back, whatever the database. `sql` asks it. */
async function creditsAndNumbers(gateway, provider, sql) {
    sql('ALTER TABLE SmppServerUsers ADD AddressRange VARCHAR(40)');
    sql("UPDATE SmppServerUsers SET AddressRange = '+31699887766' WHERE SystemID = 'Test1'");
    sql("UPDATE SmppServerUsers SET AddressRange = '+31688776655', Credits = 3 WHERE SystemID = 'Test2'");
    const left = (name) => Number(sql(`SELECT Credits FROM SmppServerUsers WHERE SystemID = '${name}'`).trim());
    await until('the provider is bound', () => provider.binds.length > 0);

    const two = customer(gateway, 'Test2', 'Pwd2');
    await two.bind();
    const answers = await Promise.all(Array.from({ length: 5 }, (_, i) => two.submit(message(i))));
    assert.deepEqual(answers.map((answer) => answer.command_status), [0, 0, 0, ESME_RSUBMITFAIL, ESME_RSUBMITFAIL]);
    assert.equal(left('Test2'), 0);
    await until('three receipts', () => two.receipts.length === 3);
    sql("UPDATE SmppServerUsers SET Credits = 1 WHERE SystemID = 'Test2'");
    assert.equal((await two.submit(message(6))).command_status, 0, 'paid in again');

    // SQL in every field of a message.
    const one = customer(gateway, 'Test1', 'Pwd1');
    await one.bind();
    for (const each of ["' OR '1'='1", "x'; DELETE FROM SmppServerUsers; --", '" OR ""="', '{credits}', '?'])
        await one.submit({
            ...message(7), source_addr: each.slice(0, 20), service_type: each.slice(0, 5),
            destination_addr: each.slice(0, 20), text: each,
        });
    assert.equal(sql('SELECT count(*) FROM SmppServerUsers').trim(), '2', 'nothing was deleted');
    await one.unbind();

    // Back home by number: Test1 is away, and gets its own later.
    assert.equal(await provider.originate('4670000001', '+31688776655', 'to two'), 0);
    assert.equal(await provider.originate('4670000001', '31699887766', 'to one'), 0);
    assert.equal(await provider.originate('4670000001', '+31600000000', 'to nobody'), 0);
    assert.equal(await provider.originate("' OR '1'='1", "' OR '1'='1", 'to everybody'), 0);
    await until('its message', () => two.messages.length === 1);
    const again = customer(gateway, 'Test1', 'Pwd1');
    await again.bind();
    await until('the other one', () => again.messages.length === 1);
    assert.deepEqual([two.messages, again.messages], [['to two'], ['to one']]);
    await two.unbind();
    await again.unbind();
}

test('credits and numbers in SQLite', { skip: withoutSmpp }, async (t) => {
    const folder = scratch(t);
    const file = path.join(folder, 'customers.db');
    const sql = (text) => execFileSync('sqlite3', ['-cmd', '.timeout 5000', file, text], { encoding: 'utf8' });
    sql('CREATE TABLE SmppServerUsers (SystemID NVARCHAR(16) PRIMARY KEY, PasswordHash NVARCHAR(40), Credits INT)');
    sql(users);
    const provider = await new Provider({ keep: true }).start();
    const gateway = await gatewayOn(folder, `Driver=SQLite3;Database=${file}`, provider, credits);
    await gateway.start();
    await creditsAndNumbers(gateway, provider, sql);
    await gateway.stop();
});

test('credits and numbers in PostgreSQL, stopped and started under load', {
    skip: withoutSmpp || withoutPostgres,
}, async (t) => {
    const folder = scratch(t);
    const postgres = await (await Postgres.create(folder)).start();
    const sql = (text) => postgres.sql(text);
    sql('CREATE TABLE SmppServerUsers (SystemID VARCHAR(16) PRIMARY KEY, PasswordHash VARCHAR(40), Credits INT)');
    sql(users);
    const provider = await new Provider({ keep: true }).start();
    const gateway = await gatewayOn(folder, postgres.connection, provider, { ...credits, cache_unknown: '1s' });
    await gateway.start();
    await creditsAndNumbers(gateway, provider, sql);

    const before = 100000;
    sql(`UPDATE SmppServerUsers SET Credits = ${before} WHERE SystemID = 'Test1'`);
    const one = customer(gateway, 'Test1', 'Pwd1');
    await one.bind();
    const sentBefore = provider.texts.length;
    const statuses = new Map();
    const accepted = [];
    let sending = true;
    const load = (async () => {
        for (let i = 0; sending; i += 10) {
            const each = Array.from({ length: 10 }, (_, k) => ({ ...message(i + k), text: `under load ${i + k}` }));
            const answers = await Promise.all(each.map((submit) => one.submit(submit)));
            answers.forEach((answer, k) => {
                statuses.set(answer.command_status, (statuses.get(answer.command_status) ?? 0) + 1);
                if (answer.command_status === 0) accepted.push(each[k].text);
            });
            await sleep(5);
        }
    })();
    const more = async (status, what) => {
        const seen = statuses.get(status) ?? 0;
        await until(what, () => (statuses.get(status) ?? 0) > seen + 100);
    };
    await more(0, 'messages are accepted with the database');
    for (let round = 0; round < 2; ++round) {
        await postgres.stop();
        await more(ESME_RTHROTTLED, 'messages are throttled without it');
        if (round === 1)
            assert.equal(await provider.originate('4670000001', '31600000001', 'while it was away'), 0, 'kept');
        await postgres.start();
        await more(0, 'messages are accepted again');
    }
    sql("UPDATE SmppServerUsers SET AddressRange = '+31600000001' WHERE SystemID = 'Test1'");
    sending = false;
    await load;
    assert.deepEqual([...statuses.keys()].sort(), [0, ESME_RTHROTTLED], 'nothing else happened');
    await until('every accepted message is with the provider',
        () => provider.texts.length - sentBefore >= accepted.length);
    assert.deepEqual(provider.texts.slice(sentBefore).sort(), accepted.sort(),
        'those that were accepted, and no others');
    const taken = before - Number(sql("SELECT Credits FROM SmppServerUsers WHERE SystemID = 'Test1'").trim());
    const uncertain = await total(gateway, 'charges_uncertain');
    t.diagnostic(`${accepted.length} accepted, ${statuses.get(ESME_RTHROTTLED)} throttled, `
        + `${taken} credits taken, ${uncertain} uncertain charges`);
    assert.ok(taken >= accepted.length, 'nothing went unpaid');
    assert.ok(taken - accepted.length <= 100 * uncertain, 'and what was taken for nothing is known');
    await until('what came meanwhile went home', () => one.messages.length === 1);
    assert.deepEqual(one.messages, ['while it was away']);
    await gateway.stop();
});

/** A counter of the gateway, all shards together. */
async function total(gateway, name) {
    const text = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
    const lines = [...text.matchAll(new RegExp(`^sluice_${name}_total(?:\\{[^}]*\\})? (\\d+)`, 'gm'))];
    return lines.reduce((sum, line) => sum + Number(line[1]), 0);
}

test('an unknown account waits for the database when it is told to', {
    skip: withoutSmpp || withoutPostgres,
}, async (t) => {
    const folder = scratch(t);
    const postgres = await (await Postgres.create(folder)).start();
    postgres.sql(
        'CREATE TABLE SmppServerUsers (SystemID VARCHAR(16) PRIMARY KEY, PasswordHash VARCHAR(40), Credits INT)');
    postgres.sql(users);
    await postgres.stop();
    const provider = await new Provider({ keep: true }).start();
    const gateway = await gatewayOn(folder, postgres.connection, provider, { unknown_when_away: 'wait' },
        { timers: { session_init: '60s' } });
    await gateway.start();
    const waiting = customer(gateway, 'Test1', 'Pwd1').bind();
    await sleep(300);
    await postgres.start();
    await waiting;
    await gateway.stop();
});

test('guessing and floods of binds while others are served', { skip: withoutSmpp }, async (t) => {
    const folder = scratch(t);
    const file = path.join(folder, 'customers.db');
    execFileSync('sqlite3',
        [file, `CREATE TABLE SmppServerUsers (SystemID TEXT PRIMARY KEY, PasswordHash TEXT, Credits INT); ${users}`]);
    const provider = await new Provider({ keep: true }).start();
    const gateway = await gatewayOn(folder, `Driver=SQLite3;Database=${file}`, provider, {},
        { limits: { max_unbound: 500, max_sessions_per_address: 1000 } });
    await gateway.start();
    const victim = customer(gateway, 'Test1', 'Pwd1');
    await victim.bind();

    const seconds = 10;
    const end = Date.now() + seconds * 1000;
    const statuses = new Map();
    let right = 0;
    const attack = async (number) => {
        for (let i = 0; Date.now() < end; ++i) {
            // Half of them at one name, half at ever new ones.
            const name = number % 2 ? 'Test2' : `nobody${number}x${i}`;
            let status = 'closed';
            try {
                const peer = await RawPeer.connect(gateway.port);
                const answer = await peer.request(Command.bind_transceiver, 1, bindBody(name, `g${i}`));
                status = answer.status;
                peer.socket.destroy();
            } catch { /* refused before anything was read */ }
            if (status === 0) right += 1;
            statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
    };
    let served = 0;
    const serve = async () => {
        while (Date.now() < end) {
            const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => victim.submit(message(i))));
            assert.ok(answers.every((answer) => answer.command_status === 0));
            served += answers.length;
        }
    };
    await Promise.all([serve(), ...Array.from({ length: 50 }, (_, number) => attack(number))]);
    const [wrong, slowed, shutOut, binds] = await Promise.all(
        ['binds_wrong', 'binds_slowed', 'binds_shut_out', 'binds_refused'].map((name) => total(gateway, name)));
    t.diagnostic(`in ${seconds} s: ${served} messages of the one who is bound; 50 attackers got `
        + `${JSON.stringify(Object.fromEntries(statuses))}; `
        + `${wrong} guesses were looked at, ${slowed} had to wait, `
        + `${shutOut} were refused unheard, ${binds} refused in all`);
    assert.equal(right, 0);
    assert.ok(served > 0);
    assert.ok(shutOut > 0, 'most are not even looked at');
    // What is free, for each of at most 64 shards, and one in five
    // seconds in each row: far more than ever came through.
    assert.ok(wrong < binds, `${wrong} of ${binds} were looked at`);
    await until('every receipt', () => victim.receipts.length === served);
    // No password is in the log.
    assert.ok(!/\bg\d+\b/.test(fs.readFileSync(gateway.log, 'utf8').replace(/nobody\S+/g, '')));
    await gateway.stop();
});

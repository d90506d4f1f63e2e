// SQL in every field that a peer can write, against a gateway that has its accounts, their credits and the owners of
// numbers in a database, and a trigger that writes there: the tables stay as they were, and others are served.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Bystander } from './lib/bystander.mjs';
import { Esme } from './lib/esme.mjs';
import { Gateway, providerAt, scratch } from './lib/gateway.mjs';
import { Provider } from './lib/provider.mjs';
import { Command, RawPeer, cstring, submitBody } from './lib/raw.mjs';
import { withoutSmpp } from './lib/smpp.mjs';
import { until } from './lib/wait.mjs';

const ESME_RINVPASWD = 0x0e;
const data_sm = 0x103, submit_multi = 0x21, query_sm = 0x03, cancel_sm = 0x08, replace_sm = 0x07;

// Ends of strings and statements, comments, wildcards, names of parameters, a quote behind half of a wide character.
const attacks = ["' OR '1'='1", "';DROP TABLE Users;--", "Test2'--", 'Test2";--', "Test2' OR 1--", '" OR ""="',
    "\\';--", "\\", '%', '_', '*', '?', ':1', '$1', '@system_id', '{system_id}', '{credits}', "Test2'/*", 'Test2\n',
    '\xbf\x27 OR 1=1--', "';UPDATE Users SET Credits=9e9;--", "'||(SELECT PasswordHash FROM Users)||'",
    "' UNION SELECT * FROM Users--"];

const sha1 = (text) =>
    execFileSync('sha1sum', { input: Buffer.from(text, 'utf16le'), encoding: 'utf8' }).slice(0, 40).toUpperCase();
const address = (text) => Buffer.concat([Buffer.from([1, 1]), cstring(text.slice(0, 20))]);
const tlv = (tag, octets) => {
    const head = Buffer.alloc(4);
    head.writeUInt16BE(tag, 0);
    head.writeUInt16BE(octets.length, 2);
    return Buffer.concat([head, octets]);
};

/** bind_transceiver with raw fields. */
const bind = (systemId, password, systemType = '', addressRange = '') => Buffer.concat([
    cstring(systemId), cstring(password), cstring(systemType), Buffer.from([0x34, 0, 0]), cstring(addressRange)]);

/** Every request that carries `text`, with the place that it is in. */
function requests(text) {
    const octets = Buffer.from(text, 'latin1');
    const body = (fields) => submitBody({ sm_length: Buffer.from([octets.length]), short_message: octets, ...fields });
    const list = Buffer.concat([Buffer.from([2]), cstring(text.slice(0, 20))]);
    const multi = Buffer.concat([cstring(''), Buffer.from([1, 1]), cstring('46700000001'), Buffer.from([1]), list,
        Buffer.alloc(3), cstring(''), cstring(''), Buffer.alloc(4), Buffer.from([octets.length]), octets]);
    const source = Buffer.concat([Buffer.from([1, 1]), cstring(text.slice(0, 20))]);
    const number = Buffer.concat([Buffer.from([1, 1]), cstring('46700000009')]);
    return [
        ['short_message', Command.submit_sm, body({})],
        ['source_addr', Command.submit_sm, body({ source_addr: address(text) })],
        ['destination_addr', Command.submit_sm, body({ destination_addr: address(text) })],
        ['service_type', Command.submit_sm, body({ service_type: cstring(text.slice(0, 5)) })],
        ['validity_period', Command.submit_sm, body({ validity_period: cstring(text.slice(0, 16)) })],
        ['schedule_delivery_time', Command.submit_sm, body({ schedule_delivery_time: cstring(text.slice(0, 16)) })],
        ['message_payload', Command.submit_sm, submitBody({
            sm_length: Buffer.from([0]), short_message: Buffer.alloc(0), tlvs: tlv(0x0424, octets),
        })],
        ['TLVs', Command.submit_sm, body({
            tlvs: Buffer.concat([tlv(0x001d, cstring(text)), tlv(0x001e, cstring(text)), tlv(0x1501, octets)]),
        })],
        ['data_sm', data_sm,
            Buffer.concat([cstring(''), address(text), address(text), Buffer.alloc(3), tlv(0x0424, octets)])],
        ['a distribution list', submit_multi, multi],
        ['query_sm', query_sm, Buffer.concat([cstring(text), source])],
        ['cancel_sm', cancel_sm, Buffer.concat([cstring(''), cstring(text), source, source])],
        ['replace_sm', replace_sm, Buffer.concat([cstring(text), number, cstring(''), cstring(''), Buffer.alloc(2),
            Buffer.from([octets.length]), octets])],
    ];
}

test('SQL in every field', { skip: withoutSmpp }, async (t) => {
    const folder = scratch(t);
    const file = path.join(folder, 'customers.db');
    const sql = (text) => execFileSync('sqlite3', ['-cmd', '.timeout 5000', file, text], { encoding: 'utf8' }).trim();
    sql('CREATE TABLE Users (SystemID NVARCHAR(16) PRIMARY KEY, PasswordHash NVARCHAR(40), Credits INT, '
        + 'AddressRange VARCHAR(40))');
    sql('CREATE TABLE Texts (Text TEXT)');
    const opening = 100000;
    for (const [name, password, number] of [
        ['Test1', 'Pwd1', '31699887766'], ['Test2', 'Pwd2', '31688776655'], ["O''Brien", 'Pwd3', '31677665544']])
        sql(`INSERT INTO Users VALUES ('${name}', '${sha1(password)}', ${opening}, '+${number}')`);
    fs.writeFileSync(path.join(folder, 'keep.lua'),
        "function on_submit(message)\n  if message.account ~= 'Test2' then "
        + "sql.execute('customers', 'INSERT INTO Texts VALUES (?)', message.text) end\nend\n");
    const provider = await new Provider({ keep: true }).start();
    const gateway = await Gateway.create(folder, {
        database: [{ name: 'customers', connection: `Driver=SQLite3;Database=${file}`, timeout: '5s' }],
        account_source: [{
            name: 'sql-customers', database: 'customers', password_scheme: 'sha1-utf16le',
            cache: '0s', cache_unknown: '0s',
            find: 'SELECT * FROM Users WHERE SystemID = {system_id}',
            owner: 'SELECT SystemID FROM Users WHERE AddressRange = {number}',
            charge: 'UPDATE Users SET Credits = Credits - {credits} '
                + 'WHERE SystemID = {system_id} AND Credits >= {credits}',
            give_back: 'UPDATE Users SET Credits = Credits + {credits} WHERE SystemID = {system_id}',
        }],
        trigger: [{ name: 'keep', event: 'submit', script: 'keep.lua' }],
        provider: [providerAt('north', provider.port)],
        route: [{ via: ['north'] }],
    });
    await gateway.start();
    const tables = () => sql('SELECT name, sql FROM sqlite_master ORDER BY name; '
        + 'SELECT SystemID, PasswordHash, AddressRange FROM Users ORDER BY SystemID');
    const before = tables();
    const left = (name) => Number(sql(`SELECT Credits FROM Users WHERE SystemID = '${name}'`));
    const untouched = (what) => assert.equal(tables(), before, `the tables are as they were after ${what}`);

    const other = new Esme(gateway.port, { systemId: 'Test2', password: 'Pwd2' });
    await other.bind();
    await until('the provider is bound', () => provider.binds.length > 0);
    const bystander = new Bystander(other);
    bystander.start();

    await t.test('in binds', async (t) => {
        let refused = 0;
        const attack = async (text, body, from) => {
            const peer = await RawPeer.connect(gateway.port, from);
            const { status } = await peer.request(Command.bind_transceiver, 1, body);
            assert.notEqual(status, 0, `bound with ${JSON.stringify(text)}`);
            refused += status === ESME_RINVPASWD;
            peer.socket.destroy();
        };
        // From ever new addresses, so that none has to wait for those before it.
        await Promise.all(attacks.flatMap((text, i) => [
            bind(text.slice(0, 15), 'Pwd2'), bind('Test2', text.slice(0, 8)),
            bind(text.slice(0, 15), text.slice(0, 8), text.slice(0, 12), text),
        ].map((body, k) => attack(text, body, `127.0.${1 + k}.${1 + i}`))));
        // In fields that nobody reads for a bind they let nobody out either.
        for (const text of attacks) {
            const peer = await RawPeer.connect(gateway.port, '127.0.4.1');
            const honest = bind('Test1', 'Pwd1', text.slice(0, 12), text.slice(0, 40));
            assert.equal((await peer.request(Command.bind_transceiver, 1, honest)).status, 0);
            peer.socket.destroy();
        }
        untouched('binds');
        assert.ok(refused >= 2 * attacks.length, 'most were looked at, and refused for their password');
        t.diagnostic(`${3 * attacks.length} binds refused; ${bystander.figures()}`);
    });

    await t.test('in messages, of an account with a quote in its name', async (t) => {
        const quoted = await RawPeer.connect(gateway.port);
        assert.equal((await quoted.request(Command.bind_transceiver, 1, bind("O'Brien", 'Pwd3'))).status, 0);
        quoted.answersEnquireLink = true;
        let sequence = 1, accepted = 0, answered = 0;
        const stayed = left('Test1');
        for (const text of attacks) {
            for (const [where, command, body] of requests(text)) {
                const answer = await quoted.request(command, ++sequence, body);
                assert.ok(answer.sequence === sequence, `an answer to ${JSON.stringify(text)} in ${where}`);
                const message = [Command.submit_sm, data_sm, submit_multi].includes(command);
                assert.ok(message || answer.status !== 0, `${where} finds no message by ${JSON.stringify(text)}`);
                accepted += message && answer.status === 0;
                ++answered;
            }
        }
        untouched('messages');
        assert.equal(left("O''Brien"), opening - accepted, 'it has paid for its own');
        assert.equal(left('Test1'), stayed, 'and nobody else has');
        assert.ok(accepted > 5 * attacks.length, `${accepted} of ${answered} were accepted`);
        // What a script wrote is what was sent, as far as ASCII and the GSM alphabet are the same.
        const texts = new Set(sql('SELECT hex(Text) FROM Texts').split('\n')
            .map((hex) => Buffer.from(hex, 'hex').toString('utf8')));
        for (const text of attacks.filter((each) => /^[ !"#%-?A-Za-z]*$/.test(each)))
            assert.ok(texts.has(text), `${text} is kept as it was`);
        quoted.socket.destroy();
        t.diagnostic(`${answered} requests, ${accepted} messages accepted; ${bystander.figures()}`);
    });

    await t.test('in messages of a provider', async (t) => {
        const one = new Esme(gateway.port, { systemId: 'Test1', password: 'Pwd1' });
        await one.bind();
        for (const text of attacks) {
            for (const [from, to] of [[text, '+31699887766'], ['4670000001', text], [text, text]])
                assert.equal(await provider.originate(from.slice(0, 20), to.slice(0, 20), text), 0);
        }
        await until('what is to its number', () => one.messages.length === attacks.length);
        untouched('messages of a provider');
        await one.unbind();
        t.diagnostic(`${3 * attacks.length} messages; ${bystander.figures()}`);
    });

    await bystander.stop();
    assert.equal(left('Test2'), opening - bystander.sent, 'the bystander has paid for each message');
    await until('all receipts', () => other.receipts.length >= bystander.sent);
    await other.unbind();
    await gateway.stop();
    await provider.stop();
});

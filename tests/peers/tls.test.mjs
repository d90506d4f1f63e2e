// TLS with other people's implementations: node's (OpenSSL) as customer and as provider, and openssl s_client.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { endLater } from './lib/alive.mjs';
import { Esme } from './lib/esme.mjs';
import { Gateway, accountOf, binary, providerAt, scratch } from './lib/gateway.mjs';
import { Provider } from './lib/provider.mjs';
import { withoutSmpp } from './lib/smpp.mjs';
import { freePorts } from './lib/wait.mjs';

const run = promisify(execFile);
const certificates = fileURLToPath(new URL('../tls/certificates', import.meta.url));
const file = (name) => path.join(certificates, name);
const pem = (name) => fs.readFileSync(file(name));
const trusting = { ca: pem('authority.pem'), servername: 'localhost' };
const message = (i) => ({
    source_addr: 'Sluice', source_addr_ton: 5, destination_addr: `4670${String(i).padStart(7, '0')}`, dest_addr_ton: 1,
    dest_addr_npi: 1, text: `message ${i}`, registered_delivery: 1,
});

/** A gateway that listens in clear, as always, and with TLS at `tlsPort`. */
async function gatewayWith(t, tls, tables) {
    const folder = scratch(t);
    const gateway = await Gateway.create(folder, {});
    const [tlsPort] = await freePorts(1);
    const again = await Gateway.create(folder, {
        listener: [
            { endpoint: `127.0.0.1:${gateway.port}` },
            {
                endpoint: `127.0.0.1:${tlsPort}`,
                tls: { certificate: file('server.pem'), key: file('server.key'), ...tls },
            },
        ],
        ...tables,
    });
    again.port = gateway.port;
    again.tlsPort = tlsPort;
    return again;
}

const ctl = async (gateway, ...words) =>
    JSON.parse((await run(binary, ['ctl', '--admin', `127.0.0.1:${gateway.adminPort}`, '--json', ...words])).stdout);

/** openssl s_client with what it is told to type, at intervals; resolves with all it printed. */
function s_client(port, options, lines = []) {
    const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost', '-CAfile',
        file('authority.pem'), ...options]);
    const forget = endLater(() => child.kill('SIGKILL'));
    let output = '';
    return new Promise((resolve) => {
        let waiting = [...lines];
        const next = () => (waiting.length ? child.stdin.write(waiting.shift()) : child.stdin.end());
        for (const stream of [child.stdout, child.stderr]) {
            stream.on('data', (data) => {
                output += data;
                if (/Verify return code/.test(output) && waiting) {
                    const timer = setInterval(() => {
                        if (!waiting.length) clearInterval(timer);
                        next();
                    }, 300);
                    const all = waiting;
                    waiting = all;
                    stream.removeAllListeners('data');
                    stream.on('data', (more) => { output += more; });
                }
            });
        }
        child.stdin.on('error', () => {});
        child.on('close', (code) => {
            forget();
            resolve({ code, output });
        });
    });
}

test('messages and receipts with TLS on both sides', { skip: withoutSmpp }, async (t) => {
    const provider = await new Provider({ keep: true, tls: { key: pem('rsa.key'), cert: pem('rsa.pem') } }).start();
    const gateway = await gatewayWith(t, {}, {
        account: [accountOf('shop', 'secret', { require_tls: true })],
        provider: [providerAt('node', provider.port, {
            tls: { ca_file: file('authority.pem'), server_name: 'rsa.example' },
        })],
        route: [{ via: ['node'] }],
    });
    await gateway.start();
    await assert.rejects(new Esme(gateway.port, { systemId: 'shop', password: 'secret' }).bind(),
        /status 13/, 'in clear');

    for (const [version, expected] of [['TLSv1.3', 'TLSv1.3'], ['TLSv1.2', 'TLSv1.2']]) {
        const customer = new Esme(gateway.tlsPort, {
            systemId: 'shop', password: 'secret', tls: { ...trusting, maxVersion: version },
        });
        await customer.bind();
        assert.equal(customer.socket.getProtocol(), expected);
        assert.ok(customer.socket.authorized);
        await gateway.until('the provider is bound', () => provider.binds.length);
        const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => customer.submit(message(i))));
        assert.ok(answers.every((answer) => answer.command_status === 0));
        await gateway.until('all receipts', () => customer.receipts.length >= 200);
        const { sessions } = await ctl(gateway, 'sessions');
        const [ours, theirs] = ['shop', 'node'].map((name) => sessions.find((session) => session.name === name));
        assert.equal(ours.tls, expected);
        assert.match(ours.cipher, /^TLS_/);
        assert.equal(theirs.tls, 'TLSv1.3');
        await customer.unbind();
    }
    assert.equal(provider.submits.length, 400);
    const metrics = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
    assert.match(metrics, new RegExp('sluice_tls_certificate_expiry_seconds\\{where="listener 127\\.0\\.0\\.1:\\d+",'
        + 'common_name="localhost"\\} 4733510400'));
    await gateway.stop();
    await provider.stop();
});

test('a provider that cannot be trusted gets no bind', { skip: withoutSmpp }, async (t) => {
    const provider = await new Provider({ tls: { key: pem('server.key'), cert: pem('server.pem') } }).start();
    const expired = await new Provider({ tls: { key: pem('expired.key'), cert: pem('expired.pem') } }).start();
    const name = { server_name: 'localhost' };
    const gateway = await gatewayWith(t, {}, {
        account: [accountOf('shop', 'secret')],
        provider: [
            providerAt('unknown', provider.port, { tls: { ca_file: file('stranger.pem'), ...name } }),
            providerAt('misnamed', provider.port,
                { tls: { ca_file: file('authority.pem'), server_name: 'other.example' } }),
            providerAt('expired', expired.port, { tls: { ca_file: file('authority.pem'), ...name } }),
            providerAt('mispinned', provider.port, { tls: { pins: [`sha256:${'0'.repeat(64)}`] } }),
        ],
        route: [{ via: ['unknown'] }],
    });
    await gateway.start();
    const log = () => fs.readFileSync(gateway.log, 'utf8');
    await gateway.until('each has been tried',
        () => ['signed by a known', 'another name', 'expired', 'not one of those pinned']
        .every((reason) => log().includes(reason)));
    assert.equal(provider.binds.length + expired.binds.length, 0, 'no password went out');
    await gateway.stop();
    await provider.stop();
    await expired.stop();
});

test('customers told by their certificates', { skip: withoutSmpp }, async (t) => {
    const client = { cert: pem('client.pem'), key: pem('client.key') };
    const foreign = { cert: pem('foreign.pem'), key: pem('foreign.key') };
    const gateway = await gatewayWith(t, { client_certificates: 'optional', client_ca_file: file('authority.pem') }, {
        account: [{ system_id: 'acme', certificates: ['CN=acme'] },
            accountOf('both', 'secret', { certificates: ['CN=acme'] }),
            accountOf('shop', 'secret')],
        provider: [providerAt('nobody', (await freePorts(1))[0])],
        route: [{ via: ['nobody'] }],
    });
    await gateway.start();
    const bind = async (systemId, password, tls) => {
        const customer = new Esme(gateway.tlsPort, { systemId, password, tls: { ...trusting, ...tls } });
        await customer.bind();
        await customer.unbind();
    };
    await bind('acme', 'anything', client);
    await bind('both', 'secret', client);
    await bind('shop', 'secret', {});
    await assert.rejects(bind('acme', 'anything', {}), /status 13/, 'without a certificate');
    await assert.rejects(bind('both', 'secret', {}), /status 13/, 'the password alone');
    await assert.rejects(bind('both', 'wrong', client), /status 14/, 'the certificate alone');
    await assert.rejects(bind('acme', 'anything', foreign), undefined, 'of an unknown authority');
    await assert.rejects(new Esme(gateway.port, { systemId: 'acme', password: 'x' }).bind(), /status 13/, 'in clear');
    await gateway.stop();
});

test('a new certificate while sessions go on', { skip: withoutSmpp }, async (t) => {
    const provider = await new Provider({ keep: true }).start();
    const folder = scratch(t);
    const mine = (name) => path.join(folder, name);
    fs.copyFileSync(file('server.pem'), mine('gateway.pem'));
    fs.copyFileSync(file('server.key'), mine('gateway.key'));
    const gateway = await gatewayWith(t, { certificate: mine('gateway.pem'), key: mine('gateway.key') }, {
        account: [accountOf('shop', 'secret')],
        provider: [providerAt('node', provider.port)],
        route: [{ via: ['node'] }],
    });
    await gateway.start();
    const customer = new Esme(gateway.tlsPort, { systemId: 'shop', password: 'secret', tls: trusting });
    await customer.bind();
    let sending = true, accepted = 0;
    const traffic = (async () => {
        for (let i = 0; sending; i += 1) accepted += (await customer.submit(message(i))).command_status === 0;
    })();
    await gateway.until('traffic', () => accepted > 20);

    fs.copyFileSync(file('client.key'), mine('gateway.key'));  // half of the change: refused as a whole
    await assert.rejects(run(binary, ['ctl', '--admin', `127.0.0.1:${gateway.adminPort}`, 'reload']),
        /gateway\.key' is not the key of the certificate/);
    fs.copyFileSync(file('rsa.pem'), mine('gateway.pem'));
    fs.copyFileSync(file('rsa.key'), mine('gateway.key'));
    const { applied } = await ctl(gateway, 'reload');
    assert.match(applied.join(), /TLS changed, for connections from now on/);

    const before = accepted;
    await gateway.until('more traffic', () => accepted > before + 20);
    assert.ok(customer.bound, 'the session that was there stays');
    const later = new Esme(gateway.tlsPort, {
        systemId: 'shop', password: 'secret', tls: { ca: trusting.ca, servername: 'rsa.example' },
    });
    await later.bind();
    assert.equal(later.socket.getPeerCertificate().subject.CN, 'rsa.example');
    sending = false;
    await traffic;
    await gateway.until('all receipts', () => customer.receipts.length + later.receipts.length >= accepted);
    await customer.unbind();
    await later.unbind();
    await gateway.stop();
    await provider.stop();
});

test('openssl s_client: resumption, renegotiation, key updates', { skip: withoutSmpp }, async (t) => {
    const gateway = await gatewayWith(t, {}, {
        account: [accountOf('shop', 'secret')],
        provider: [providerAt('nobody', (await freePorts(1))[0])],
        route: [{ via: ['nobody'] }],
    });
    await gateway.start();
    const session = path.join(path.dirname(gateway.file), 'session');
    const witness = new Esme(gateway.tlsPort, { systemId: 'shop', password: 'secret', tls: trusting });
    await witness.bind();

    await s_client(gateway.tlsPort, ['-tls1_3', '-sess_out', session], ['\n']);
    const resumed = await s_client(gateway.tlsPort, ['-tls1_3', '-sess_in', session], ['\n']);
    assert.match(resumed.output, /Reused, TLSv1\.3/);

    const renegotiation = await s_client(gateway.tlsPort, ['-tls1_2'], ['R\n', '\n']);
    assert.match(renegotiation.output, /RENEGOTIATING[\s\S]*(alert|error|no renegotiation)/i);
    await s_client(gateway.tlsPort, ['-tls1_3'], ['K\n', 'k\n', 'K\n', '\n']);

    for (const old of ['-tls1', '-tls1_1'])
        assert.notEqual((await s_client(gateway.tlsPort, [old, '-cipher', 'DEFAULT@SECLEVEL=0'])).code, 0, old);
    assert.equal((await witness.request('enquire_link')).command_status, 0, 'nobody else notices');
    await witness.unbind();
    await gateway.stop();
});

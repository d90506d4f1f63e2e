// The gateway under test: a configuration, a folder of its own, and a
// process that may be ended and started again on them.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { endAll } from './alive.mjs';
import { Program } from './program.mjs';
import { freePorts, listening } from './wait.mjs';

export const binary = process.env.SLUICE ?? fileURLToPath(new URL('../../../build/sluice', import.meta.url));

/** A fresh folder, and how to be rid of it. */
export function temporaryFolder() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-peers-'));
    return { path: folder, remove: () => fs.rmSync(folder, { recursive: true, force: true }) };
}

/**
 * A fresh folder for the test `t`. What the test left running ends with it; KEEP=1 leaves the folder to be looked at.
 */
export function scratch(t) {
    const folder = temporaryFolder();
    t.after(() => {
        endAll();
        if (process.env.KEEP) t.diagnostic(`kept ${folder.path}`);
        else folder.remove();
    });
    return folder.path;
}

/** Tables and arrays of tables, as far as a configuration needs them. */
export function toml(tables) {
    const inline = (value) => {
        if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
        if (typeof value !== 'object') return JSON.stringify(value);
        return `{ ${Object.entries(value).map(([key, each]) => `${key} = ${inline(each)}`).join(', ')} }`;
    };
    const table = (header, fields) =>
        `${header}\n${Object.entries(fields).map(([key, value]) => `${key} = ${inline(value)}\n`).join('')}\n`;
    return Object.entries(tables).map(([name, value]) => (Array.isArray(value)
        ? value.map((each) => table(`[[${name}]]`, each)).join('')
        : table(`[${name}]`, value))).join('');
}

/** What `sluice hash-password` prints, made by another implementation of scrypt. */
function hashPassword(clear) {
    const base64 = (octets) => octets.toString('base64').replace(/=+$/, '');
    const salt = crypto.randomBytes(16);
    const hash = crypto.scryptSync(clear, salt, 32, { N: 1024, r: 8, p: 1 });
    return `$scrypt$ln=10,r=8,p=1$${base64(salt)}$${base64(hash)}`;
}

/** An account, its password in clear. */
export const accountOf = (systemId, password, fields = {}) =>
    ({ system_id: systemId, password_hash: hashPassword(password), ...fields });

/** A provider on a port of this machine. */
export const providerAt = (name, port, fields = {}) =>
    ({ name, endpoints: [`127.0.0.1:${port}`], system_id: 'us', password: 'there', ...fields });

export class Gateway {
    #program = null;
    #started = 0;

    /** `tables` add to what every gateway needs: ports of its own and a place for its data. */
    static async create(folder, tables) {
        const gateway = new Gateway();
        [gateway.port, gateway.adminPort] = await freePorts(2);
        gateway.log = path.join(folder, 'gateway.log');
        gateway.file = path.join(folder, 'sluice.toml');
        fs.writeFileSync(gateway.file, toml({
            listener: [{ endpoint: `127.0.0.1:${gateway.port}` }],
            admin: { endpoint: `127.0.0.1:${gateway.adminPort}` },
            ...tables,
            server: { data_directory: path.join(folder, 'data'), ...tables.server },
        }));
        return gateway;
    }

    /** Resolves when customers can connect; `startSeconds` tells how long that took. */
    async start() {
        assert.equal(this.#program, null, 'the gateway runs already');
        const began = performance.now();
        this.#program = new Program(binary, ['run', '--config', this.file], { log: this.log });
        await this.#program.until('the gateway listens', () => listening(this.port));
        this.startSeconds = (performance.now() - began) / 1000;
        this.#started += 1;
        return this;
    }

    /** An orderly end, which must be one. */
    async stop() {
        assert.equal(await this.#end('SIGTERM'), 0, 'exit code of the gateway');
    }

    /** `kill -9`. */
    async kill() {
        assert.equal(await this.#end('SIGKILL'), 'SIGKILL');
    }

    until(what, condition, seconds) {
        return this.#program.until(what, condition, seconds);
    }

    /** Of resident memory now (VmRSS). */
    residentMiB() {
        const status = fs.readFileSync(`/proc/${this.#program.pid}/status`, 'utf8');
        return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) / 1024;
    }

    async #end(signal) {
        const program = this.#program;
        this.#program = null;
        return program.end(signal);
    }
}

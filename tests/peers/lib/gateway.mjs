// The gateway under test: a configuration, a folder of its own, and a process that may be ended and started again on them.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Program } from './program.mjs';
import { freePorts, listening } from './wait.mjs';

export const binary = process.env.SLUICE ?? 'build/sluice';

/** A fresh folder, and how to be rid of it. */
export function temporaryFolder() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-peers-'));
    return { path: folder, remove: () => fs.rmSync(folder, { recursive: true, force: true }) };
}

/** A fresh folder that goes when the test `t` is over; KEEP=1 leaves it to be looked at. */
export function scratch(t) {
    const folder = temporaryFolder();
    t.after(() => {
        if (process.env.KEEP) t.diagnostic(`kept ${folder.path}`);
        else folder.remove();
    });
    return folder.path;
}

/** Tables and arrays of tables, as far as a configuration needs them. */
export function toml(tables) {
    const line = ([key, value]) => `${key} = ${JSON.stringify(value)}\n`;
    const table = (header, fields) => `${header}\n${Object.entries(fields).map(line).join('')}\n`;
    return Object.entries(tables).map(([name, value]) => (Array.isArray(value)
        ? value.map((each) => table(`[[${name}]]`, each)).join('')
        : table(`[${name}]`, value))).join('');
}

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
            server: { data_directory: path.join(folder, 'data') },
            listener: [{ host: '127.0.0.1', port: gateway.port }],
            admin: { host: '127.0.0.1', port: gateway.adminPort },
            ...tables,
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

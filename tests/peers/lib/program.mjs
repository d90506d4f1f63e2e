// A process of ours: started, waited for, ended by its own pid and nobody else's.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { endLater } from './alive.mjs';
import { until } from './wait.mjs';

export class Program {
    #child;
    #exited;

    /** What it prints goes to the file `log`, which grows over restarts. */
    constructor(command, args, { log, cwd, env, uid, gid } = {}) {
        const output = fs.openSync(log, 'a');
        this.log = log;
        this.#child = spawn(command, args, {
            cwd, env: { ...process.env, ...env }, stdio: ['ignore', output, output], uid, gid,
        });
        fs.closeSync(output);
        const forget = endLater(() => this.signal('SIGKILL'));
        this.#exited = new Promise((resolve) => {
            const ended = (status) => { forget(); this.status = status; resolve(status); };
            this.#child.once('error', (error) => ended(error.message));
            this.#child.once('exit', (code, signal) => ended(signal ?? code));
        });
    }

    get pid() { return this.#child.pid; }

    signal(name) { this.#child.kill(name); }

    /** Sends the signal and resolves with the exit code, or the name of the signal that ended it. */
    end(name = 'SIGTERM') {
        this.signal(name);
        return this.#exited;
    }

    /** Waits for `condition`, but not for a process that has ended; either way a failure shows what it printed. */
    async until(what, condition, seconds) {
        try {
            return await until(what, () => {
                if (this.status !== undefined) throw new Error(`ended with ${this.status} before: ${what}`);
                return condition();
            }, seconds);
        } catch (error) {
            error.message += `\n--- ${this.log}:\n${tail(this.log)}`;
            throw error;
        }
    }
}

export function tail(file, octets = 4000) {
    const text = fs.readFileSync(file, 'utf8');
    return text.length > octets ? `...${text.slice(-octets)}` : text;
}

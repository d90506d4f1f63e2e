// A page of the documentation, typed in as it stands: its settings go to sluice.toml, its SQL to a database, its
// commands to a shell, and what it says that they print must be printed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { endLater } from './alive.mjs';
import { Program } from './program.mjs';
import { binary } from './gateway.mjs';
import { until } from './wait.mjs';

/** The fenced blocks: { kind: 'sh' | 'toml' | 'sql' | 'text', text, line, heading }. */
export function blocksOf(page) {
    const blocks = [];
    let open = null, heading = '';
    fs.readFileSync(page, 'utf8').split('\n').forEach((text, i) => {
        if (open && text === '```') open = null;
        else if (open) open.text += `${text}\n`;
        else if (text.startsWith('## ')) heading = text.slice(3);
        else if (text.startsWith('```')) blocks.push(open = { kind: text.slice(3), text: '', line: i + 2, heading });
    });
    return blocks;
}

const pattern = (line) =>
    new RegExp(`^${line.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`);

export class Walkthrough {
    #programs = [];

    /** `replace` maps what stands in the page, such as a port, to what takes its place here; `sql` executes SQL. */
    constructor(folder, { replace, sql }) {
        Object.assign(this, { folder, replace, sql });
    }

    async run(blocks) {
        for (let i = 0; i < blocks.length; ++i) {
            const block = blocks[i];
            const expected = blocks[i + 1]?.kind === 'text'
                ? this.#here(blocks[++i].text).split('\n').filter(Boolean) : [];
            try {
                if (block.kind === 'sql') this.sql(block.text);
                if (block.kind === 'toml')
                    fs.appendFileSync(path.join(this.folder, 'sluice.toml'), `${this.#here(block.text)}\n`);
                if (block.kind === 'sh')
                    await this.#shell(this.#here(block.text).split('\n').filter(Boolean), expected);
            } catch (error) {
                error.message = `line ${block.line}, ${block.heading}: ${error.message}`;
                throw error;
            }
        }
    }

    /** Ends what runs in the background, in the reverse order. */
    async end() {
        for (const program of this.#programs.reverse()) await program.end('SIGTERM');
    }

    #here(text) {
        return [...this.replace].reduce((all, [there, here]) => all.replaceAll(there, here), text);
    }

    async #shell(lines, expected) {
        let output = '';
        for (const line of lines) {
            const code = Number(/# exit code (\d+)$/.exec(line)?.[1] ?? 0);
            if (line.endsWith('&')) {
                await this.#start(line.slice(0, -1));
                continue;
            }
            // What others bring about may take a moment until it is seen.
            const looks = line.startsWith('sluice ctl') && !/topup|reload/.test(line);
            let got;
            await until(`${line} prints ${expected}`, async () => {
                got = await this.#type(line);
                return !looks || lines.length > 1 && line !== lines.at(-1)
                    || this.#missing(got.output, expected) === undefined;
            }, 60).catch(() => {});
            assert.equal(got.code, code, `${line}\n${got.output}`);
            output += got.output;
        }
        const missing = this.#missing(output, expected);
        assert.equal(missing, undefined, `printed was\n${output}`);
    }

    /** The first line that is not printed in its turn. */
    #missing(output, expected) {
        const printed = output.split('\n');
        return expected.find((line) => {
            const at = printed.findIndex((each) => pattern(line).test(each));
            if (at < 0) return true;
            printed.splice(0, at + 1);
            return false;
        });
    }

    get #environment() { return { ...process.env, PATH: `${path.dirname(binary)}:${process.env.PATH}` }; }

    async #start(line) {
        const log = path.join(this.folder, `background-${this.#programs.length}.log`);
        const program = new Program('bash', ['-c', `exec ${line}`], { log, cwd: this.folder, env: this.#environment });
        this.#programs.push(program);
        if (/^sluice (run|mc)/.test(line))
            await program.until(`${line} listens`, () => /listen/.test(fs.readFileSync(log, 'utf8')));
    }

    #type(line) {
        return new Promise((resolve) => {
            const child = spawn('bash', ['-c', line], { cwd: this.folder, env: this.#environment });
            const forget = endLater(() => child.kill('SIGKILL'));
            let output = '';
            for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { output += data; });
            child.on('close', (code) => {
                forget();
                resolve({ code, output });
            });
        });
    }
}


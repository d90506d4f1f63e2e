// A PostgreSQL server of a test's own: in its folder, on a port of this machine, ended with the test.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Program } from './program.mjs';
import { freePorts } from './wait.mjs';

const root = '/usr/lib/postgresql';
const versions = fs.existsSync(root)
    ? fs.readdirSync(root).filter((name) => fs.existsSync(path.join(root, name, 'bin/initdb')))
    : [];
const bin = versions.length ? path.join(root, versions.sort().at(-1), 'bin') : null;

export const withoutPostgres = bin ? false : 'PostgreSQL is not installed (tools/setup test)';

/** PostgreSQL does not run as root: then it runs as the user its package has made. */
function identity() {
    if (process.getuid() !== 0) return {};
    const id = (option) => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
    return { uid: id('-u'), gid: id('-g') };
}

export class Postgres {
    #program = null;

    static async create(folder) {
        const server = new Postgres();
        server.as = identity();
        server.folder = path.join(folder, 'postgres');
        fs.mkdirSync(server.folder);
        if (server.as.uid !== undefined) {
            fs.chmodSync(folder, 0o755);
            fs.chownSync(server.folder, server.as.uid, server.as.gid);
        }
        [server.port] = await freePorts(1);
        server.#run('initdb', ['-D', path.join(server.folder, 'data'), '-U', 'sluice',
            '--auth=trust', '--no-sync', '-E', 'UTF8', '--locale=C']);
        return server;
    }

    /** As unixODBC takes it. */
    get connection() {
        return `Driver=PostgreSQL Unicode;Server=127.0.0.1;Port=${this.port};Database=postgres;UID=sluice`;
    }

    async start() {
        const options = { cwd: this.folder, log: path.join(this.folder, '..', 'postgres.log'), ...this.as };
        this.#program = new Program(path.join(bin, 'postgres'),
            ['-D', path.join(this.folder, 'data'), '-k', '', '-c', 'listen_addresses=127.0.0.1',
                '-p', `${this.port}`, '-c', 'fsync=off'], options);
        await this.#program.until('PostgreSQL answers', () =>
            spawnSync(path.join(bin, 'pg_isready'), ['-h', '127.0.0.1', '-p', `${this.port}`]).status === 0);
        return this;
    }

    async stop() {
        const program = this.#program;
        this.#program = null;
        await program.end('SIGINT');
    }

    /** Stops, or lets go on, every process of the server: it accepts connections and answers nothing. */
    freeze(frozen) {
        const { pid } = this.#program;
        const children = spawnSync('ps', ['-o', 'pid=', '--ppid', `${pid}`], { encoding: 'utf8' })
            .stdout.split(/\s+/).filter(Boolean);
        for (const each of [pid, ...children.map(Number)]) process.kill(each, frozen ? 'SIGSTOP' : 'SIGCONT');
    }

    sql(text) {
        return this.#run('psql', ['-h', '127.0.0.1', '-p', `${this.port}`, '-U', 'sluice',
            '-d', 'postgres', '-v', 'ON_ERROR_STOP=1', '-Atc', text]);
    }

    #run(program, args) {
        return execFileSync(path.join(bin, program), args, {
            cwd: this.folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], ...this.as,
        });
    }
}

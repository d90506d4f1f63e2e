// What the peers written for node share: their arguments, and the line that says that they are ready.
import fs from 'node:fs';
import { parseArgs } from 'node:util';

/** The arguments of every `start`, and those in `more` (as util.parseArgs takes them). */
export function peerArguments(more = {}) {
    const string = { type: 'string' };
    const { values } = parseArgs({
        options: { listen: string, provider: string, receipts: string, accounts: string, dir: string, ...more },
    });
    for (const name of ['listen', 'provider', 'receipts', 'accounts', 'dir']) {
        if (values[name] === undefined) fail(`--${name} is missing`);
    }
    const [host, port] = values.provider.split(':');
    const lines = fs.readFileSync(values.accounts, 'utf8').split('\n').filter(Boolean);
    return {
        ...values,
        listen: Number(values.listen),
        provider: { host, port: Number(port) },
        receipts: values.receipts === 'on',
        accounts: new Map(lines.map((line) => line.split(' '))),
    };
}

export function fail(message) {
    process.stderr.write(`${message}\n`);
    process.exit(1);
}

/** Customers can bind, and we are bound to the provider; what `pids` spend is the peer's. */
export const ready = (...pids) => process.stdout.write(`ready ${pids.join(' ')}\n`);

export const providerBinds = 4;

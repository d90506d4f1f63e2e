// Kannel as Debian brings it: bearerbox and smsbox, bound to the provider. Its way in is HTTP, so an adapter in this
// process takes SMPP from the customers, hands each message to smsbox's sendsms, and makes a receipt of what Kannel
// then reports to the dlr-url. Only what bearerbox and smsbox spend counts as the peer's.
import fs from 'node:fs';
import path from 'node:path';
import { Program } from '../../../tests/peers/lib/program.mjs';
import { freePorts, listening } from '../../../tests/peers/lib/wait.mjs';
import { fail, peerArguments, ready } from '../lib.mjs';
import { HttpClient, serveHttp } from './http.mjs';
import { serveSmpp, status } from './smpp_face.mjs';

const connections = 100;  // to smsbox
const DLR_DELIVERED = 1, DLR_FAILED = 2, DLR_REJECTED = 16;

const options = peerArguments({ store: { type: 'string', default: 'none' } });
const programs = ['/usr/sbin/bearerbox', '/usr/sbin/smsbox'];
if (!programs.every((program) => fs.existsSync(program))) fail('Kannel is not installed (tools/setup test)');

const [adminPort, boxPort, sendPort] = await freePorts(3);

const spool = path.join(options.dir, 'spool');
const storeSettings = {
    none: '',
    file: `store-type = file\nstore-location = ${path.join(options.dir, 'kannel.store')}\n`,
    spool: `store-type = spool\nstore-location = ${spool}\n`,
};
if (options.store === 'spool') fs.mkdirSync(spool, { recursive: true });

// One bind: with more, Kannel loses each receipt that it reads before it has read the submit_sm_resp on another.
const configuration = `
group = core
admin-port = ${adminPort}
admin-password = admin
admin-allow-ip = "127.0.0.1"
smsbox-port = ${boxPort}
box-allow-ip = "127.0.0.1"
dlr-storage = internal
${storeSettings[options.store]}
group = smsc
smsc = smpp
smsc-id = provider
host = ${options.provider.host}
port = ${options.provider.port}
transceiver-mode = true
smsc-username = provider
smsc-password = secret
system-type = ""
max-pending-submits = 1000
reconnect-delay = 1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = ${sendPort}
sendsms-interface = 127.0.0.1
max-pending-requests = 1000

group = sendsms-user
username = customer
password = customer
max-messages = 10
`;
const file = path.join(options.dir, 'kannel.conf');
fs.writeFileSync(file, configuration);

// ---- the adapter

const ERRORS_ONLY = '4';
const sendsms = new HttpClient(sendPort, connections);
const messages = new Map();  // those that a receipt is owed for: id -> { customer, message }
let lastId = 0;

const percent = (octets) => octets.toString('hex').replace(/../g, '%$&');

/** Kannel's `coding` and `text`, and `udh`, for a submit_sm's. */
function body({ dataCoding, esmClass, text }) {
    const header = esmClass & 0x40 ? text.subarray(0, text[0] + 1) : null;
    const rest = header ? text.subarray(header.length) : text;
    const udh = header ? `&udh=${percent(header)}` : '';
    if (dataCoding === 8) return `coding=2&text=${percent(rest)}${udh}`;
    if (dataCoding === 4 || dataCoding === 2) return `coding=1&text=${percent(rest)}${udh}`;
    return `coding=0&text=${encodeURIComponent(rest.latin1Slice())}${udh}`;
}

function submit(reportPort) {
    return (customer, message, answer) => {
        const id = ++lastId;
        const wanted = options.receipts && (message.registered & 3) !== 0;
        let query = `/cgi-bin/sendsms?username=customer&password=customer&from=${encodeURIComponent(message.source)}`
            + `&to=${encodeURIComponent(message.destination)}&${body(message)}`;
        if (wanted) {
            messages.set(id, { customer, message });
            query += `&dlr-mask=${DLR_DELIVERED | DLR_FAILED | DLR_REJECTED}`
                + `&dlr-url=http%3A%2F%2F127.0.0.1%3A${reportPort}%2F%3F${id}%26%25d`;
        }
        sendsms.get(query, (code) => {
            if (code !== 202) messages.delete(id);
            answer(code === 202 ? status.ROK : status.RSUBMITFAIL, String(id));
        });
    };
}

/** `/?ID&TYPE` */
function report(target) {
    const [id, type] = target.slice(2).split('&').map(Number);
    const owed = messages.get(id);
    messages.delete(id);
    owed?.customer.deliver(owed.message, String(id), type === DLR_DELIVERED);
}

// ---- Kannel

const log = (name) => ({ log: path.join(options.dir, `${name}.log`) });
const boxes = [];
process.on('SIGTERM', async () => {
    for (const box of boxes.reverse()) {
        const patience = setTimeout(() => box.signal('SIGKILL'), 5000);
        await box.end();
        clearTimeout(patience);
    }
    const { user, system } = process.cpuUsage();
    const each = Math.round((user + system) / Math.max(lastId, 1));
    process.stderr.write(`kannel: the adapter has spent ${each} us of CPU a message, which are not Kannel's\n`);
    process.exit(0);
});

async function online() {
    const answer = await fetch(`http://127.0.0.1:${adminPort}/status.txt?password=admin`);
    return (await answer.text()).includes('(online');
}

const bearerbox = new Program(programs[0], ['-v', ERRORS_ONLY, file], log('bearerbox'));
boxes.push(bearerbox);
await bearerbox.until('bearerbox listens', () => listening(boxPort));
const smsbox = new Program(programs[1], ['-v', ERRORS_ONLY, file], log('smsbox'));
boxes.push(smsbox);
await smsbox.until('smsbox listens', () => listening(sendPort));
await bearerbox.until('Kannel is bound', online);
await serveSmpp(options.listen, options.accounts, submit(await serveHttp(report)));
ready(bearerbox.pid, smsbox.pid);

// Kannel as a customer: its bearerbox binds to the gateway by SMPP, its smsbox takes messages by HTTP and reports what
// became of each to a URL of ours.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { endLater } from './alive.mjs';
import { Program } from './program.mjs';
import { freePorts, listening } from './wait.mjs';

const programs = ['/usr/sbin/bearerbox', '/usr/sbin/smsbox'];

/** For node:test's `skip` option. */
export const withoutKannel = programs.every((program) => fs.existsSync(program))
    ? false : 'Kannel is not installed (tools/setup test)';

// The bits of Kannel's dlr-mask and the values of %d.
export const DLR_DELIVERED = 1;
export const DLR_FAILED = 2;
export const DLR_ACCEPTED_BY_SMSC = 8;

export class Kannel {
    reports = [];  // { id, type } in the order they came: the id we gave the message, one of the DLR_ values

    constructor(folder, { smppPort, systemId, password }) {
        Object.assign(this, { folder, smppPort, systemId, password });
    }

    async start() {
        [this.adminPort, this.boxPort, this.sendPort] = await freePorts(3);
        this.reportServer = http.createServer((request, response) => {
            const query = new URL(request.url, 'http://localhost').searchParams;
            this.reports.push({ id: query.get('id'), type: Number(query.get('type')) });
            response.end();
        });
        await new Promise((resolve) => this.reportServer.listen(0, '127.0.0.1', resolve));
        this.forget = endLater(() => this.#closeReportServer());
        const file = path.join(this.folder, 'kannel.conf');
        fs.writeFileSync(file, this.#configuration());
        this.bearerbox = new Program(programs[0], ['-v', '1', file], { log: path.join(this.folder, 'bearerbox.log') });
        await this.bearerbox.until('bearerbox listens', () => listening(this.boxPort));
        this.smsbox = new Program(programs[1], ['-v', '1', file], { log: path.join(this.folder, 'smsbox.log') });
        await this.smsbox.until('smsbox listens', () => listening(this.sendPort));
        await this.bearerbox.until('Kannel is bound', async () => (await this.status()).includes('(online'));
    }

    async status() {
        const answer = await fetch(`http://127.0.0.1:${this.adminPort}/status.txt?password=admin`);
        return answer.text();
    }

    /** Hands one message to smsbox; `id` comes back in its reports. */
    async send(id, { from, to, text }) {
        const report = `http://127.0.0.1:${this.reportServer.address().port}/report?id=${id}&type=%d`;
        const query = new URLSearchParams({
            username: 'tester', password: 'tester', from, to, text,
            'dlr-mask': DLR_DELIVERED | DLR_FAILED | DLR_ACCEPTED_BY_SMSC, 'dlr-url': report,
        });
        const answer = await fetch(`http://127.0.0.1:${this.sendPort}/cgi-bin/sendsms?${query}`);
        return answer.text();
    }

    async stop() {
        await this.smsbox?.end();
        await this.bearerbox?.end();
        this.forget();
        await this.#closeReportServer();
    }

    #closeReportServer() {
        this.reportServer.closeAllConnections();
        return new Promise((resolve) => this.reportServer.close(resolve));
    }

    #configuration() {
        return `
group = core
admin-port = ${this.adminPort}
admin-password = admin
admin-allow-ip = "127.0.0.1"
smsbox-port = ${this.boxPort}
box-allow-ip = "127.0.0.1"
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = sluice
host = 127.0.0.1
port = ${this.smppPort}
transceiver-mode = true
smsc-username = ${this.systemId}
smsc-password = ${this.password}
system-type = ""
reconnect-delay = 1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = ${this.sendPort}
sendsms-interface = 127.0.0.1

group = sendsms-user
username = tester
password = tester
max-messages = 10
`;
    }
}

// A customer: a node-smpp client with promises instead of callbacks, which notes every receipt and message it is sent.
import { endLater } from './alive.mjs';
import { smpp, isReceipt, parseReceipt, text } from './smpp.mjs';

export class Esme {
    receipts = [];  // as parseReceipt gives them, in the order they came
    repeatedReceipts = 0;  // a second receipt for one id on one connection
    messages = [];  // texts of mobile-originated messages
    pdus = 0;       // sent and received
    bound = false;
    #session = null;

    /** `tls`: options of node's tls.connect; null: in clear. */
    constructor(port, { systemId = 'demo', password = 'demo', as = 'transceiver', tls = null } = {}) {
        Object.assign(this, { port, systemId, password, as, tls });
    }

    /** Connects and binds; fails when refused or when the connection cannot be made. */
    async bind() {
        const session = this.#session = new smpp.Session({
            host: '127.0.0.1', port: this.port, tls: this.tls !== null, ...this.tls,
        });
        await new Promise((resolve, reject) =>
            session.once(this.tls ? 'secureConnect' : 'connect', resolve).once('error', reject));
        this.socket = session.socket;
        session.socket.setNoDelay(true);
        session.unanswered = new Set();
        session.receipted = new Set();
        session.forget = endLater(() => session.destroy());
        session.on('error', () => {});  // always followed by close
        session.on('close', () => this.#lost(session));
        session.on('send', () => { this.pdus += 1; });
        session.on('pdu', () => { this.pdus += 1; });
        session.on('deliver_sm', (pdu) => this.#deliver(session, pdu));
        session.on('enquire_link', (pdu) => session.send(pdu.response()));
        session.on('unbind', (pdu) => session.send(pdu.response(), () => session.close()));
        const answer = await this.request(`bind_${this.as}`, { system_id: this.systemId, password: this.password });
        if (answer.command_status !== 0) throw new Error(`bind refused with status ${answer.command_status}`);
        this.bound = true;
        return answer;
    }

    /** Resolves with the response PDU, whatever its status; fails when the connection ends before it came. */
    request(command, fields = {}) {
        const session = this.#session;
        return new Promise((resolve, reject) => {
            const sent = session[command](fields, (answer) => {
                session.unanswered.delete(reject);
                resolve(answer);
            });
            if (sent) {
                session.unanswered.add(reject);
            } else {
                this.bound = false;  // node-smpp knows it before it tells us
                reject(new Error('not connected'));
            }
        });
    }

    submit(fields) {
        return this.request('submit_sm', {
            data_coding: 0, ...fields, short_message: Buffer.from(fields.text, 'latin1'),
        });
    }

    async unbind() {
        const session = this.#session;
        const closed = new Promise((resolve) => session.once('close', resolve));
        await this.request('unbind');
        session.close();
        await closed;
    }

    /** Cuts the connection without a word. */
    drop() {
        this.#session?.destroy();
    }

    #lost(session) {
        session.forget();
        if (session === this.#session) this.bound = false;
        for (const reject of session.unanswered) reject(new Error('connection closed before the answer'));
    }

    #deliver(session, pdu) {
        session.send(pdu.response());
        if (!isReceipt(pdu)) {
            this.messages.push(text(pdu));
            return;
        }
        const receipt = parseReceipt(pdu);
        if (session.receipted.has(receipt.id)) this.repeatedReceipts += 1;
        session.receipted.add(receipt.id);
        this.receipts.push(receipt);
    }
}

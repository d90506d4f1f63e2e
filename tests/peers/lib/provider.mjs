// A provider: a node-smpp server that takes every bind and message, and owes a receipt for each message that asks for
// one until it has been acknowledged, over however many connections that takes.
import { endLater } from './alive.mjs';
import { smpp, text, ESM_CLASS_RECEIPT, MESSAGE_STATE_DELIVERED, REGISTERED_DELIVERY_FINAL } from './smpp.mjs';

const RECEIPT_WINDOW = 50;  // unanswered deliver_sm a session
const decimal = (number) => String(number);
const stamp = (date) => date.toISOString().replace(/\D/g, '').slice(2, 12);

export class Provider {
    texts = [];            // every message's text in order of arrival, repeats included
    binds = [];            // the bind PDUs
    submits = [];          // the submit_sm PDUs, only where `keep` asks for them
    receiptsOwed = [];     // not yet acknowledged nor in flight
    receiptsInFlight = 0;
    receiptsDone = 0;
    unsettled = new Map(); // text -> how often its connection ended before it was settled
    repeatedSettled = 0;   // messages that came again although they were settled
    pdus = 0;              // sent and received
    #settled = new Set();  // texts
    #sessions = new Set();
    #server = null;
    #forget = null;
    #lastId = 0;

    /**
     * `responseId` and `receiptId` write a message's number the way this provider does. With `oneShard` the gateway
     * keeps everything in one order: whoever acknowledges a receipt has on disk what was answered before that receipt
     * was sent.
     * `tls` has options of node's tls.createServer.
     */
    constructor({
        responseId = decimal, receiptId = decimal, firstId = 0, keep = false, oneShard = false, tls = {},
    } = {}) {
        Object.assign(this, { responseId, receiptId, keep, oneShard, tls });
        this.#lastId = firstId;
    }

    /** Listens; may be called again after stop() to come back on the same port. */
    async start(port = this.port ?? 0) {
        this.#server = smpp.createServer(this.tls, (session) => this.#serve(session));
        await new Promise((resolve, reject) => {
            this.#server.once('error', reject);
            this.#server.listen(port, '127.0.0.1', resolve);
        });
        this.port = this.#server.address().port;
        this.#forget = endLater(() => this.stop());
        return this;
    }

    async stop() {
        this.#forget();
        const closed = new Promise((resolve) => this.#server.close(resolve));
        for (const session of this.#sessions) session.destroy();
        await closed;
    }

    /** Brings a mobile-originated message; resolves with the status of the answer. */
    originate(from, to, body) {
        const session = [...this.#sessions].find((each) => each.receives);
        return new Promise((resolve, reject) => {
            session.once('close', () => reject(new Error('the connection ended before the answer')));
            session.deliver_sm({
                source_addr: from, destination_addr: to, source_addr_ton: 1, source_addr_npi: 1,
                dest_addr_ton: 1, dest_addr_npi: 1,
                short_message: body,
            }, (answer) => resolve(answer.command_status));
        });
    }

    #serve(session) {
        this.#sessions.add(session);
        session.socket.setNoDelay(true);
        session.receives = false;
        session.inFlight = new Set();
        session.open = new Set();  // texts taken here that are not settled: nothing proves that their answer is on disk
        session.answered = [];     // texts taken here, in order
        session.settledUpTo = 0;   // of them
        session.on('error', () => {});
        session.on('close', () => this.#lost(session));
        session.on('send', () => { this.pdus += 1; });
        session.on('pdu', () => { this.pdus += 1; });
        for (const kind of ['transmitter', 'receiver', 'transceiver']) {
            session.on(`bind_${kind}`, (pdu) => {
                this.binds.push(pdu);
                session.receives = kind !== 'transmitter';
                session.send(pdu.response({ system_id: 'provider' }), () => this.#pay(session));
            });
        }
        session.on('enquire_link', (pdu) => session.send(pdu.response()));
        session.on('unbind', (pdu) => session.send(pdu.response(), () => session.close()));
        session.on('submit_sm', (pdu) => this.#take(session, pdu));
    }

    #take(session, pdu) {
        const number = ++this.#lastId;
        const body = text(pdu);
        this.texts.push(body);
        if (this.keep) this.submits.push(pdu);
        session.send(pdu.response({ message_id: this.responseId(number) }));
        if ((pdu.registered_delivery & 3) !== REGISTERED_DELIVERY_FINAL) return;
        if (this.#settled.has(body)) this.repeatedSettled += 1;
        session.open.add(body);
        session.answered.push(body);
        this.receiptsOwed.push({
            id: this.receiptId(number), body, from: pdu.destination_addr, to: pdu.source_addr, at: new Date(),
            session, sent: 0,
        });
        for (const each of this.#sessions) if (each.receives) this.#pay(each);
    }

    /** Sends what is owed while the session's window has room. */
    #pay(session) {
        while (session.receives && session.inFlight.size < RECEIPT_WINDOW && this.receiptsOwed.length) {
            const receipt = this.receiptsOwed.shift();
            session.inFlight.add(receipt);
            receipt.sent += 1;
            receipt.after = session.answered.length;
            this.receiptsInFlight += 1;
            const date = stamp(receipt.at);
            const line = `id:${receipt.id} sub:001 dlvrd:001 submit date:${date} done date:${date} `
                + `stat:DELIVRD err:000 `
                + `text:${receipt.body.slice(0, 20)}`;
            session.deliver_sm({
                source_addr: receipt.from,
                destination_addr: receipt.to,
                esm_class: ESM_CLASS_RECEIPT,
                data_coding: 0,
                short_message: Buffer.from(line, 'latin1'),
                receipted_message_id: receipt.id,
                message_state: MESSAGE_STATE_DELIVERED,
            }, (answer) => {
                if (!session.inFlight.delete(receipt)) return;
                this.receiptsInFlight -= 1;
                if (answer.command_status === 0) this.#settle(receipt, session);
                else this.receiptsOwed.push(receipt);
                this.#pay(session);
            });
        }
    }

    #settle(receipt, session) {
        this.receiptsDone += 1;
        if (receipt.session !== session) return;
        this.#settleMessage(receipt.body, session);
        // A receipt that was sent before may be acknowledged as known already, without waiting for anything.
        if (!this.oneShard || receipt.sent > 1) return;
        for (; session.settledUpTo < receipt.after; ++session.settledUpTo) {
            this.#settleMessage(session.answered[session.settledUpTo], session);
        }
    }

    #settleMessage(body, session) {
        session.open.delete(body);
        this.#settled.add(body);
    }

    #lost(session) {
        this.#sessions.delete(session);
        session.receives = false;
        this.receiptsInFlight -= session.inFlight.size;
        this.receiptsOwed.unshift(...session.inFlight);
        session.inFlight.clear();
        for (const body of session.open) this.unsettled.set(body, (this.unsettled.get(body) ?? 0) + 1);
        for (const each of this.#sessions) this.#pay(each);
    }
}

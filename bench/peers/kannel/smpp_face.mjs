// The little of SMPP that the adapter speaks with customers: binds, submit_sm in, receipts out. By hand, because it
// shares the machine with what is measured.
import net from 'node:net';

const RESPONSE = 0x80000000;
const command = { submit_sm: 0x04, deliver_sm: 0x05, unbind: 0x06, bind_transceiver: 0x09, enquire_link: 0x15 };
export const status = { ROK: 0, RINVCMDID: 0x03, RINVBNDSTS: 0x04, RBINDFAIL: 0x0d, RSUBMITFAIL: 0x45 };

function pdu(id, state, sequence, body = Buffer.alloc(0)) {
    const header = Buffer.alloc(16);
    [16 + body.length, id, state, sequence].forEach((value, i) => header.writeUInt32BE(value >>> 0, i * 4));
    return Buffer.concat([header, body]);
}

const cstring = (text) => Buffer.from(`${text}\0`, 'latin1');

/** Reads the fields of a body in their order. */
class Reader {
    #at = 16;
    constructor(octets) { this.octets = octets; }
    string() {
        const end = this.octets.indexOf(0, this.#at);
        const text = this.octets.latin1Slice(this.#at, end);
        this.#at = end + 1;
        return text;
    }
    octet() { return this.octets[this.#at++]; }
    skip(count) { this.#at += count; }
    take(count) { return this.octets.subarray(this.#at, this.#at += count); }
}

function readSubmit(octets) {
    const from = new Reader(octets);
    from.string();  // service_type
    from.skip(2);
    const source = from.string();
    from.skip(2);
    const destination = from.string();
    const esmClass = from.octet();
    from.skip(2);
    from.string();  // schedule_delivery_time
    from.string();  // validity_period
    const registered = from.octet();
    from.skip(1);
    const dataCoding = from.octet();
    from.skip(1);
    return { source, destination, esmClass, registered, dataCoding, text: from.take(from.octet()) };
}

export class Customer {
    bound = false;
    #socket;
    #kept = null;
    #sequence = 0;

    constructor(socket, accounts, onSubmit) {
        Object.assign(this, { accounts, onSubmit });
        this.#socket = socket;
        socket.setNoDelay(true);
        socket.on('data', (octets) => this.#take(octets));
        socket.on('error', () => {});
        socket.on('close', () => { this.bound = false; });
    }

    /** What is written in one turn of the event loop leaves together. */
    #write(octets) {
        if (!this.#socket.writableCorked) {
            this.#socket.cork();
            setImmediate(() => this.#socket.uncork());
        }
        this.#socket.write(octets);
    }

    #take(octets) {
        let rest = this.#kept ? Buffer.concat([this.#kept, octets]) : octets;
        while (rest.length >= 16 && rest.length >= rest.readUInt32BE(0)) {
            const length = rest.readUInt32BE(0);
            if (length < 16) return this.#socket.destroy();
            this.#handle(rest.subarray(0, length));
            rest = rest.subarray(length);
        }
        this.#kept = rest.length ? Buffer.from(rest) : null;
    }

    #handle(octets) {
        const id = octets.readUInt32BE(4);
        const sequence = octets.readUInt32BE(12);
        const answer = (state, body) => this.#write(pdu(id | RESPONSE, state, sequence, body));
        if (id >= RESPONSE) return;
        if (id === command.submit_sm) {
            if (!this.bound) return answer(status.RINVBNDSTS);
            this.onSubmit(this, readSubmit(octets), (state, messageId) => {
                answer(state, state ? undefined : cstring(messageId));
            });
        } else if (id === command.bind_transceiver) {
            const from = new Reader(octets);
            const password = this.accounts.get(from.string());
            this.bound = password !== undefined && password === from.string();
            answer(this.bound ? status.ROK : status.RBINDFAIL, cstring('adapter'));
        } else if (id === command.enquire_link) {
            answer(status.ROK);
        } else if (id === command.unbind) {
            answer(status.ROK);
            setImmediate(() => this.#socket.end());
        } else {
            this.#write(pdu(RESPONSE, status.RINVCMDID, sequence));
        }
    }

    /** A deliver_sm with the receipt of `message`, a submit_sm of this customer. */
    deliver(message, messageId, delivered) {
        if (!this.bound) return;
        const date = new Date().toISOString().replace(/\D/g, '').slice(2, 12);
        const text = `id:${messageId} sub:001 dlvrd:${delivered ? '001' : '000'} submit date:${date} done date:${date} `
            + `stat:${delivered ? 'DELIVRD' : 'UNDELIV'} err:${delivered ? '000' : '001'} `
            + `text:${message.text.toString('latin1', 0, 20)}`;
        const id = cstring(messageId);
        const head = Buffer.from([0, 0x1e, 0, id.length]);               // receipted_message_id
        const state = Buffer.from([0x04, 0x27, 0, 1, delivered ? 2 : 5]);  // message_state
        this.#write(pdu(command.deliver_sm, 0, this.#sequence = (this.#sequence % 0x7fffffff) + 1, Buffer.concat([
            Buffer.from([0, 1, 1]), cstring(message.destination), Buffer.from([1, 1]), cstring(message.source),
            Buffer.from([4, 0, 0, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text, 'latin1'), head, id, state])));
    }
}

/** Listens for customers; `onSubmit(customer, message, answer)`, and `answer(status, messageId)` is called once. */
export function serveSmpp(port, accounts, onSubmit) {
    return new Promise((resolve, reject) => {
        net.createServer((socket) => new Customer(socket, accounts, onSubmit))
            .once('error', reject).listen({ port, host: '127.0.0.1', backlog: 4096 }, resolve);
    });
}

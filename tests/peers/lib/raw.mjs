// A peer that writes octets: for what no SMPP library would let itself be talked into.
import net from 'node:net';
import { endLater } from './alive.mjs';
import { until } from './wait.mjs';

export const Command = {
    generic_nack: 0x80000000, bind_transceiver: 0x09, submit_sm: 0x04, enquire_link: 0x15, unbind: 0x06,
};
export const responseTo = (command) => (command | 0x80000000) >>> 0;

export function pdu(command, sequence, body = Buffer.alloc(0), { status = 0, length = 16 + body.length } = {}) {
    const header = Buffer.alloc(16);
    [length, command, status, sequence].forEach((value, i) => header.writeUInt32BE(value >>> 0, i * 4));
    return Buffer.concat([header, body]);
}

export const cstring = (text) => Buffer.from(`${text}\0`, 'latin1');

export function bindBody(systemId, password, interfaceVersion = 0x34) {
    return Buffer.concat([
        cstring(systemId), cstring(password), cstring(''), Buffer.from([interfaceVersion, 0, 0]), cstring(''),
    ]);
}

/** submit_sm; `overrides` replace single fields by raw octets. */
export function submitBody(overrides = {}) {
    const text = Buffer.from('raw');
    const fields = {
        service_type: cstring(''), source_addr: Buffer.concat([Buffer.from([1, 1]), cstring('46700000001')]),
        destination_addr: Buffer.concat([Buffer.from([1, 1]), cstring('46700000002')]),
        esm_class: Buffer.from([0]), protocol_id: Buffer.from([0]), priority_flag: Buffer.from([0]),
        schedule_delivery_time: cstring(''), validity_period: cstring(''), registered_delivery: Buffer.from([0]),
        replace_if_present_flag: Buffer.from([0]), data_coding: Buffer.from([0]), sm_default_msg_id: Buffer.from([0]),
        sm_length: Buffer.from([text.length]), short_message: text, tlvs: Buffer.alloc(0), ...overrides,
    };
    return Buffer.concat(Object.values(fields));
}

export class RawPeer {
    received = [];  // { command, status, sequence, body }
    closed = false;
    answersEnquireLink = false;  // otherwise it says nothing by itself, as if it were dead
    #buffer = Buffer.alloc(0);

    onPdu = null;  // gets each PDU instead of `received`

    constructor(socket) {
        this.socket = socket;
        socket.on('data', (data) => this.#take(data));
        socket.on('error', () => {});
        const forget = endLater(() => socket.destroy());
        socket.on('close', () => { this.closed = true; forget(); });
    }

    static async connect(port, localAddress = '127.0.0.1') {
        const socket = net.connect({ port, host: '127.0.0.1', localAddress, noDelay: true });
        await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
        return new RawPeer(socket);
    }

    write(octets) { this.socket.write(octets); }

    /** The next PDU not taken yet. */
    async next() {
        await until('a PDU', () => this.received.length || this.closed);
        if (!this.received.length) throw new Error('the connection was closed');
        return this.received.shift();
    }

    async request(command, sequence, body) {
        this.write(pdu(command, sequence, body));
        return this.next();
    }

    #take(data) {
        this.#buffer = Buffer.concat([this.#buffer, data]);
        while (this.#buffer.length >= 16 && this.#buffer.length >= this.#buffer.readUInt32BE(0)) {
            const length = this.#buffer.readUInt32BE(0);
            const [command, status, sequence] = [4, 8, 12].map((at) => this.#buffer.readUInt32BE(at));
            if (command === Command.enquire_link && this.answersEnquireLink) {
                this.write(pdu(responseTo(command), sequence));
            } else if (this.onPdu) {
                this.onPdu({ command, status, sequence, body: this.#buffer.subarray(16, length) });
            } else {
                this.received.push({ command, status, sequence, body: this.#buffer.subarray(16, length) });
            }
            this.#buffer = this.#buffer.subarray(length);
        }
    }
}

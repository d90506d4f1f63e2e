// Who must not notice what is done to the gateway.
import assert from 'node:assert/strict';

/** A customer who behaves: a message every 10 ms, each timed. */
export class Bystander {
    sent = 0;
    #waits = [];
    #timer = null;
    #open = new Set();

    constructor(esme) { this.esme = esme; }

    start() {
        this.#timer = setInterval(() => {
            const began = performance.now();
            const one = this.esme.submit({
                source_addr: 'Shop', source_addr_ton: 5, destination_addr: '46700000001', dest_addr_ton: 1,
                text: `bystander ${this.sent++}`, registered_delivery: 1,
            }).then((answer) => {
                assert.equal(answer.command_status, 0);
                this.#waits.push(performance.now() - began);
            }).finally(() => this.#open.delete(one));
            this.#open.add(one);
        }, 10);
    }

    /** Ends the sending and resolves once everything sent is answered. */
    async stop() {
        clearInterval(this.#timer);
        await Promise.all(this.#open);
    }

    /** What the messages since the last time waited. */
    figures() {
        const sorted = this.#waits.sort((a, b) => a - b);
        this.#waits = [];
        if (!sorted.length) return 'no message answered';
        const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(1);
        return `${sorted.length} messages answered, p50 ${at(0.5)} ms, p99 ${at(0.99)}, longest ${at(1)}`;
    }
}

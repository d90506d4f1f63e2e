// A customer under load: keeps a window of submit_sm unanswered, comes back when the connection is lost, and remembers
// what it was promised. A message whose answer never came is not sent again: its outcome is unknown, which is what the
// counting at the end needs to tell apart.
import { Esme } from './esme.mjs';
import { sleep } from './wait.mjs';

export class Load {
    acknowledged = new Map();  // message id -> text
    unanswered = [];           // texts
    refused = [];              // texts answered with an error
    connections = 0;
    #sent = 0;
    #running = false;
    #done = null;

    /** `fields(n)` gives what is special about the n-th submit_sm; its text is `${name}-${n}`. */
    constructor(name, esme, { window, fields }) {
        Object.assign(this, { name, esme, window, fields });
    }

    start() {
        this.#running = true;
        this.#done = this.#run();
    }

    /** Ends the sending; receipts still come in until the connection is ended. */
    async stopSending() {
        this.#running = false;
        await this.#done;
    }

    /** Bound for what is still to come; comes back as often as it must. */
    async stayBound(isOver) {
        while (!isOver()) {
            if (!this.esme.bound) await this.#bind();
            await sleep(20);
        }
    }

    async #run() {
        while (this.#running) {
            if (!await this.#bind()) continue;
            await Promise.all(Array.from({ length: this.window }, () => this.#sender()));
        }
    }

    async #bind() {
        try {
            if (!this.esme.bound) {
                await this.esme.bind();
                this.connections += 1;
            }
            return true;
        } catch {
            this.esme.drop();
            await sleep(50);
            return false;
        }
    }

    async #sender() {
        while (this.#running && this.esme.bound) {
            const number = this.#sent++;
            const text = `${this.name}-${number}`;
            try {
                const answer = await this.esme.submit({ text, registered_delivery: 1, ...this.fields(number) });
                if (answer.command_status === 0) this.acknowledged.set(answer.message_id, text);
                else this.refused.push(text);
            } catch {
                this.unanswered.push(text);
                return;
            }
        }
    }
}

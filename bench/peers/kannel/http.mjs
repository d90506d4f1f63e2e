// HTTP/1.1 over connections that are kept, as little of it as smsbox needs on both sides.
import net from 'node:net';

/** GETs paths of 127.0.0.1:port over at most `connections` at a time; the others wait. */
export class HttpClient {
    #idle = [];
    #waiting = [];
    #opened = 0;

    constructor(port, connections) { Object.assign(this, { port, connections }); }

    /** `done(code)`, where 0 is no answer at all. */
    get(path, done) {
        const request = { octets: `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`, done };
        const socket = this.#idle.pop() ?? (this.#opened < this.connections ? this.#open() : null);
        if (socket) this.#send(socket, request);
        else this.#waiting.push(request);
    }

    #send(socket, request) {
        socket.request = request;
        socket.write(request.octets, 'latin1');
    }

    #open() {
        this.#opened += 1;
        const socket = net.connect({ port: this.port, host: '127.0.0.1', noDelay: true });
        socket.setEncoding('latin1');
        let text = '';
        socket.on('data', (more) => {
            text += more;
            const end = text.indexOf('\r\n\r\n');
            const length = end < 0 ? null : /content-length: *(\d+)/i.exec(text);
            if (!length || text.length < end + 4 + Number(length[1])) return;
            const code = Number(text.slice(9, 12));
            text = '';
            const { done } = socket.request;
            socket.request = null;
            done(code);
            const next = this.#waiting.shift();
            if (next) this.#send(socket, next);
            else this.#idle.push(socket);
        });
        socket.on('error', () => {});
        socket.on('close', () => {
            this.#opened -= 1;
            this.#idle = this.#idle.filter((each) => each !== socket);
            socket.request?.done(0);
            const next = this.#waiting.shift();
            if (next) this.#send(this.#open(), next);
        });
        return socket;
    }
}

/** Answers every GET with 200 and calls `onGet(path)`; resolves with the port. */
export function serveHttp(onGet) {
    const server = net.createServer((socket) => {
        socket.setNoDelay(true);
        socket.setEncoding('latin1');
        let text = '';
        socket.on('error', () => {});
        socket.on('data', (more) => {
            text += more;
            for (let end; (end = text.indexOf('\r\n\r\n')) >= 0; text = text.slice(end + 4)) {
                onGet(text.slice(4, text.indexOf(' ', 4)));
                socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
            }
        });
    });
    return new Promise((resolve, reject) => {
        server.once('error', reject).listen(0, '127.0.0.1', () => resolve(server.address().port));
    });
}

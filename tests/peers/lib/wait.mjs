// Waiting for things that happen elsewhere. The limits are guards against hanging, never a measure of anything.
import net from 'node:net';

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves with the first truthy value of `condition`; fails naming `what` after `seconds`. */
export async function until(what, condition, seconds = 60) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
        const value = await condition();
        if (value) return value;
        if (Date.now() > end) throw new Error(`waited ${seconds} s in vain: ${what}`);
        await sleep(20);
    }
}

/** `count` different TCP ports of 127.0.0.1 that nobody listens on now. */
export async function freePorts(count) {
    const servers = await Promise.all(
        Array.from({ length: count }, () => new Promise((resolve, reject) => {
            const server = net.createServer().once('error', reject);
            server.listen(0, '127.0.0.1', () => resolve(server));
        })));
    const ports = servers.map((server) => server.address().port);
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    return ports;
}

/** True when someone accepts connections on the port. */
export function listening(port) {
    return new Promise((resolve) => {
        const socket = net.connect(port, '127.0.0.1');
        const say = (yes) => { socket.destroy(); resolve(yes); };
        socket.once('connect', () => say(true)).once('error', () => say(false));
    });
}

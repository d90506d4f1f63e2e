// What must not outlive a test, passed or failed: a socket or process left open would keep node from ending.
const alive = new Set();

/** `end` is called unless `forget` comes first. Returns `forget`. */
export function endLater(end) {
    alive.add(end);
    return () => alive.delete(end);
}

export function endAll() {
    for (const end of alive) end();
    alive.clear();
}
process.once('exit', endAll);

// A gateway as one makes it with node-smpp: customers bind to a server of it, a few sessions of it are bound to the
// provider, and a map in memory knows whom a receipt belongs to. Nothing is stored.
import { createRequire } from 'node:module';
import { fail, peerArguments, providerBinds, ready } from '../lib.mjs';

const smpp = load('smpp');

const options = peerArguments({ nagle: { type: 'boolean', default: false } });
const ESM_CLASS_RECEIPT = 0x04;
const mostEarly = 10_000;

const owed = new Map();   // the provider's message_id -> { customer, id }
const early = new Map();  // receipts that came before their submit_sm_resp
const upstream = [];
let nextUpstream = 0;
let lastId = 0;

/** A package that the set-up has installed for the tests. */
function load(name) {
    try {
        return createRequire(new URL('../../../tests/peers/package.json', import.meta.url))(name);
    } catch {
        return fail('node-smpp is not installed (tools/setup test)');
    }
}

/** The fields of a PDU that are to be the same on the other side. */
function fieldsOf({ command, command_id, command_length, command_status, sequence_number, ...fields }) {
    return fields;
}

function prepare(session) {
    session.socket.setNoDelay(!options.nagle);
    session.on('enquire_link', (pdu) => session.send(pdu.response()));
    session.on('unbind', (pdu) => session.send(pdu.response(), () => session.close()));
}

// ---- customers

function serve(session) {
    prepare(session);
    session.bound = false;
    session.on('error', () => {});
    session.on('close', () => { session.bound = false; });
    session.on('bind_transceiver', (pdu) => {
        session.bound = options.accounts.get(pdu.system_id) === pdu.password;
        session.send(pdu.response({
            system_id: 'gateway', command_status: session.bound ? smpp.ESME_ROK : smpp.ESME_RBINDFAIL,
        }));
    });
    session.on('submit_sm', (pdu) => {
        if (session.bound) submit(session, pdu);
        else session.send(pdu.response({ command_status: smpp.ESME_RINVBNDSTS }));
    });
}

function submit(customer, pdu) {
    const provider = upstream[nextUpstream++ % upstream.length];
    const sent = provider.submit_sm(fieldsOf(pdu), (answer) => {
        if (answer.command_status !== smpp.ESME_ROK) {
            customer.send(pdu.response({ command_status: answer.command_status }));
            return;
        }
        const id = String(++lastId);
        customer.send(pdu.response({ message_id: id }));
        if (!options.receipts || !(pdu.registered_delivery & 3)) return;
        owed.set(answer.message_id, { customer, id });
        const receipt = early.get(answer.message_id);
        if (!receipt) return;
        early.delete(answer.message_id);
        deliver(receipt.provider, receipt.pdu, answer.message_id);
    });
    if (!sent) customer.send(pdu.response({ command_status: smpp.ESME_RSYSERR }));
}

// ---- the provider

function connect() {
    const session = new smpp.Session(options.provider);
    session.on('connect', () => {
        prepare(session);
        session.bind_transceiver({ system_id: 'provider', password: 'secret' }, (pdu) => {
            if (pdu.command_status !== smpp.ESME_ROK) fail('the provider refuses the bind');
            session.bound = true;
            upstream.push(session);
            if (upstream.length === providerBinds) ready(process.pid);
        });
    });
    session.on('error', () => {});  // always followed by close
    session.on('close', () => {
        if (session.bound) fail('the provider has closed a connection');
        setTimeout(connect, 100);
    });
    session.on('deliver_sm', (pdu) => {
        const id = pdu.receipted_message_id ?? /\bid:(\S+)/.exec(pdu.short_message.message)?.[1];
        if (!(pdu.esm_class & ESM_CLASS_RECEIPT) || !id) {
            session.send(pdu.response({ command_status: smpp.ESME_RX_P_APPN }));
        } else if (owed.has(id)) {
            deliver(session, pdu, id);
        } else if (early.size < mostEarly) {
            early.set(id, { provider: session, pdu });
        } else {
            session.send(pdu.response({ command_status: smpp.ESME_RX_T_APPN }));
        }
    });
}

function deliver(provider, pdu, providerId) {
    const { customer, id } = owed.get(providerId);
    owed.delete(providerId);
    const fields = fieldsOf(pdu);
    fields.short_message = { ...pdu.short_message, message: pdu.short_message.message.replace(/\bid:\S+/, `id:${id}`) };
    if (fields.receipted_message_id !== undefined) fields.receipted_message_id = id;
    const sent = customer.deliver_sm(fields, (answer) => {
        provider.send(pdu.response({ command_status: answer.command_status }));
    });
    if (!sent) provider.send(pdu.response({ command_status: smpp.ESME_RX_P_APPN }));
}

process.on('SIGTERM', () => process.exit(0));
smpp.createServer(serve).listen(options.listen, '127.0.0.1', () => {
    for (let i = 0; i < providerBinds; ++i) connect();
});

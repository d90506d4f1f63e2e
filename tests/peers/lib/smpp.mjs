// node-smpp, or null where the set-up could not install it; and what both of our peers built on it need.

export const smpp = await import('smpp').then((module) => module.default, () => null);

/** For node:test's `skip` option. */
export const withoutSmpp = smpp ? false : 'node-smpp is not installed (tools/setup test)';

export const ESM_CLASS_RECEIPT = 0x04;
export const REGISTERED_DELIVERY_FINAL = 1;
export const MESSAGE_STATE_DELIVERED = 2;

/** The body of a submit_sm or deliver_sm as text of one octet a character. */
export function text(pdu) {
    const body = pdu.short_message?.message ?? pdu.message_payload?.message ?? '';
    return Buffer.isBuffer(body) ? body.toString('latin1') : body;
}

/** The `key:value` fields of a receipt's text, and its TLVs where it carries them. */
export function parseReceipt(pdu) {
    const field = (key) => new RegExp(`\\b${key}:(\\S*)`).exec(text(pdu))?.[1];
    return {
        id: field('id'),
        stat: field('stat'),
        err: field('err'),
        receiptedMessageId: pdu.receipted_message_id,
        messageState: pdu.message_state,
    };
}

export const isReceipt = (pdu) => (pdu.esm_class & 0x3c) === ESM_CLASS_RECEIPT;

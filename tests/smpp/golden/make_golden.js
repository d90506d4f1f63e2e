// Writes node-smpp.txt: each case of cases.json as node-smpp encodes it, one line of hex a case, "-" where it cannot.
// Run: npm install smpp && node make_golden.js > node-smpp.txt
'use strict';
const smpp = require('smpp');
const cases = require('./cases.json');

// What node-smpp wants for a field or TLV: numbers by type, texts without their NUL, octets as a Buffer.
function field(value) {
    return value !== null && typeof value === 'object' && 'hex' in value ? Buffer.from(value.hex, 'hex') : value;
}
function tlv(name, hex) {
    const octets = Buffer.from(hex, 'hex');
    const definition = smpp.tlvs[name];
    if (!definition) throw new Error(`no TLV ${name}`);
    const type = Object.keys(smpp.types.tlv).find((key) => smpp.types.tlv[key] === definition.type);
    let value = octets;
    if (type.startsWith('int')) value = octets.readUIntBE(0, octets.length);
    if (type === 'cstring') value = octets.subarray(0, -1);
    return definition.multiple ? [value] : value;
}

for (const {command, status, sequence, fields, tlvs} of cases) {
    const options = {command_status: status, sequence_number: sequence};
    for (const [name, value] of Object.entries(fields)) options[name] = field(value);
    try {
        for (const [name, hex] of Object.entries(tlvs)) options[name] = tlv(name, hex);
        console.log(new smpp.PDU(command, options).toBuffer().toString('hex'));
    } catch (error) {
        console.error(`${command}: ${error.message}`);
        console.log('-');
    }
}

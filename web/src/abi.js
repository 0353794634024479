// abi.js - Solidity's ABI: calls, events and errors told in words, and calls
// made from what a person typed.
//
// Types: uintN, intN, address, bool, bytesN, bytes, string, T[], T[k] and
// tuples.  Values: BigInt, boolean, text (0x-hex for bytes and addresses), or
// an array of values for lists and tuples.  What is not well formed throws
// AbiError: data of strangers is never trusted to be what it says.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';

export class AbiError extends Error {}
const DEPTH = 8;    // of nested types
const VALUES = 4096; // of one call or event: lists may point at one another

const hex = (b) => `0x${bytesToHex(b)}`;
const unhex = (s) => {
  if (!/^0x([0-9a-fA-F]{2})*$/.test(s)) throw new AbiError('no hexadecimal');
  return hexToBytes(s.slice(2));
};

/* ---------------------------------------------------------------- types */

// An ABI's parameter as { kind, bits, item, count, parts, text }.
export function typeOf(param, depth = 0) {
  const text = param.type;
  if (depth > DEPTH) throw new AbiError(`${text}: too deep`);
  const list = /^(.*)\[(\d*)\]$/.exec(text);
  if (list) {
    const item = typeOf({ ...param, type: list[1] }, depth + 1);
    return { kind: 'list', item, count: list[2] && Number(list[2]),
      text: `${item.text}[${list[2]}]` };
  }
  if (text === 'tuple') {
    const parts = param.components.map((c) => ({ name: c.name,
      type: typeOf(c, depth + 1) }));
    return { kind: 'tuple', parts,
      text: `(${parts.map((p) => p.type.text).join(',')})` };
  }
  const m = /^(uint|int|bytes|address|bool|string|function)(\d*)$/.exec(text);
  if (!m) throw new AbiError(`${text}: unknown type`);
  return { kind: m[1] === 'bytes' && m[2] ? 'fixed' : m[1],
    bits: Number(m[2] || (m[1] === 'uint' || m[1] === 'int' ? 256 : 0)), text };
}
const isDynamic = (t) => t.kind === 'bytes' || t.kind === 'string'
  || (t.kind === 'list' && (t.count === '' || isDynamic(t.item)))
  || (t.kind === 'tuple' && t.parts.some((p) => isDynamic(p.type)));
const headSize = (t) => isDynamic(t) ? 32
  : t.kind === 'list' ? t.count * headSize(t.item)
    : t.kind === 'tuple' ? t.parts.reduce((n, p) => n + headSize(p.type), 0)
      : 32;

export const signature = (row) =>
  `${row.name}(${(row.inputs ?? []).map((p) => typeOf(p).text).join(',')})`;
const hashOf = (row) => hex(keccak_256(utf8ToBytes(signature(row))));

/* -------------------------------------------------------------- decoding */

const word = (data, at) => {
  if (at < 0 || at + 32 > data.length) throw new AbiError('ends too early');
  return BigInt(hex(data.subarray(at, at + 32)));
};
const offset = (data, at) => {
  const n = word(data, at);
  if (n > BigInt(data.length)) throw new AbiError('points outside');
  return Number(n);
};

const READ = {
  uint: (t, data, at) => word(data, at),
  int: (t, data, at) => BigInt.asIntN(256, word(data, at)),
  bool: (t, data, at) => word(data, at) !== 0n,
  address: (t, data, at) => {
    word(data, at);
    return hex(data.subarray(at + 12, at + 32));
  },
  function: (t, data, at) => {
    word(data, at);
    return hex(data.subarray(at, at + 24));
  },
  fixed: (t, data, at) => {
    word(data, at);
    return hex(data.subarray(at, at + t.bits));
  },
  bytes: (t, data, at) => hex(run(data, at)),
  string: (t, data, at) => new TextDecoder().decode(run(data, at)),
  list: (t, data, at) => {
    const count = t.count === '' ? offset(data, at) : t.count;
    spend(count);
    return several(Array(count).fill(t.item), data,
      t.count === '' ? at + 32 : at);
  },
  tuple: (t, data, at) => several(t.parts.map((p) => p.type), data, at),
};
let left = 0;
function spend(count) {
  left -= count;
  if (left < 0) throw new AbiError('too many values');
}
function run(data, at) {
  const size = offset(data, at);
  if (at + 32 + size > data.length) throw new AbiError('ends too early');
  return data.subarray(at + 32, at + 32 + size);
}
function several(types, data, base) {
  let at = base;
  return types.map((t) => {
    const from = isDynamic(t) ? base + offset(data, at) : at;
    at += headSize(t);
    return READ[t.kind](t, data, from);
  });
}

// Values of params from bytes (0x-hex).
export function decode(params, data) {
  left = VALUES;
  return several(params.map((p) => typeOf(p)), unhex(data), 0);
}

/* -------------------------------------------------------------- encoding */

const wordOf = (n) => hexToBytes(BigInt.asUintN(256, n).toString(16)
  .padStart(64, '0'));
const padded = (b) => {
  const out = new Uint8Array(Math.ceil(b.length / 32) * 32);
  out.set(b);
  return out;
};
const join = (list) => {
  const out = new Uint8Array(list.reduce((n, b) => n + b.length, 0));
  let at = 0;
  for (const b of list) { out.set(b, at); at += b.length; }
  return out;
};
function integer(t, v) {
  let n;
  try { n = BigInt(v); } catch { throw new AbiError(`${v}: no number`); }
  const fits = t.kind === 'uint' ? BigInt.asUintN(t.bits, n)
    : BigInt.asIntN(t.bits, n);
  if (fits !== n) throw new AbiError(`${v}: does not fit ${t.text}`);
  return wordOf(n);
}
const exact = (v, size) => {
  const b = unhex(String(v));
  if (b.length !== size) throw new AbiError(`${v}: needs ${size} bytes`);
  return b;
};
const long = (b) => join([wordOf(BigInt(b.length)), padded(b)]);

const WRITE = {
  uint: integer, int: integer,
  bool: (t, v) => wordOf([true, 'true', 1, '1'].includes(v) ? 1n : 0n),
  address: (t, v) => wordOf(BigInt(hex(exact(v, 20)))),
  function: (t, v) => padded(exact(v, 24)),
  fixed: (t, v) => padded(exact(v, t.bits)),
  bytes: (t, v) => long(unhex(String(v))),
  string: (t, v) => long(utf8ToBytes(String(v))),
  list: (t, v) => {
    if (!Array.isArray(v) || (t.count !== '' && v.length !== t.count)) {
      throw new AbiError(`${t.text}: needs a list`);
    }
    const body = together(v.map(() => t.item), v);
    return t.count === '' ? join([wordOf(BigInt(v.length)), body]) : body;
  },
  tuple: (t, v) => together(t.parts.map((p) => p.type), Array.isArray(v) ? v
    : t.parts.map((p) => v?.[p.name])),
};
function together(types, values) {
  const parts = types.map((t, i) => WRITE[t.kind](t, values[i]));
  let at = types.reduce((n, t) => n + headSize(t), 0);
  const head = types.map((t, i) => {
    if (!isDynamic(t)) return parts[i];
    const here = wordOf(BigInt(at));
    at += parts[i].length;
    return here;
  });
  return join([...head, ...parts.filter((p, i) => isDynamic(types[i]))]);
}

// The bytes of a call (0x-hex) with values, one for each of row's inputs.
export const encodeCall = (row, values) => hashOf(row).slice(0, 10)
  + hex(together(row.inputs.map((p) => typeOf(p)), values)).slice(2);

/* ------------------------------------------------------------- in words */

const named = (params, values) => params.map((p, i) => ({
  name: p.name || `${i + 1}`, type: p.type, value: values[i] }));

// A call, error or event by an ABI: { name, args: [{ name, type, value }] },
// or null when no row fits.
export function readCall(abi, data, type = 'function') {
  const row = abi.find((r) => r.type === type
    && hashOf(r).slice(0, 10) === data.slice(0, 10));
  if (!row) return null;
  try {
    return { name: row.name, args: named(row.inputs, decode(row.inputs,
      `0x${data.slice(10)}`)) };
  } catch (e) {
    if (e instanceof AbiError) return null;
    throw e;
  }
}
export function readEvent(abi, log) {
  const topics = log.topics.slice(1);
  const row = abi.find((r) => r.type === 'event' && hashOf(r) === log.topics[0]
    && r.inputs.filter((p) => p.indexed).length === topics.length);
  if (!row) return null;
  try {
    const body = decode(row.inputs.filter((p) => !p.indexed), log.data);
    const args = row.inputs.map((p, i) => {
      const name = p.name || `${i + 1}`;
      if (!p.indexed) return { name, type: p.type, value: body.shift() };
      const topic = topics.shift();
      const t = typeOf(p);
      // Of what is longer than a word only the hash is there.
      return isDynamic(t) || t.kind === 'list' || t.kind === 'tuple'
        ? { name, type: 'bytes32', value: topic }
        : { name, type: p.type, value: decode([p], topic)[0] };
    });
    return { name: row.name, args };
  } catch (e) {
    if (e instanceof AbiError) return null;
    throw e;
  }
}

// claims.js - salted claims (SPEC-commerce Identity): a tree of leaves of which
// only the root is on the chain.  The holder keeps the leaves with their salts,
// on this browser and as a file; he shows those he chooses, with their proofs.
//   leaf = keccak256(0x00 | abi.encode(bytes32 salt, string key, bytes value))
//   node = keccak256(0x01 | left | right); up to 64 leaves, then zero leaves
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes }
  from '@noble/hashes/utils.js';
import { encodeCall } from './abi.js';

export const LEAVES_MAX = 64;
const KEPT = 'claims';
const LEAF = { type: 'function', name: 'leaf', inputs: [{ type: 'bytes32' },
  { type: 'string' }, { type: 'bytes' }] };
const hex = (bytes) => `0x${bytesToHex(bytes)}`;

export const wordOf = (text) => hex(keccak_256(utf8ToBytes(text)));
export const valueBytes = (text) => hex(utf8ToBytes(text));
export const newSalt = () => hex(crypto.getRandomValues(new Uint8Array(32)));

// After the selector: the bare encoding.
const leafHash = ({ salt, key, value }) => keccak_256(concatBytes(
  new Uint8Array([0]), hexToBytes(encodeCall(LEAF, [salt, key,
    valueBytes(value)]).slice(10))));

// From the leaves up: every row of nodes, the last with the root alone.
function rowsOf(leaves) {
  let row = leaves.map(leafHash);
  const size = 2 ** Math.ceil(Math.log2(Math.max(1, row.length)));
  while (row.length < size) row.push(new Uint8Array(32));
  const rows = [row];
  while (row.length > 1) {
    row = Array.from({ length: row.length / 2 }, (_, i) => keccak_256(
      concatBytes(new Uint8Array([1]), row[2 * i], row[2 * i + 1])));
    rows.push(row);
  }
  return rows;
}
export const rootOf = (leaves) => hex(rowsOf(leaves).at(-1)[0]);
export const proofOf = (leaves, index) => rowsOf(leaves).slice(0, -1)
  .map((row, level) => hex(row[(index >> level) ^ 1]));

/* ------------------------------------------------------------------- kept */

// { root: { subject, issuer, schema, leaves } }
export const kept = () => JSON.parse(localStorage.getItem(KEPT) ?? '{}');
export function keep(request) {
  localStorage.setItem(KEPT, JSON.stringify({ ...kept(),
    [rootOf(request.leaves)]: request }));
}

/* ------------------------------------------------------- as text in a link */

export const pack = (value) => btoa(String.fromCharCode(...utf8ToBytes(
  JSON.stringify(value)))).replace(/\+/g, '-').replace(/\//g, '_')
  .replace(/=+$/, '');
// Of a link or of what stands behind its #; null when it is none.
export function unpack(text) {
  try {
    const bytes = atob(text.trim().split('#').pop().replace(/-/g, '+')
      .replace(/_/g, '/'));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes,
      (c) => c.charCodeAt(0))));
  } catch { return null; }
}
// What came from others: a request with leaves of three texts each.
export const isRequest = (r) => Array.isArray(r?.leaves) && r.leaves.length > 0
  && r.leaves.length <= LEAVES_MAX && r.leaves.every((l) =>
  /^0x[0-9a-f]{64}$/.test(l?.salt) && typeof l.key === 'string'
    && typeof l.value === 'string');

// metadata.js - whether an interface is the one that a contract's code names.
//
// solc ends the code of a contract with a CBOR map and its length (2 bytes, big
// endian); its "ipfs" is the CIDv0 multihash (0x12 0x20 and 32 bytes of SHA-256)
// of the metadata file: JSON with the ABI, the compiler's version and settings,
// and the keccak256 of each source.  The file's hash is that of one block of
// IPFS: protobuf { 1: { 1: 2 (file), 2: bytes, 3: size } }, for files of up to
// BLOCK bytes; longer ones are several blocks and are not checked here.
//
// Who deploys a contract chooses these bytes.  That they agree tells that he
// named this interface, not that the source was compiled again.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';

const BLOCK = 262144;
const SOURCES = 64, SOURCE_BYTES = 1 << 19;

/* ------------------------------------------------------------ the code's end */

const U8 = 24, U16 = 25; // CBOR: the length follows in one byte, in two
function item(b, at) {
  const kind = b[at] >> 5, small = b[at] & 31;
  let n = small, next = at + 1;
  if (small === U8) n = b[next++];
  else if (small === U16) { n = b[next] << 8 | b[next + 1]; next += 2; }
  else if (small > U8) throw new RangeError('length');
  if (kind === 2 || kind === 3) {
    if (next + n > b.length) throw new RangeError('end');
    const body = b.subarray(next, next + n);
    return [kind === 3 ? new TextDecoder().decode(body) : body, next + n];
  }
  if (kind === 7) return [n === 21, next];
  if (kind !== 5) throw new RangeError('kind');
  const map = Object.create(null);
  for (let i = 0; i < n; i++) {
    const [key, then] = item(b, next);
    [map[key], next] = item(b, then);
  }
  return [map, next];
}

// code: 0x-hex.  { hash (hex), compiler } or null.
export function namedBy(code) {
  try {
    const b = hexToBytes(code.slice(2));
    const size = b.at(-2) << 8 | b.at(-1);
    const [map] = item(b.subarray(b.length - 2 - size, b.length - 2), 0);
    if (map.ipfs?.length !== 34 || map.ipfs[0] !== 0x12) return null;
    return { hash: bytesToHex(map.ipfs.subarray(2)),
      compiler: typeof map.solc === 'string' ? map.solc
        : map.solc?.length === 3 ? map.solc.join('.') : null };
  } catch { return null; }
}

/* ---------------------------------------------------------------- the file's */

const varint = (n) => {
  const out = [];
  for (; n > 127; n >>>= 7) out.push(n & 127 | 128);
  return [...out, n];
};

// SHA-256 (hex) of the file's one block; null of a longer one.
export function fileHash(text) {
  const data = utf8ToBytes(text);
  if (data.length > BLOCK) return null;
  const size = varint(data.length);
  const head = [8, 2, ...data.length ? [18, ...size] : []];
  const tail = [24, ...size];
  const whole = varint(head.length + data.length + tail.length);
  return bytesToHex(sha256(Uint8Array.from([10, ...whole, ...head, ...data,
    ...tail])));
}

/* ------------------------------------------------------- what a person gives */

// Metadata texts within: a metadata file itself, an artifact with one, the
// compiler's standard JSON output, a build-info file; and sources beside.
function gather(json, found) {
  const take = (text) => typeof text === 'string' && found.metadata.push(text);
  take(json.metadata);
  take(json.rawMetadata);
  for (const file of Object.values(json.contracts ?? {})) {
    for (const c of Object.values(file ?? {})) take(c?.metadata);
  }
  for (const [path, s] of Object.entries(json.sources ?? {})) {
    if (typeof s?.content === 'string') found.sources.set(path, s.content);
  }
  for (const part of [json.output, json.input]) {
    if (part && typeof part === 'object' && !Array.isArray(part)) {
      gather(part, found);
    }
  }
}

const hashText = (text) => `0x${bytesToHex(keccak_256(utf8ToBytes(text)))}`;

// texts: [{ name, text }].  What agrees with the code: { abi, name, compiler,
// sources: [{ path, text or undefined }] }; null when nothing does.
export function checked(code, texts) {
  const named = namedBy(code);
  if (!named) return null;
  const found = { metadata: [], sources: new Map() };
  const loose = [];
  for (const { text } of texts) {
    let json = null;
    try { json = JSON.parse(text); } catch { loose.push(text); }
    if (!json || typeof json !== 'object') continue;
    if (json.output?.abi && json.compiler) found.metadata.push(text);
    gather(json, found);
  }
  const text = found.metadata.find((m) => fileHash(m) === named.hash);
  if (!text) return null;
  const { output, compiler, settings, sources } = JSON.parse(text);
  const byHash = new Map([...loose, ...found.sources.values()].map((s) =>
    [hashText(s), s]));
  let room = SOURCE_BYTES;
  return { abi: output.abi, compiler: String(compiler?.version ?? ''),
    name: Object.values(settings?.compilationTarget ?? {})[0] ?? null,
    sources: Object.entries(sources ?? {}).slice(0, SOURCES).map(([path, s]) => {
      const own = typeof s.content === 'string' && hashText(s.content)
        === s.keccak256 ? s.content : byHash.get(s.keccak256);
      if (own !== undefined) room -= own.length;
      return { path, text: room >= 0 ? own : undefined };
    }) };
}

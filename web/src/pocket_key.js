// pocket_key.js - the key of a wallet made in the page: EIP-1559 transactions,
// EIP-191 messages, and its file (Web3 Secret Storage, version 3: scrypt and
// AES-128-CTR), which geth and other wallets take.  The words that it is made of
// are in the file too, as ethers has them there (x-ethers).  Plain JavaScript, so that it
// works without a secure context, where a page has no crypto.subtle.
import { ctr } from '@noble/ciphers/aes.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { scryptAsync } from '@noble/hashes/scrypt.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, concatBytes, hexToBytes, randomBytes, utf8ToBytes }
  from '@noble/hashes/utils.js';

const KDF = { n: 65536, r: 8, p: 1, dklen: 32 };
const KDF_MOST = 1 << 18; // n of a file that is opened here: 256 MiB

const hex = (b) => `0x${bytesToHex(b)}`;
const unhex = (s) => hexToBytes((s.length % 2 ? '0' : '') + s);

export const addressOf = (key) => bytesToHex(keccak_256(secp256k1.getPublicKey(
  key, false).subarray(1)).subarray(12));

/* ------------------------------------------------------------------ signing */

function sign(key, hash) {
  const [v, ...rs] = secp256k1.sign(hash, key, { prehash: false,
    format: 'recovered' });
  return { v, r: Uint8Array.from(rs.slice(0, 32)),
    s: Uint8Array.from(rs.slice(32)) };
}

const big = (n) => { // big endian, no zeros before
  let out = [];
  for (; n; n >>>= 8) out = [n & 255, ...out];
  return Uint8Array.from(out);
};
const framed = (body, short, long) => body.length < 56
  ? concatBytes(Uint8Array.of(short + body.length), body)
  : concatBytes(Uint8Array.of(long + big(body.length).length),
    big(body.length), body);
const rlp = (x) => Array.isArray(x) ? framed(concatBytes(...x.map(rlp)), 0xc0,
  0xf7) : x.length === 1 && x[0] < 128 ? x : framed(x, 0x80, 0xb7);
const number = (quantity) => {
  const s = BigInt(quantity ?? 0).toString(16);
  return s === '0' ? new Uint8Array() : unhex(s);
};
const trimmed = (b) => b.subarray(b.findIndex((x) => x !== 0));

// tx: quantities and data as JSON-RPC has them.  The network takes no fee.
export function signTransaction(key, tx) {
  const body = [number(tx.chainId), number(tx.nonce), number(0), number(0),
    number(tx.gas), tx.to ? unhex(tx.to.slice(2)) : new Uint8Array(),
    number(tx.value), unhex((tx.data ?? '0x').slice(2)), []];
  const typed = (list) => concatBytes(Uint8Array.of(2), rlp(list));
  const { v, r, s } = sign(key, keccak_256(typed(body)));
  return hex(typed([...body, number(v), trimmed(r), trimmed(s)]));
}

export function signMessage(key, data) {
  const bytes = unhex(data.slice(2));
  const { v, r, s } = sign(key, keccak_256(concatBytes(utf8ToBytes(
    `\x19Ethereum Signed Message:\n${bytes.length}`), bytes)));
  return hex(concatBytes(r, s, Uint8Array.of(27 + v)));
}

/* ----------------------------------------------------------------- the file */

// 32 bytes for the key; the 32 after them, which change nothing before, are for
// its words.
const derive = (password, { n, r, p, salt }) => scryptAsync(
  utf8ToBytes(password.normalize('NFKC')), hexToBytes(salt),
  { N: n, r, p, dkLen: 64 });
const macOf = (derived, sealed) => bytesToHex(keccak_256(concatBytes(
  derived.subarray(16, 32), sealed)));

const uuid = () => {
  const b = randomBytes(16);
  b[6] = b[6] & 15 | 64;
  b[8] = b[8] & 63 | 128;
  return bytesToHex(b).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
};

// entropy: of the words that the key is made of (pocket_words.js).
export async function seal(key, password, entropy) {
  const kdfparams = { ...KDF, salt: bytesToHex(randomBytes(32)) };
  const derived = await derive(password, kdfparams);
  const iv = randomBytes(16), counter = randomBytes(16);
  const sealed = ctr(derived.subarray(0, 16), iv).encrypt(key);
  return { version: 3, id: uuid(), address: addressOf(key), crypto: {
    cipher: 'aes-128-ctr', cipherparams: { iv: bytesToHex(iv) },
    ciphertext: bytesToHex(sealed), kdf: 'scrypt', kdfparams,
    mac: macOf(derived, sealed) },
  'x-ethers': { version: '0.1', path: "m/44'/60'/0'/0/0", locale: 'en',
    mnemonicCounter: bytesToHex(counter), mnemonicCiphertext: bytesToHex(
      ctr(derived.subarray(32), counter).encrypt(entropy)) } };
}

// { key, entropy } of a file, entropy null where it has no words; null when the
// password is another, or it is no such file.
export async function unseal(json, password) {
  try {
    const { crypto: c } = json;
    if (json.version !== 3 || c.kdf !== 'scrypt' || c.cipher !== 'aes-128-ctr'
      || !(c.kdfparams.n <= KDF_MOST && c.kdfparams.r * c.kdfparams.p <= 64)) {
      return null;
    }
    const derived = await derive(password, c.kdfparams);
    const sealed = hexToBytes(c.ciphertext);
    if (macOf(derived, sealed) !== c.mac) return null;
    const words = json['x-ethers'];
    return { key: ctr(derived.subarray(0, 16), hexToBytes(c.cipherparams.iv))
      .decrypt(sealed), entropy: words ? ctr(derived.subarray(32), hexToBytes(
      words.mnemonicCounter)).decrypt(hexToBytes(words.mnemonicCiphertext))
      : null };
  } catch { return null; }
}

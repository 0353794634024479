// pocket_words.js - the key of a wallet made in the page as twelve words: BIP-39
// in English without a passphrase, BIP-32, the account m/44'/60'/0'/0/0 of BIP-44,
// as other wallets make it.  The list of words is the node's own; it comes with
// this file, when words are first wanted.
import { hmac } from '@noble/hashes/hmac.js';
import { pbkdf2Async } from '@noble/hashes/pbkdf2.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, randomBytes, utf8ToBytes }
  from '@noble/hashes/utils.js';
import list from '../../src/crypto/mnemonic_words.inc';
import { t } from './i18n.js';

const LIST = list.match(/"[a-z]+"/g).map((w) => w.slice(1, -1));
const BITS = 11, ROUNDS = 2048, HARD = 0x80000000;
const PATH = [44 + HARD, 60 + HARD, HARD, 0, 0];
const N = secp256k1.Point.CURVE().n;
const COUNTS = [12, 15, 18, 21, 24];

const bitsOf = (bytes) => [...bytes].map((b) => b.toString(2).padStart(8, '0'))
  .join('');
const bytesOf = (bits) => Uint8Array.from(bits.match(/.{8}/g), (b) =>
  parseInt(b, 2));
// A bit of the hash for each 32 bits.
const checked = (entropy) => bitsOf(entropy) + bitsOf(sha256(entropy)).slice(0,
  entropy.length / 4);

export const wordsOf = (entropy) => checked(entropy).match(/.{11}/g).map((b) =>
  LIST[parseInt(b, 2)]);
export const newEntropy = () => randomBytes(16);

// Of words as somebody types them; says which of them is none.
export function entropyOf(text) {
  const words = text.trim().toLowerCase().split(/\s+/);
  if (!COUNTS.includes(words.length)) {
    throw new Error(t('pocket.words.count', { n: words.length }));
  }
  const places = words.map((w) => LIST.indexOf(w));
  const bad = places.indexOf(-1);
  if (bad >= 0) {
    throw new Error(t('pocket.words.none', { n: bad + 1, word: words[bad] }));
  }
  const bits = places.map((p) => p.toString(2).padStart(BITS, '0')).join('');
  const entropy = bytesOf(bits.slice(0, bits.length * 32 / 33));
  if (checked(entropy) !== bits) throw new Error(t('pocket.words.sum'));
  return entropy;
}

const u32 = (n) => Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);
const big = (bytes) => BigInt(`0x${bytesToHex(bytes)}`);
// The private key of one step down (BIP-32); a result that is no key has a chance
// of one in 2^127.
function child({ key, chain }, index) {
  const i = hmac(sha512, chain, concatBytes(index >= HARD
    ? concatBytes(Uint8Array.of(0), key) : secp256k1.getPublicKey(key),
  u32(index)));
  return { chain: i.slice(32), key: hexToBytes(((big(i.slice(0, 32)) + big(key))
    % N).toString(16).padStart(64, '0')) };
}

export async function keyOf(entropy) {
  const seed = await pbkdf2Async(sha512, utf8ToBytes(wordsOf(entropy).join(' ')),
    utf8ToBytes('mnemonic'), { c: ROUNDS, dkLen: 64 });
  const i = hmac(sha512, utf8ToBytes('Bitcoin seed'), seed);
  return PATH.reduce(child, { key: i.slice(0, 32), chain: i.slice(32) }).key;
}

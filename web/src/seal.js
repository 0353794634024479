// seal.js - letters that only named parties can open (SPEC-commerce 4).
//
// A letter is the JSON {"boxes":[{"key","to"}..],"cipher","from","v":1}: the
// text under XChaCha20-Poly1305 with a fresh key of 32 bytes, and that key for
// each reader under the one that X25519 with from (a fresh public key) gives:
// HKDF-SHA-256 of the secret, salt from and the reader's key, info SEALED.
// Each cipher text begins with its nonce of 24 bytes.  Who reads is found by
// trying: a letter does not name its readers' accounts.
//
// One's own secret is the SHA-256 of one's signature of a fixed sentence
// (EIP-191; signatures are deterministic), so it needs no keeping.  Of a key of
// the node's the node makes it (personal_letterKey), for who may ship.
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, randomBytes, utf8ToBytes }
  from '@noble/hashes/utils.js';
import { acting } from './acting.js';

const SENTENCE = 'CyberMiles: open my letters.\nSign this only on a page that'
  + ' you trust with your messages.';
const SEALED = utf8ToBytes('CyberMiles letter');
const hex = (b) => `0x${bytesToHex(b)}`;
const unhex = (s) => hexToBytes(s.slice(2));

const kept = new Map(); // secrets by address, for the life of the page
export async function mySecret() {
  const { address, sign, letterKey } = acting.value;
  if (kept.has(address)) return kept.get(address);
  const secret = letterKey ? unhex(await letterKey())
    : sha256(unhex(await sign(hex(utf8ToBytes(SENTENCE)))));
  kept.set(address, secret);
  return secret;
}
export const myKey = async () => hex(x25519.getPublicKey(await mySecret()));

const wrap = (key, text) => {
  const nonce = randomBytes(24);
  return concatBytes(nonce, xchacha20poly1305(key, nonce).encrypt(text));
};
const unwrap = (key, sealed) =>
  xchacha20poly1305(key, sealed.slice(0, 24)).decrypt(sealed.slice(24));
const shared = (secret, other, from, reader) => hkdf(sha256,
  x25519.getSharedSecret(secret, other), concatBytes(from, reader), SEALED, 32);

// readers: their X25519 public keys (0x-hex).  The letter as a document.
export function seal(readers, text) {
  const key = randomBytes(32);
  const secret = x25519.utils.randomSecretKey();
  const from = x25519.getPublicKey(secret);
  return { boxes: readers.map((r) => ({ key: hex(wrap(shared(secret, unhex(r),
    from, unhex(r)), key)) })),
  cipher: hex(wrap(key, utf8ToBytes(text))), from: hex(from), v: 1 };
}

// The text, or null when it was not meant for us.
export async function unseal(letter) {
  if (letter?.v !== 1 || !Array.isArray(letter.boxes)) return null;
  const secret = await mySecret();
  const own = x25519.getPublicKey(secret);
  const from = unhex(letter.from);
  for (const box of letter.boxes) {
    try {
      const key = unwrap(shared(secret, from, from, own), unhex(box.key));
      return new TextDecoder().decode(unwrap(key, unhex(letter.cipher)));
    } catch { /* another reader's */ }
  }
  return null;
}

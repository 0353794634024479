// ballot.js - a juror's vote, sealed until it is revealed: commit =
// keccak256(abi.encode(chainId, case, round, juror, vote, frivolous, salt)).
// Who was told a vote gives notice by tip, the hash of the same and his own
// address, before he shows it by snitch.
// The salt is kept on this browser and shown, for without it there is no
// revealing; what is kept is { vote, frivolous, salt, reasons }.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes, randomBytes } from '@noble/hashes/utils.js';

const word = (n) => BigInt(n).toString(16).padStart(64, '0');
const slot = (seat) => `vote:${seat.chainId}:${seat.id}:${seat.round}:${
  seat.juror.toLowerCase()}`;

// seat: { chainId, id, round, juror }.
const voteHash = (seat, { vote, frivolous, salt }, ...more) =>
  `0x${bytesToHex(keccak_256(hexToBytes([seat.chainId, seat.id, seat.round,
    seat.juror, vote, frivolous ? 1 : 0, salt, ...more].map(word).join(''))))}`;
export const commitHash = (seat, vote) => voteHash(seat, vote);
export const tipHash = (seat, vote, teller) => voteHash(seat, vote, teller);

export const newSalt = () => `0x${bytesToHex(randomBytes(32))}`;

// What a person pasted, or what was kept; null when it is no vote.
export function readVote(text) {
  try {
    const v = JSON.parse(text);
    return Number.isInteger(v.vote) && v.vote >= 0 && v.vote <= 20
      && typeof v.frivolous === 'boolean' && /^0x[0-9a-f]{64}$/.test(v.salt)
      && /^0x[0-9a-f]{64}$/.test(v.reasons) ? v : null;
  } catch { return null; }
}
export const keepVote = (seat, vote) =>
  localStorage.setItem(slot(seat), JSON.stringify(vote));
export const keptVote = (seat) =>
  readVote(localStorage.getItem(slot(seat)) ?? 'null');

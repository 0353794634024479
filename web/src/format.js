// format.js - numbers, amounts, times and hashes as people read them.
import { chainMs } from './clock.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { language, t } from './i18n.js';

export const number = (n) => new Intl.NumberFormat(language()).format(n);

// A count that needs no last digit: 77.8T.
export const about = (n) => new Intl.NumberFormat(language(), n < 1e7 ? {}
  : { notation: 'compact', maximumSignificantDigits: 3 }).format(n);

export const point = () => new Intl.NumberFormat(language()).format(1.1)[1];

// A whole number of smallest units (BigInt) as a decimal of so many places,
// with up to digits of them, exact when they suffice.
export function units(n, places, digits = places) {
  const one = 10n ** BigInt(places);
  const negative = n < 0n;
  if (negative) n = -n;
  const whole = new Intl.NumberFormat(language()).format(n / one);
  let rest = places ? (n % one).toString().padStart(places, '0') : '';
  const cut = /[1-9]/.test(rest.slice(digits));
  rest = rest.slice(0, digits).replace(/0+$/, '');
  const text = (negative ? '\u2212' : '') + whole + (rest ? point() + rest : '')
    + (cut ? '\u2026' : '');
  // a sign and an ellipsis stay at their end where words run from right to left
  return (negative || cut) && globalThis.document?.documentElement.dir === 'rtl'
    ? `\u2066${text}\u2069` : text;
}

// Wei (BigInt) as CMT.
export const cmt = (wei, digits = 18) => units(wei, 18, digits);
export const inCmt = (wei, digits) => ltr(`${cmt(BigInt(wei), digits)}\u00a0CMT`);

// In a text that runs from right to left: words of another direction as they
// are, amounts and numbers from left to right; elsewhere nothing is added.
const turned = () => document.documentElement.dir === 'rtl';
export const isolate = (text) => turned() ? `\u2068${text}\u2069` : text;
export const ltr = (text) => turned() ? `\u2066${text}\u2069` : text;

// At most so many characters, with dots for the rest.
export const clipped = (text, max) => [...text].length <= max ? text
  : `${[...text].slice(0, max - 1).join('').trimEnd()}\u2026`;

export const short = (hex, head = 8, tail = 6) =>
  hex.length <= head + tail + 2 ? hex
    : `${hex.slice(0, head + 2)}\u2026${hex.slice(-tail)}`;

// An address in the letter case that checks it (EIP-55).
const checksummed = new Map();
export function checksum(address) {
  const low = address.slice(2).toLowerCase();
  let done = checksummed.get(low);
  if (done) return done;
  const hash = bytesToHex(keccak_256(new TextEncoder().encode(low)));
  done = `0x${low.replace(/[a-f]/g, (c, i) =>
    hash[i] > '7' ? c.toUpperCase() : c)}`;
  if (checksummed.size > 4096) checksummed.clear();
  checksummed.set(low, done);
  return done;
}

// In one letter case, or in mixed case with the right checksum.
export const isAddress = (s) => /^0x[0-9a-fA-F]{40}$/.test(s)
  && (!(/[a-f]/.test(s) && /[A-F]/.test(s.slice(2))) || checksum(s) === s);
export const isHash = (s) => /^0x[0-9a-fA-F]{64}$/.test(s);

export const time = (ms) => new Intl.DateTimeFormat(language(),
  { dateStyle: 'medium', timeStyle: 'medium' }).format(ms);

export function ago(ms, now = chainMs()) {
  const s = Math.max(0, Math.round((now - ms) / 1000));
  if (s < 2) return t('time.now');
  const f = new Intl.RelativeTimeFormat(language(), { style: 'short' });
  if (s < 60) return f.format(-s, 'second');
  if (s < 3600) return f.format(-Math.floor(s / 60), 'minute');
  if (s < 86400) return f.format(-Math.floor(s / 3600), 'hour');
  return f.format(-Math.floor(s / 86400), 'day');
}

const SIZES = ['kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
export function bytes(n) {
  if (n < 1000) return t('unit.bytes', { n: number(n) });
  const i = Math.min(SIZES.length, Math.floor(Math.log10(n) / 3)) - 1;
  return new Intl.NumberFormat(language(), { style: 'unit', unit: SIZES[i],
    maximumSignificantDigits: 4 }).format(n / 1000 ** (i + 1));
}

// Of seconds since 1970.
export const date = (s) => new Intl.DateTimeFormat(language(),
  { dateStyle: 'medium', timeStyle: 'short' }).format(s * 1000);
export const day = (s) => new Intl.DateTimeFormat(language(),
  { dateStyle: 'medium' }).format(s * 1000);

// "in 3 days", "2 hours ago".
export function until(s, now = chainMs() / 1000) {
  const f = new Intl.RelativeTimeFormat(language(), { numeric: 'auto' });
  const d = s - now, a = Math.abs(d);
  if (a < 60) return f.format(Math.round(d), 'second');
  if (a < 3600) return f.format(Math.round(d / 60), 'minute');
  if (a < 86400) return f.format(Math.round(d / 3600), 'hour');
  return f.format(Math.round(d / 86400), 'day');
}

// A length of time in its largest unit: "3 minutes".
export function duration(seconds) {
  const sizes = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];
  const [unit, size] = sizes.find(([, s]) => seconds >= s) ?? sizes.at(-1);
  return new Intl.NumberFormat(language(), { style: 'unit', unit,
    unitDisplay: 'long' }).format(Math.floor(seconds / size));
}

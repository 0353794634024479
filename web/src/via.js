// via.js - by whose link a visitor came: ?ref=ADDRESS (who sent him) and
// ?platform=ID (the storefront he came from).  Kept on this browser for 30 days;
// the newest link counts.  Orders carry both, and what they earn is the
// seller's to pay: the price is the same.
import { isAddress } from './format.js';
import { signal } from './signal.js';

const KEPT = 'via', DAYS_MS = 30 * 86400000;

function read() {
  try {
    const v = JSON.parse(localStorage.getItem(KEPT));
    return v && v.until > Date.now() ? v : null;
  } catch { return null; }
}
export const via = signal(read()); // { referrer, platform, until } or null

export function setVia(value) {
  if (value) localStorage.setItem(KEPT, JSON.stringify(value));
  else localStorage.removeItem(KEPT);
  via.set(value);
}

export function cameBy(search) {
  const given = new URLSearchParams(search);
  const who = given.get('ref') ?? given.get('referrer') ?? '';
  const platform = given.get('platform') ?? '';
  const referrer = isAddress(who) ? who.toLowerCase() : null;
  const id = /^\d{1,15}$/.test(platform) ? Number(platform) : 0;
  if (referrer || id) {
    setVia({ referrer, platform: id, until: Date.now() + DAYS_MS });
  }
}

// A link that names who gave it.
export const linkBy = (path, address) => `${location.origin}${path}${
  address ? `?ref=${address}` : ''}`;

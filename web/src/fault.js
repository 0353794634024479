// fault.js - a refusal of a module in a sentence.
import { clipped, date, short, units } from './format.js';
import { has, t } from './i18n.js';
import { refusal } from './wallet.js';

// Of a parameter's kind: money in CMT, times as dates, the rest as it is.
function say(a) {
  if (a.type === 'address') return short(a.value, 4, 4);
  if (a.type === 'uint256') return units(a.value, 18, 6);
  if (a.type === 'uint64' && a.value > 1500000000n) return date(Number(a.value));
  if (a.type === 'bytes32') {
    const text = new TextDecoder().decode(new Uint8Array(
      a.value.slice(2).match(/../g).map((h) => parseInt(h, 16))));
    return /^[\x20-\x7e]+\0*$/.test(text) ? text.replace(/\0+$/, '')
      : short(a.value);
  }
  return String(a.value);
}

// What the node refuses a transaction for, in geth's words, which programs know it
// by (node_pool.c): each can be met by who only fills in forms.
const REFUSED = [[/insufficient funds/i, 'funds'], [/^nonce too/i, 'nonce'],
  [/^replacement transaction underpriced/i, 'replaced'],
  [/^already known/i, 'sentBefore'], [/^oversized data/i, 'size'],
  [/^txpool is full|^too many (pending|queued) transactions/i, 'pool'],
  [/^request timed out/i, 'timeout'], [/^pruned history/i, 'pruned'],
  [/^the node is shutting down/i, 'closing'], [/^content: at most/i, 'minute'],
  [/bytes wait for their transactions/i, 'quota'], [/^could not decrypt/i, 'word'],
  [/^another password is being checked/i, 'checking']];
function refused(said) {
  const [, why] = REFUSED.find(([mark]) => mark.test(said)) ?? [];
  return why && t('fault.said', { text: t(`fault.${why}`),
    said: clipped(said, 300) });
}

// told: of readCall, or null; e: what JSON-RPC or the wallet said, or an error of
// the page, which is in words already.
export function sentence(told, e) {
  if (!told) {
    const known = refusal(e) ?? refused(e.message ?? '');
    return known || (e.message ?? String(e)).replace(/^execution reverted:? ?/, '')
      || t('act.reverted');
  }
  const values = Object.fromEntries(told.args.map((a) => [a.name, say(a)]));
  const own = `fault.${told.name}.${values.why}`;
  const key = told.name === 'CouponInvalid' ? `fault.coupon.${values.why}`
    : has(own) ? own : `fault.${told.name}`;
  return has(key) ? t(key, values) : `${told.name}(${told.args.map((a) =>
    `${a.name}: ${say(a)}`).join(', ')})`;
}
export const inWords = (e) => sentence(null, e);

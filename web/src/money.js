// money.js - amounts of CMT and of tokens: shown, typed, kept.
import { callView, row } from './contracts.js';
import { ltr, point, units } from './format.js';
import { useLoad } from './signal.js';
import { html } from './ui.js';
import { NOBODY } from './act.js';

const CMT = { address: NOBODY, symbol: 'CMT', decimals: 18 };
const symbolRow = row('function symbol() view returns (string)');
const decimalsRow = row('function decimals() view returns (uint8)');
export const erc20 = [
  'function allowance(address owner, address spender) view returns (uint256)',
  'function balanceOf(address account) view returns (uint256)',
  'function approve(address spender, uint256 amount) returns (bool)',
  'function transfer(address to, uint256 amount) returns (bool)',
].map(row);

// What a contract calls its token, without what turns or hides letters; who calls
// himself as the coin of the chain is told apart by his address.
const LIKE_CMT = /^[cсϲ][mмμ][tтτ]$/iu; // in Cyrillic and Greek too
function nameOf(symbol, address) {
  const text = [...symbol.normalize('NFKC').replace(/[\p{C}\p{Z}\p{M}]/gu, '')]
    .slice(0, 12).join('');
  return text && !LIKE_CMT.test(text) ? text
    : `${text}?${address.slice(2, 6)}`;
}

const known = new Map([[NOBODY, CMT]]);
// { address, symbol, decimals, real: it tells a symbol }; a token that tells none
// is counted in units.
export async function tokenOf(address = NOBODY) {
  const key = address.toLowerCase();
  if (known.has(key)) return known.get(key);
  const [[symbol, real = true], [decimals]] = await Promise.all([
    callView(key, symbolRow, []).catch(() => [`${key.slice(0, 8)}…`, false]),
    callView(key, decimalsRow, []).catch(() => [0n])]);
  const token = { address: key, symbol: nameOf(symbol, key), real,
    decimals: Math.min(Number(decimals), 36) };
  known.set(key, token);
  return token;
}

export function useTokens(addresses) {
  const list = [...new Set(addresses.map((a) => (a ?? NOBODY).toLowerCase()))];
  return useLoad(async () => new Map(await Promise.all(list.map(async (a) =>
    [a, await tokenOf(a)]))), [list.join()]).data;
}

// "12.5 CMT" of a quantity.
export function money(value, token = CMT, digits = token.decimals) {
  return ltr(`${units(BigInt(value), token.decimals, digits)}\u00a0${
    token.symbol}`);
}

// The same with two digits, what is below them left out.
export const roughly = (value, token) => money(value, token, 2)
  .replace('\u2026', '');

export function Money({ value, token = NOBODY, digits = 4 }) {
  const found = useLoad(() => tokenOf(token), [token]).data
    ?? known.get(token);
  if (value === undefined || value === null) return '–';
  return html`<span class="money">${found ? money(value, found, digits)
    : '…'}</span>`;
}

// What a person typed, in units of the token; null when it is no amount.
export function parse(text, token = CMT) {
  const m = /^\s*(\d{1,30})(?:[.,](\d*))?\s*$/.exec(text ?? '');
  if (!m || (m[2] ?? '').replace(/0+$/, '').length > token.decimals) return null;
  const rest = (m[2] ?? '').replace(/0+$/, '').padEnd(token.decimals, '0');
  return BigInt(m[1]) * 10n ** BigInt(token.decimals) + BigInt(rest || '0');
}

// The same as plain text for a file: no grouping, a point.
export function plain(value, token = CMT) {
  const n = BigInt(value ?? 0);
  const one = 10n ** BigInt(token.decimals);
  const rest = token.decimals ? (n % one).toString()
    .padStart(token.decimals, '0').replace(/0+$/, '') : '';
  return `${n / one}${rest ? `.${rest}` : ''}`;
}
// For a field: with the comma of a language that has one; parse takes both.
export const local = (text) => point() === ',' ? text.replace('.', ',') : text;
export const typed = (value, token) => local(plain(value, token));

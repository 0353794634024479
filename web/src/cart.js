// cart.js - what the visitor means to buy, and favourites: kept on this
// browser alone.  A public shop has a cart of its own.
import { rpcAll } from './api.js';
import { kept } from './signal.js';

const { seller } = document.getElementById('app').dataset;
// { listing, variant, qty, unit, token }: unit is the price that was seen.
const KEY = seller ? `cart.${seller}` : 'cart';
export const cart = kept(KEY);
// Orders that were signed and whose block is not known yet, so that a page that
// is loaded anew, or another window, does not order the same again: { hash, at,
// lines }.
export const ordering = kept(`${KEY}.sent`);
export const favourites = kept('favourites'); // ids of listings

const same = (a, b) => a.listing === b.listing && a.variant === b.variant;
export function addToCart(line) {
  const old = cart.value.find((l) => same(l, line));
  cart.set(old ? cart.value.map((l) => l === old
    ? { ...line, qty: l.qty + line.qty } : l) : [...cart.value, line]);
}
// The price that a line has now was seen.
export const seePrice = (line, unit, token) => cart.set(cart.value.map((l) =>
  same(l, line) ? { ...l, unit, token } : l));
export const setQty = (line, qty) => cart.set(qty > 0 ? cart.value.map((l) =>
  same(l, line) ? { ...l, qty } : l) : cart.value.filter((l) => !same(l, line)));
export const ordered = (lines) => cart.set(cart.value.filter((l) =>
  !lines.some((o) => same(o, l))));
const LOST_MS = 120000; // a hash that no node knows by then is of no order
export async function settleOrders() {
  for (const order of ordering.value) {
    const [receipt, tx] = await rpcAll([['eth_getTransactionReceipt', order.hash],
      ['eth_getTransactionByHash', order.hash]]);
    if (!receipt && (tx || Date.now() - order.at < LOST_MS)) continue;
    if (receipt?.status === '0x1') ordered(order.lines);
    ordering.set(ordering.value.filter((o) => o.hash !== order.hash));
  }
}
export const flipFavourite = (id) => favourites.set(
  favourites.value.includes(id) ? favourites.value.filter((f) => f !== id)
    : [...favourites.value, id]);

// cart.js - what the visitor means to buy, and favourites: kept on this
// browser alone.  A public shop has a cart of its own.
import { signal } from './signal.js';

const read = (key) => {
  try { return JSON.parse(localStorage.getItem(key)) ?? []; }
  catch { return []; }
};
const kept = (key) => {
  const s = signal(read(key));
  s.watch((v) => localStorage.setItem(key, JSON.stringify(v)));
  addEventListener('storage', (e) => {
    if (e.key === key && JSON.stringify(s.value) !== e.newValue) {
      s.set(read(key));
    }
  });
  return s;
};

const { seller } = document.getElementById('app').dataset;
// { listing, variant, qty, unit, token }: unit is the price that was seen.
export const cart = kept(seller ? `cart.${seller}` : 'cart');
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
export const flipFavourite = (id) => favourites.set(
  favourites.value.includes(id) ? favourites.value.filter((f) => f !== id)
    : [...favourites.value, id]);

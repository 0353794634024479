// cart.js - what the visitor means to buy, and favourites: kept on this
// browser alone.  A public shop has a cart of its own.
import { kept } from './signal.js';

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

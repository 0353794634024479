// cart.js - the cart and the checkout.  Lines of one seller and one token are
// one order; orders of one token are placed together, all or nothing.  An order
// names the version and the total that were shown: what the seller changes
// meanwhile is told, and bought by nobody unseen.
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes }
  from '@noble/hashes/utils.js';
import { useEffect, useRef, useState } from 'preact/hooks';
import { readCall } from '../abi.js';
import { MODULE, NOBODY, ZERO32, act } from '../act.js';
import { Mine, status } from '../acting.js';
import { rpc } from '../api.js';
import { Approx } from '../approx.js';
import { useBarred } from '../barred.js';
import { cart, ordered, ordering, seePrice, setQty, settleOrders }
  from '../cart.js';
import { abiOf, callView } from '../contracts.js';
import { sentence } from '../fault.js';
import { countries, countryName, zoneOf } from '../country.js';
import { date } from '../format.js';
import { Party, Picture, State, stockText, titleOf } from '../goods.js';
import { t } from '../i18n.js';
import { keyOf, putLetter } from '../letters.js';
import { links } from '../links.js';
import { fresh, useRpc } from '../list.js';
import { erc20, money, tokenOf } from '../money.js';
import { balanceOf } from '../purse.js';
import { go } from '../router.js';
import { useLoad, useSignal, valueOf } from '../signal.js';
import { Empty, Failure, Field, Loaded, Notice, Submit, html } from '../ui.js';
import { setVia, via } from '../via.js';
import { addressOf, code8, couponKey } from './sell_more.js';

async function loadLines(lines) {
  const all = await Promise.all(lines.map(async (line) => {
    const listing = await rpc('market_get', line.listing);
    const variant = listing?.variants?.find((v) => v.index === line.variant);
    return { ...line, id: line.listing, seen: line.unit, seenToken: line.token,
      listing,
      v: variant, unit: variant
      ? BigInt(variant.price) || BigInt(listing.price) : 0n };
  }));
  const groups = new Map();
  for (const l of all) {
    const key = l.listing ? `${l.listing.seller} ${l.listing.token}` : 'gone';
    groups.set(key, [...groups.get(key) ?? [], l]);
  }
  return Promise.all([...groups].map(async ([key, list]) => ({ key, lines: list,
    gone: key === 'gone', seller: list[0].listing?.seller,
    token: await tokenOf(list[0].listing?.token) })));
}

/* ---------------------------------------------------------------- coupons */

// keccak256("CMT-COUPON" || chainId || id || buyer), numbers as 32 bytes, the
// buyer as 20, signed by the coupon's key.
const word = (n) => hexToBytes(BigInt(n).toString(16).padStart(64, '0'));
export function couponSignature(code, id, buyer, chainId) {
  const hash = keccak_256(concatBytes(utf8ToBytes('CMT-COUPON'), word(chainId),
    word(id), hexToBytes(buyer.slice(2))));
  const sig = secp256k1.sign(hash, couponKey(code), { prehash: false,
    format: 'recovered' });
  return `0x${bytesToHex(sig.slice(1))}${(27 + sig[0]).toString(16)}`;
}
async function couponOf(code, seller, buyer) {
  if (!code.trim()) return { coupon: 0, couponSig: '0x' };
  const signer = addressOf(couponKey(code));
  const { items } = await rpc('market_coupons', { seller, limit: 200 });
  const found = items.find((c) => c.signer === signer);
  return found ? { coupon: found.id, couponSig: couponSignature(code, found.id,
    buyer, (await valueOf(status)).chainId) } : { coupon: 0, couponSig: '0x' };
}

/* ---------------------------------------------------------------- quotes */

// Whose link brought the buyer earns by it; nobody does by his own order.
function sentBy(group, buyer) {
  const { referrer, platform } = via.value ?? {};
  const other = referrer && ![buyer, group.seller].includes(referrer);
  return { platform: platform || 0, referrer: other ? referrer : NOBODY };
}

async function argsOf(group, form, buyer) {
  return { seller: group.seller, lines: group.lines.map((l) => ({
    listing: l.listing.id, version: l.listing.version, variant: l.variant,
    qty: l.qty })), zone: code8(form.zone), token: group.token.address,
  expectedTotal: 0, ...sentBy(group, buyer),
  ...await couponOf(form.coupon, group.seller, buyer), program: 0, points: 0,
  shipHash: ZERO32, ref: ZERO32 };
}

const NOT_THERE = ['FeeAboveLimit', 'PlatformClosed', 'OptedOut',
  'NoSuchRecord', 'WrongState'];
async function quote(group, form, buyer) {
  const { abi } = await abiOf(MODULE.orders);
  const row = abi.find((r) => r.name === 'quote');
  const args = await argsOf(group, form, buyer);
  for (;;) {
    try {
      const [total, fee, shipBy] = await callView(MODULE.orders, row,
        [args, buyer]);
      return { ...group, args, total, fee, shipBy: Number(shipBy) };
    } catch (e) {
      const told = typeof e.data === 'string'
        ? readCall(abi, e.data, 'error') : null;
      // the seller does not sell there: then without the storefront
      if (args.platform && NOT_THERE.includes(told?.name)) args.platform = 0;
      else return { ...group, error: told?.name === 'Sanctioned'
        ? t('barred.cart') : sentence(told, e) };
    }
  }
}

/* ------------------------------------------------------------- the order */

async function approve(token, owner, total) {
  const [has] = await callView(token.address, erc20[0], [owner,
    MODULE.orders]);
  if (has >= total) return;
  await act(t('cart.approve', { amount: money(total, token) }), token.address,
    'approve', [MODULE.orders, total], { abi: erc20 });
}

const PHYSICAL = 1;
const isSent = (group) => group.lines.some((l) => l.listing?.kind === PHYSICAL);
async function place(quotes, form, me) {
  const groups = quotes.filter((q) => !q.gone);
  for (const q of groups) {
    q.args.expectedTotal = q.total;
    if (q.sealed && form.address.trim()) {
      q.args.shipHash = await putLetter(q.seller, me, form.address.trim());
    }
  }
  const ids = [];
  try {
    await placeParts(groups, me, ids);
  } catch (e) { throw Object.assign(e, { partly: ids.length > 0 }); }
  return ids;
}
async function placeParts(groups, me, ids) {
  for (const token of new Set(groups.map((q) => q.token))) {
    const part = groups.filter((q) => q.token === token);
    const total = part.reduce((n, q) => n + q.total, 0n);
    const cmt = token.address === NOBODY;
    if (!cmt) await approve(token, me, total);
    const lines = part.flatMap((q) => q.lines).map((l) => ({
      listing: l.listing.id, variant: l.variant }));
    const { events } = await act(t('cart.order', { amount: money(total,
      token) }), 'orders', part.length === 1 ? 'place' : 'placeMany',
    [part.length === 1 ? part[0].args : part.map((q) => q.args)],
    { value: cmt ? total : 0n, taken: (hash) => ordering.set([
      ...ordering.value, { hash, at: Date.now(), lines }]) });
    ids.push(...events.filter((e) => e.name === 'OrderPlaced')
      .map((e) => e.id));
    ordered(lines);
    await settleOrders();
  }
}

// [token, sum] of what is to be paid.
function sumsOf(quotes) {
  const sums = new Map();
  for (const q of quotes.filter((x) => !x.error)) {
    sums.set(q.token, (sums.get(q.token) ?? 0n) + q.total);
  }
  return [...sums];
}

// What the buyer lacks, in words: [] when he can pay all of it.
async function lacks(quotes, me) {
  const all = await Promise.all(sumsOf(quotes).map(async ([token, sum]) => ({
    token, sum, has: await balanceOf(me, token.address).catch(() => sum) })));
  return all.filter(({ sum, has }) => has < sum).map(({ token, sum, has }) =>
    t('cart.lacks', { has: money(has, token), more: money(sum - has, token) }));
}

// A field whose text counts when it is left or nothing was typed for a while: what
// comes from the node meanwhile does not undo what is being typed.  (Only when it
// is left would be at the press on the button below, whose price it changes.)
const PAUSE_MS = 300;
function Typed({ value, set, ...rest }) {
  const [text, type] = useState(null);
  const wait = useRef();
  useEffect(() => () => clearTimeout(wait.current), []);
  const later = (now) => {
    clearTimeout(wait.current);
    type(now);
    wait.current = setTimeout(set, PAUSE_MS, now);
  };
  const left = (now) => { clearTimeout(wait.current); type(null); set(now); };
  return html`<input ...${rest} value=${text ?? value}
    onInput=${(e) => later(e.target.value)}
    onChange=${(e) => left(e.target.value)} />`;
}

function Line({ line, token }) {
  const { listing } = line;
  if (!listing) {
    return html`<li>${t('goods.gone')} <button type="button"
      onClick=${() => setQty({ listing: line.id,
        variant: line.variant }, 0)}>${t('cart.drop')}</button></li>`;
  }
  const key = { listing: listing.id, variant: line.variant };
  const name = listing.document?.variants?.[line.variant];
  const was = line.seen !== undefined && line.seenToken === listing.token
    && BigInt(line.seen) !== line.unit ? BigInt(line.seen) : null;
  return html`<li class="line" data-test="line"><${Picture} hash=${listing.document?.images?.[0]}
      size=${56} /><span><a href=${links.listing(listing.id)}>
      <bdi>${titleOf(listing)}</bdi></a>${name && html` <small><bdi>${name}</bdi>
      </small>`}
      <br />${money(line.unit, token)}
      ${was !== null && html`<strong class="wrong changed" role="status">
        ${t('cart.changed', { was: money(was, token),
          now: money(line.unit, token) })} <button type="button"
        onClick=${() => seePrice(key, `0x${line.unit.toString(16)}`,
          listing.token)}>${t('cart.seen')}</button></strong>`}
      ${listing.state !== 'active' && html` <${State} word=${listing.state} />`}
      ${line.v && line.v.stock < line.qty && html` <strong class="wrong">
        ${stockText(line.v.stock)}</strong>${line.v.stock > 0 && html` <button
        type="button" onClick=${() => setQty(key, line.v.stock)}>${t('cart.take',
        { n: line.v.stock })}</button>`}`}</span>
    <label class="choice">${t('order.qty')}<${Typed} type="number" min="1"
      max="99" value=${line.qty} set=${(text) => {
        const n = Number(text); // by mistake nothing is thrown out
        if (Number.isInteger(n) && n >= 1 && n <= 99) setQty(key, n);
      }} /></label>
    <button type="button" onClick=${() => setQty(key, 0)}>${t('cart.drop')}
      <span class="away"> <bdi>${titleOf(listing)}</bdi></span></button></li>`;
}

// What an order is made of: goods at the prices shown, and what the seller's
// table and the coupon make of it.
function Sum({ q }) {
  const goods = q.lines.reduce((n, l) => n + l.unit * BigInt(l.qty), 0n);
  const rest = q.lines.some((l) => l.listing.feed) ? 0n // priced when it is paid
    : q.total - goods;
  return html`<dl class="bill">${rest !== 0n && html`<div><dt>${t('order.goods')}
      </dt><dd>${money(goods, q.token)}</dd></div><div><dt>${t(q.args.coupon
        ? 'cart.rest.coupon' : 'order.shipping')}</dt><dd>${money(rest, q.token)}
      </dd></div>`}<div><dt><strong>${t('order.total')}</strong></dt><dd>
      <strong data-test="total">${money(q.total, q.token)}</strong><${Approx}
        value=${q.total} token=${q.token.address} /></dd></div></dl>`;
}

// Where to, kept on this browser; what is private only while the window is open.
const FORM = 'checkout';
const CODE8 = 18; // digits and 0x of a zone's code
const formNow = () => ({ zone: localStorage.getItem('zone')
  ?? new Intl.Locale(navigator.language).region ?? '', coupon: '', address: '',
...JSON.parse(sessionStorage.getItem(FORM) ?? '{}') });
function keepForm(form) {
  localStorage.setItem('zone', form.zone);
  sessionStorage.setItem(FORM, JSON.stringify({ coupon: form.coupon,
    address: form.address }));
  return form;
}

// Where goods are sent to: sealed for who has a key for letters; who has none is
// not told it, and the buyer is told that.  With the quotes, so that what stands
// below does not move when the keys are known.
function Address({ list, value, put }) {
  const sent = list.filter(isSent);
  return html`${sent.some((q) => q.sealed) && html`<${Field} id="address"
      label=${t('order.address')} hint=${t('cart.address')}><textarea id="address"
        rows="4" value=${value} autocomplete="street-address"
        aria-describedby="address-hint" onInput=${put}></textarea><//>`}
    ${sent.filter((q) => !q.sealed).map(({ seller }) => html`<${Deaf}
      key=${seller} seller=${seller} />`)}`;
}
function Deaf({ seller }) {
  const contact = useRpc('id_get', seller).data?.document?.contact;
  return html`<p class="quiet" data-test="deaf">${t('cart.deaf')} <${Party}
    value=${seller} />${contact && html`: <bdi>${contact}</bdi>`}</p>`;
}

// What is paid for all of it, where that is more than one order.
const All = ({ list }) => html`<dl class="bill order" data-test="all">${sumsOf(
  list).map(([token, sum]) => html`<div key=${token.address}><dt><strong>${t(
    'cart.all')}</strong></dt><dd class="big">${money(sum, token)}</dd></div>`)}
  </dl>`;

function Checkout({ groups, me, again }) {
  const [form, fill] = useState(formNow);
  const put = (name, value) => fill((f) => keepForm({ ...f, [name]: value }));
  const sending = useSignal(ordering);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  const from = useSignal(via);
  const barred = useBarred(); // each seller's own is in his quote
  const key = groups.map((g) => g.key + g.lines.map((l) => `${l.listing?.id}.${
    l.listing?.version}.${l.variant}.${l.qty}.${l.v?.stock}`)).join();
  const noZone = code8(form.zone).length > CODE8 ? t('cart.zone.bad') : null;
  const asked = JSON.stringify([key, form.zone, form.coupon, me, from]);
  const quotes = useLoad(async () => ({ asked, list: noZone ? []
    : await Promise.all(groups.filter((g) => !g.gone)
      .map(async (g) => ({ ...await quote(g, form, me),
        sealed: isSent(g) && Boolean(await keyOf(g.seller)) }))) }), [asked]);
  const list = quotes.data?.list ?? [];
  // of what stood here before the last key: not what is ordered
  const old = quotes.loading || quotes.data?.asked !== asked;
  const bad = list.filter((q) => q.error);
  const turns = useSignal(fresh);
  const poor = useLoad(() => lacks(list, me), [quotes.data, me, turns]).data ?? [];
  const submit = async (e) => {
    e.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      const ids = await place(list, form, me);
      sessionStorage.removeItem(FORM);
      if (location.pathname !== links.cart) return; // he went elsewhere meanwhile
      go(ids.length === 1 ? links.order(ids[0]) : links.purchases);
    } catch (x) {
      setError(x);
      setBusy(false);
      again(); // what the seller changed is shown
    }
  };
  return html`<form class="form" onSubmit=${submit} data-test="checkout">
    <h2>${t('cart.checkout')}</h2>
    <div class="pair"><${Field} id="zone" label=${t('cart.zone')}
      hint=${countryName(form.zone) ?? t('cart.zone.hint')}
      error=${noZone}><${Typed} id="zone" value=${form.zone} required
        maxlength="60" list="countries" aria-describedby="zone-hint"
        autocomplete="country" set=${(text) => put('zone', zoneOf(text))} />
      <datalist id="countries">${countries().map(([code, name]) => html`<option
        key=${code} value=${code}>${name}</option>`)}</datalist><//>
    <${Field} id="coupon" label=${t('cart.coupon')}><${Typed} id="coupon"
      value=${form.coupon} autocomplete="off" set=${(text) =>
        put('coupon', text)} /><//>
    </div><${Address} list=${list} value=${form.address}
      put=${(e) => put('address', e.target.value)} />
    ${list.map((q) => html`<section key=${q.key} class="order">
      ${list.length > 1 && html`<h3><${Party} value=${q.seller} /></h3>`}
      ${q.error ? html`<p class="wrong" role="alert">${q.error}</p>`
        : html`<${Sum} q=${q} />`}
      ${q.shipBy > 0 && html`<p class="quiet">${t('cart.shipBy',
        { when: date(q.shipBy) })}</p>`}</section>`)}
    ${list.length > 1 && !bad.length && html`<${All} list=${list} />`}
    ${poor.map((text) => html`<p class="wrong" role="status" key=${text}
      data-test="lacks">${text}</p>`)}
    ${from && list.some((q) => q.args?.platform || q.args?.referrer !== NOBODY)
      && html`<p class="quiet" data-test="via">${t('cart.via')}
        ${from.referrer && html` <${Party} value=${from.referrer} />`}
        ${' '}<button type="button" onClick=${() => setVia(null)}>
        ${t('cart.via.drop')}</button></p>`}
    ${barred && html`<p class="wrong" role="status" data-test="barred">
      ${barred}</p>`}
    <p class="quiet">${t('cart.safe')}</p>
    ${quotes.error && html`<${Failure} ...${quotes} />`}
    ${error && html`<${Failure} error=${error} />`}
    ${!busy && sending.length > 0 && html`<${Notice} title=${t('cart.sending')}>
      <p data-test="sending">${t('cart.sending.text')}</p><//>`}
    <${Submit} test="place" busy=${busy} disabled=${old || barred || bad.length > 0 || !list.length || (!busy && sending.length > 0)}>
      ${t(busy ? 'act.busy' : 'cart.go')}<//></form>`;
}

export function CartPage() {
  const lines = useSignal(cart);
  const turns = useSignal(fresh);
  const state = useLoad(() => loadLines(lines), [JSON.stringify(lines),
    turns]);
  const sending = useSignal(ordering);
  useLoad(settleOrders, [turns, sending.length]);
  if (!lines.length) {
    return html`<h1>${t('nav.cart')}</h1><${Empty} title=${t('cart.none')}>
      ${t('cart.none.text')}${' '}<a class="button main" href=${links.buy}>
      ${t(links.buyTitle)}</a><//>`;
  }
  return html`<h1>${t('nav.cart')}</h1><${Loaded} state=${state} rows=${4}>
    ${(groups) => html`<div class="beside"><div>${groups.map((g) => html`
      <section class="card" key=${g.key}><h2>${g.gone ? t('goods.gone')
        : html`${t('order.seller')} <${Party} value=${g.seller} />`}</h2>
        <ul class="plain">${g.lines.map((l) => html`<${Line} line=${l}
          token=${g.token} />`)}</ul></section>`)}
      <p><a href=${links.buy}>${t('cart.more')}</a></p>
      ${groups.length > 1 && html`<${Notice} title=${t('cart.several',
        { n: groups.length })} />`}</div>
      <${Mine}>${(me) => html`<${Checkout} groups=${groups} me=${me}
        again=${state.again} />`}<//>
    </div>`}<//>`;
}

// shop.js - a merchant's public shop at /shop/NAME: what a visitor without
// login needs to look round, order with a wallet of his own, and follow his
// orders.  Built by itself: nothing of the dashboard's shell, its keys or its
// login is in it, and it asks by JSON-RPC alone, so that it works on a port that
// has no dashboard (--ui.addr).  The server (http_front.c) has told whose shop it
// is, or why there is none, in the attributes of #app.
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Sent, resume } from './act.js';
import { keepWallet, known, status } from './acting.js';
import { poll, rpc } from './api.js';
import { ApproxNote, currency, currencyOf } from './approx.js';
import { cart } from './cart.js';
import { number } from './format.js';
import { Picture } from './goods.js';
import { setLanguage, t } from './i18n.js';
import { links } from './links.js';
import { useRpc } from './list.js';
import { Looks } from './looks.js';
import { Lost, useLost } from './lost.js';
import { Listing } from './pages/buy.js';
import { CartPage } from './pages/cart.js';
import { Order } from './pages/order.js';
import { About, Front, Mine, Purse } from './pages/front.js';
import { follow, go, match, query, route } from './router.js';
import { back, useSignal } from './signal.js';
import { Icon, html } from './ui.js';
import { Syncing } from './sync.js';
import { cameBy } from './via.js';
import { discover } from './wallet.js';
import { Pocket, offerPocket } from './pocket.js';

const root = document.getElementById('app');
const { shop, seller, state } = root.dataset;
const BASE = `/shop/${shop}`;

Object.assign(links, {
  listing: (id) => `${BASE}/listing/${id}`,
  order: (id) => `${BASE}/order/${id}`,
  party: (address) => address === seller ? `${BASE}/about` : null,
  tx: null, edit: null, login: null, shop: BASE,
  buy: BASE, buyTitle: 'shop.back',
  cart: `${BASE}/cart`, purchases: `${BASE}/orders`,
});

const PAGES = [
  { path: BASE, title: null, page: Front },
  { path: `${BASE}/about`, title: 'shop.about', page: About },
  { path: `${BASE}/listing/:id`, title: 'goods.listing', page: Listing },
  { path: `${BASE}/cart`, title: 'nav.cart', page: CartPage },
  { path: `${BASE}/orders`, title: 'shop.orders', page: Mine },
  { path: `${BASE}/order/:id`, title: 'order.title', page: Order },
];

function Head({ who, path }) {
  const n = useSignal(cart).reduce((sum, l) => sum + l.qty, 0);
  const find = (e) => {
    e.preventDefault();
    const q = e.target.elements.q.value.trim();
    go(q ? `${BASE}?q=${encodeURIComponent(q)}` : BASE);
  };
  const here = (to) => path === to ? 'page' : null;
  return html`<header><a class="brand" href=${BASE}>
      ${who.logo && html`<${Picture} hash=${who.logo} size=${44} />`}
      <bdi>${who.name}</bdi></a>
    <form class="search" role="search" onSubmit=${find} key=${location.search}>
      <label for="q">${t('shop.search')}</label>
      <input id="q" name="q" type="search" placeholder=${t('shop.search')}
        defaultValue=${new URLSearchParams(location.search).get('q') ?? ''} />
      <button type="submit" aria-label=${t('search.go')}>
        <${Icon} name="buy" /></button></form>
    <nav aria-label=${t('nav.label')}>
      <a href=${`${BASE}/about`} aria-current=${here(`${BASE}/about`)}>
        <${Icon} name="front" />${t('shop.about')}</a>
      <a href=${links.purchases} aria-current=${here(links.purchases)}>
        <${Icon} name="bag" />${t('shop.orders')}</a>
      <a href=${links.cart} aria-current=${here(links.cart)} data-test="cart">
        <${Icon} name="orders" />${t('nav.cart')}
        ${n > 0 && html`<span class="count">${number(n)}</span>`}</a></nav>
    <${Purse} /></header>`;
}

function Shell() {
  const path = useSignal(route);
  useSignal(query);
  const lost = useLost();
  const main = useRef();
  const { data: id } = useRpc('id_get', seller);
  const [, redraw] = useState(0);
  useEffect(() => currency.set(currencyOf(id?.document)), [id?.docHash]);
  const found = match(PAGES, path);
  const doc = id?.document ?? {};
  const who = { ...doc, name: doc.name || id?.handle || shop, seller, id };
  useEffect(() => {
    document.title = found?.row.title
      ? `${t(found.row.title)} · ${who.name}` : who.name;
  });
  const loaded = useRef(false);
  useEffect(() => {
    if (loaded.current) main.current?.focus({ preventScroll: true });
    loaded.current = true;
  }, [path]);
  return html`<div class="front" onClick=${(e) => follow(e, BASE)}>
    <a class="skip" href="#main">${t('skip')}</a>
    <${Head} who=${who} path=${path} />
    <main id="main" tabindex="-1" ref=${main} class=${lost ? 'stale' : null}>
      ${lost && html`<${Lost} since=${lost} />`}
      <${Syncing} />
      <${Sent} />
      ${found ? html`<${found.row.page} key=${path} ...${found.params}
          who=${who} />`
        : html`<h1>${t('missing.title')}</h1><p><a href=${BASE}>
          ${t('shop.back')}</a></p>`}
    </main>
    <${Pocket} />
    <footer><${ApproxNote} /><span class="quiet">${t('shop.by')}</span>
      <${Looks} redraw=${() => redraw((n) => n + 1)} /></footer></div>`;
}

// No shop: what there is to do.
const Nobody = () => html`<div class="front"><main id="main">
  <h1>${t(state === 'syncing' ? 'shop.later' : 'shop.none')}</h1>
  <p>${t(state === 'syncing' ? 'shop.later.text' : 'shop.none.text')}</p>
  ${state === 'syncing' && html`<p><a class="button" href=${location.pathname}>
    ${t('error.again')}</a></p>`}</main></div>`;

await setLanguage();
root.replaceChildren();
if (state === 'found') {
  // an address as wallets write it, a name in capitals: the same shop
  const rest = location.pathname.slice(BASE.length);
  if (!location.pathname.startsWith(BASE)) {
    history.replaceState(history.state, '',
      BASE + rest + location.search + location.hash);
    route.set(location.pathname);
  }
  cameBy(location.search);
  poll();
  offerPocket();
  discover();
  const learn = () => rpc('eth_chainId').then((id) =>
    status.set({ chainId: Number(id) }), () => {});
  back.watch(learn);
  resume();
  learn().then(() => { known.set(true); keepWallet(); });
  render(html`<${Shell} />`, root);
} else {
  document.title = t(state === 'syncing' ? 'shop.later' : 'shop.none');
  render(html`<${Nobody} />`, root);
}

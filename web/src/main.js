// main.js - the shell: navigation, search, theme, and the page of the path.
// A new page is one row of PAGES: load names its module, which comes when the
// page is first opened; icon puts it into the navigation, bar also into that
// of a narrow screen, whose other pages are under /more; right names what a
// login needs to see it (one of several), as the page that it is under.
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Confirm } from './confirm.js';
import { Sent, resume } from './act.js';
import { connect, live, rpc, rpcAll } from './api.js';
import { ApproxNote, followCurrency } from './approx.js';
import { isAddress, isHash, number } from './format.js';
import { language, setLanguage, t } from './i18n.js';
import { Acting, Password, loadActing } from './keys.js';
import { Block, Blocks } from './pages/blocks.js';
import { Console } from './pages/console.js';
import { Looks } from './looks.js';
import { Lost, useLost } from './lost.js';
import { Home } from './pages/home.js';
import { Login, Sessions, Setup } from './pages/login.js';
import { Transaction } from './pages/transaction.js';
import { below, follow, go, match, route } from './router.js';
import { loadSession, may, rolesWith, session } from './session.js';
import { useLoad, useSignal } from './signal.js';
import { Empty, Failure, Icon, Skeleton, html } from './ui.js';
import { Syncing } from './sync.js';
import { cameBy } from './via.js';
import { discover } from './wallet.js';

const sell = () => import('./pages/sell.js');
const sellMore = () => import('./pages/sell_more.js');
const orders = () => import('./pages/orders.js');
const buy = () => import('./pages/buy.js');
const invoices = () => import('./pages/invoices.js');
const purse = () => import('./pages/money.js');
const customers = () => import('./pages/customers.js');
const identity = () => import('./pages/identity.js');
const resolve = () => import('./pages/resolve.js');
const court = () => import('./pages/court.js');
const claims = () => import('./pages/claims.js');
const explore = () => import('./pages/explore.js');
const users = () => import('./pages/users.js');

const PAGES = [
  { path: '/', title: 'nav.home', page: Home, icon: 'home', bar: true },
  { path: '/sell', title: 'nav.sell', load: sell, name: 'Sell', icon: 'sell',
    bar: true, right: 'sell' },
  { path: '/orders', title: 'nav.orders', load: orders, name: 'Sold',
    icon: 'orders', bar: true, right: ['orders', 'till', 'export'] },
  { path: '/till', title: 'nav.till', load: () => import('./pages/till.js'),
    name: 'TillPage', icon: 'till', right: 'till' },
  { path: '/invoices', title: 'nav.invoices', load: invoices,
    name: 'Invoices', icon: 'invoice', right: ['till', 'export'] },
  { path: '/money', title: 'nav.money', load: purse, name: 'MoneyPage',
    icon: 'money', right: ['money', 'export'] },
  { path: '/buy', title: 'nav.buy', load: buy, name: 'Buy', icon: 'buy',
    bar: true, right: 'buy' },
  { path: '/purchases', title: 'nav.purchases', load: orders, name: 'Bought',
    icon: 'bag', right: 'buy' },
  { path: '/resolve', title: 'nav.resolve', load: resolve, name: 'Resolve',
    icon: 'scales', right: 'resolve' },
  { path: '/court', title: 'nav.court', load: court, name: 'Court',
    icon: 'gavel', right: 'resolve' },
  { path: '/identity', title: 'nav.identity', load: identity,
    name: 'Identity', icon: 'person', right: 'identity' },
  { path: '/storefront', title: 'nav.storefront',
    load: () => import('./pages/storefront.js'), name: 'Storefront',
    icon: 'front', right: 'storefront' },
  { path: '/blocks', title: 'nav.explore', page: Blocks, icon: 'blocks' },
  { path: '/settings', title: 'nav.settings', name: 'Settings',
    load: () => import('./pages/settings.js'), icon: 'gear' },
  { path: '/node', title: 'nav.node', name: 'NodePage', icon: 'node',
    load: () => import('./pages/node.js'), right: 'read' },
  { path: '/more', title: 'nav.more', page: More },
  { path: '/setup', title: 'setup.title', page: Setup },
  { path: '/login', title: 'login.title', page: Login },
  { path: '/welcome', title: 'welcome.title', name: 'Welcome',
    load: () => import('./pages/welcome.js') },
  { path: '/sessions', title: 'sessions.title', page: Sessions,
    under: '/settings' },
  ...[['/users', 'users.title', 'Users', 'users'],
    ['/keys', 'keys.title', 'Keys', 'keys'],
    ['/texts', 'texts.title', 'Texts', 'node'],
    ['/security', 'security.title', 'Security']].map(
    ([path, title, name, right]) => ({ path, title, name, right, load: users,
      under: '/settings' })),
  ...[['/money/receive', 'money.receive', 'Receive'],
    ['/money/escrow', 'money.escrow', 'Held']].map(([path, title, name]) =>
    ({ path, title, name, load: purse, under: '/money' })),
  { path: '/send', title: 'nav.send', load: () => import('./pages/send.js'),
    name: 'Send', right: 'money', under: '/money' },
  ...[['/customers', 'customer.title', 'CustomersPage'],
    ['/customer/:address', 'customer.one', 'CustomerPage']].map(
    ([path, title, name]) => ({ path, title, name, load: customers,
      right: ['orders', 'export'], under: '/orders' })),
  { path: '/console', title: 'console.title', page: Console, under: '/node' },
  { path: '/block/:id', title: 'block.title', page: Block, under: '/blocks' },
  { path: '/tx/:hash', title: 'tx.title', page: Transaction,
    under: '/blocks' },
  { path: '/address/:address', title: 'address.title', name: 'Account',
    load: () => import('./pages/account.js'), under: '/blocks' },
  ...[['/tokens', 'tokens.title', 'Tokens'],
    ['/token/:address', 'address.token', 'Token'],
    ['/names', 'names.title', 'Names'],
    ['/contracts', 'contracts.title', 'Contracts'], ['/charts', 'charts.title', 'Charts'],
    ['/pool', 'pool.title', 'Pool']].map(
    ([path, title, name]) => ({ path, title, name, load: explore,
      under: '/blocks' })),
  ...[['/sell/new', 'sell.new'], ['/sell/listing/:id', 'sell.edit']].map(
    ([path, title]) => ({ path, title, under: '/sell', name: 'SellEdit',
      load: () => import('./pages/sell_edit.js') })),
  ...[['/sell/shipping', 'sell.shipping', 'Shipping'],
    ['/sell/coupons', 'sell.coupons', 'CouponsPage'],
    ['/sell/reviews', 'sell.reviews', 'ReviewsPage'],
    ['/sell/posts', 'sell.posts', 'PostsPage']].map(([path, title, name]) =>
    ({ path, title, name, load: sellMore, under: '/sell' })),
  { path: '/sell/csv', title: 'sell.csv', name: 'SellCsv', under: '/sell',
    load: () => import('./pages/sell_csv.js') },
  { path: '/order/:id', title: 'order.title', name: 'Order', under: '/orders',
    load: () => import('./pages/order.js') },
  { path: '/case/:id', title: 'case.title', name: 'Case', under: '/resolve',
    load: () => import('./pages/case.js') },
  ...[['/court/accuse', 'court.accuse', 'Accuse'],
    ['/court/law', 'court.law', 'Law']].map(([path, title, name]) =>
    ({ path, title, name, load: court, under: '/court' })),
  { path: '/court/:id', title: 'court.case', name: 'CourtCase',
    load: () => import('./pages/court_case.js'), under: '/court' },
  ...[['/mediators', 'med.title', 'Mediators'],
    ['/mediating', 'med.mine', 'Mediating']].map(([path, title, name]) =>
    ({ path, title, name, load: resolve, under: '/resolve' })),
  { path: '/favourites', title: 'buy.favourites', name: 'Favourites',
    load: buy, under: '/buy' },
  { path: '/listing/:id', title: 'goods.listing', name: 'Listing', load: buy,
    under: '/buy' },
  { path: '/cart', title: 'nav.cart', name: 'CartPage', under: '/buy',
    load: () => import('./pages/cart.js') },
  ...[['/invoices/new', 'invoice.new', 'InvoiceNew', 'till'],
    ['/invoice/:id', 'invoice.title', 'Invoice', ['till', 'export', 'buy']],
    ['/plans', 'plan.title', 'Plans', ['sell', 'export']],
    ['/plan/:id', 'plan.one', 'Plan', ['sell', 'export', 'buy']],
    ['/subscriptions', 'sub.title', 'Subscriptions', 'buy']].map(
    ([path, title, name, right]) => ({ path, title, name, right,
      load: invoices, under: '/invoices' })),
  ...[['/issuer', 'issuer.title', 'Issuer'],
    ['/claims/ask', 'claim.ask.title', 'Ask'],
    ['/claim/:id', 'show.one', 'Disclose'],
    ['/guarding', 'ward.title', 'Guarding']].map(([path, title, name]) =>
    ({ path, title, name, load: claims, under: '/identity' })),
  { path: '/verify', title: 'check.title', name: 'Verify', load: claims,
    under: '/identity', right: [] },
  { path: '/party/:address', title: 'party.title', name: 'PartyPage',
    load: identity, under: '/buy', right: [] },
];
// Those that have tabs, which lead to the page that they are under.
const TABBED = ['/sell/shipping', '/sell/coupons', '/sell/reviews', '/sell/csv',
  '/sell/posts', '/customers', '/money/receive', '/money/escrow', '/send',
  '/invoices/new', '/plans', '/subscriptions', '/favourites', '/court/accuse',
  '/court/law', '/mediators', '/mediating', '/tokens', '/names', '/contracts', '/charts',
  '/pool'];
const rightOf = (row) => row.right
  ?? PAGES.find((p) => p.path === row.under)?.right;
const shown = () => PAGES.filter((p) => p.icon && may(p.right));

// A page that the role has not: who has.
function NotYours({ row }) {
  const { role } = useSignal(session);
  if (!role) {
    return html`<h1>${t(row.title)}</h1><${Empty} title=${t('right.login')}>
      <a href="/login">${t('login.title')}</a><//>`;
  }
  return html`<h1>${t(row.title)}</h1><${Empty} title=${t('right.not',
    { role: t(`role.${role}`) })}>${t('right.who', { roles: rolesWith(
    rightOf(row)).map((r) => t(`role.${r}`)).join(', ') })}<//>`;
}

// What a narrow screen has no room for.
function More() {
  return html`<h1>${t('nav.more')}</h1><ul class="plain more">
    ${shown().filter((p) => !p.bar).map((p) => html`<li key=${p.path}>
      <a href=${p.path}><${Icon} name=${p.icon} />${t(p.title)}</a></li>`)}
    </ul>`;
}

// A page whose module is on its way.
const loadedPages = new Map();
function Later({ row, params }) {
  const state = useLoad(async () => {
    const m = loadedPages.get(row.load) ?? await row.load();
    loadedPages.set(row.load, m);
    return m;
  }, [row.load]);
  const m = loadedPages.get(row.load);
  if (m) return html`<${m[row.name]} ...${params} />`;
  return html`<h1>${t(row.title)}</h1>${state.error
    ? html`<${Failure} ...${state} />` : html`<${Skeleton} rows=${6} />`}`;
}

function Search() {
  const [problem, say] = useState('');
  const find = async (event) => {
    event.preventDefault();
    const input = event.target.elements.what;
    const what = input.value.trim();
    say('');
    if (/^\d+$/.test(what)) go(`/block/${what}`);
    else if (isAddress(what)) go(`/address/${what}`);
    else if (isHash(what)) {
      const [tx, block] = await rpcAll([['eth_getTransactionByHash', what],
        ['eth_getBlockByHash', what, false]]);
      if (tx) go(`/tx/${what}`);
      else if (block) go(`/block/${what}`);
      else { say(t('search.none')); return; }
    } else if (what) {
      const { items } = await rpc('id_list', { q: what, limit: 2 });
      const is = items.find((p) => p.handle === what.toLowerCase())
        ?? (items.length === 1 ? items[0] : null);
      if (!items.length) { say(t('search.what')); return; }
      go(is ? `/party/${is.anchor}` : `/names?q=${encodeURIComponent(what)}`);
    } else return;
    input.value = '';
  };
  return html`<form class="search" role="search" onSubmit=${find}>
    <label class="quiet" for="search">${t('search.label')}</label>
    <input id="search" name="what" type="search" autocomplete="off"
      spellcheck=${false} placeholder=${t('search.hint')} />
    <button type="submit">${t('search.go')}</button>
    <span class="wrong" role="status">${problem}</span></form>`;
}

function Pill() {
  const { connected, height } = useSignal(live);
  return html`<span class="pill ${connected ? 'on' : 'off'}" role="status">
    <span aria-hidden="true">${connected ? '●' : '○'}</span>
    ${connected && height !== null
      ? t('pill.height', { height: number(height) }) : t('pill.lost')}</span>`;
}

function Who() {
  const now = useSignal(session);
  if (!now) return null;
  return now.name ? html`<a class="who" href="/sessions">
    <bdi>${now.name}</bdi></a>`
    : html`<a class="who" href=${now.setup ? '/setup' : '/login'}>
      ${t(now.setup ? 'setup.title' : 'login.title')}</a>`;
}

function Shell() {
  const path = useSignal(route);
  const now = useSignal(session);
  const [, redraw] = useState(0);
  const main = useRef();
  const found = match(PAGES, path);
  useEffect(() => {
    document.title = `${t(found?.row.title ?? 'missing.title')} · CyberMiles`;
  });
  const loaded = useRef(false); // a page that was just opened begins at its top
  useEffect(() => {
    if (loaded.current) main.current?.focus({ preventScroll: true });
    loaded.current = true;
  }, [path]);
  // A login's language, unless this browser was given one.
  useEffect(() => {
    if (!now?.language || now.language === language()
      || localStorage.getItem('language')) return;
    setLanguage(now.language).then(() => redraw((n) => n + 1), () => {});
  }, [now?.language]);
  const under = useSignal(below) ?? found?.row.under;
  const here = under ?? found?.row.path;
  const lost = useLost();
  const above = under && !TABBED.includes(found.row.path)
    && PAGES.find((p) => p.path === under);
  return html`<div class="shell" onClick=${follow}>
    <a class="skip" href="#main">${t('skip')}</a>
    <header><a class="brand" href="/"><img src="/icon.svg" alt="" width="28"
      height="28" /> CyberMiles</a><${Pill} /><${Search} /><${Acting} />
      <${Who} /></header>
    <nav aria-label=${t('nav.label')}>${shown().map((p) =>
      html`<a href=${p.path} class=${p.bar ? null : 'far'}
        aria-current=${here === p.path ? 'page' : null}>
        <${Icon} name=${p.icon} />${t(p.title)}</a>`)}
      <a href="/more" class="near" aria-current=${here === '/more' || PAGES.some(
        (p) => p.path === here && p.icon && !p.bar) ? 'page' : null}><${Icon} name="more" />${t('nav.more')}</a></nav>
    <main id="main" tabindex="-1" ref=${main} class=${lost ? 'stale' : null}>
      ${lost && html`<${Lost} since=${lost} />`}
      <${Syncing} /><${Sent} />
      ${above && html`<p class="crumb"><a href=${above.path}><span
        aria-hidden="true">‹</span> ${t(above.title)}</a></p>`}
      ${found && now && !may(rightOf(found.row)) ? html`<${NotYours}
        row=${found.row} />`
        : found?.row.load ? html`<${Later} key=${path} ...${found} />`
        : found ? html`<${found.row.page} key=${path} ...${found.params} />`
        : html`<h1>${t('missing.title')}</h1><p>${t('missing.text')}${' '}
          <a href="/">${t('nav.home')}</a></p>`}
    </main>
    <footer><${ApproxNote} /><${Looks} redraw=${() => redraw((n) => n + 1)} /></footer>
    <${Password} /><${Confirm} />
  </div>`;
}

// Who is here is known before anything is drawn: nothing that a role has not is
// shown for a moment.
await Promise.all([setLanguage(), loadSession()]);
cameBy(location.search);
connect();
discover();
resume();
loadActing();
followCurrency();
render(html`<${Shell} />`, document.getElementById('app'));

// front.js - the pages that only a public shop has: its front, what it says of
// itself, the visitor's orders, his wallet.
import { Do } from '../act.js';
import { Wallets, acting, setActing, status } from '../acting.js';
import { useBarred } from '../barred.js';
import { checksum, number, short } from '../format.js';
import { Card, Picture, Stars, categoryName, useCategories }
  from '../goods.js';
import { t } from '../i18n.js';
import { links } from '../links.js';
import { Choice, List, useList, useRpc } from '../list.js';
import { Money } from '../money.js';
import { POCKET, forget, hasWords, showWords, stored } from '../pocket.js';
import { Qr } from '../qr.js';
import { ask, query } from '../router.js';
import { useSignal } from '../signal.js';
import { Copy, Empty, Facts, Hash, html } from '../ui.js';
import { wallets } from '../wallet.js';
import { Reputation } from './identity.js';
import { filterOf, sortOf } from './buy.js';
import { Bought } from './orders.js';
import { POLICIES } from './profile.js';
import { ShipTable } from './sell_more.js';

/* ----------------------------------------------------------------- front */

const SORTS = ['new', 'price', 'priceDown', 'rating', 'sold'];

function Hero({ who }) {
  const { data } = useRpc('id_reputation', who.seller);
  return html`<section class="hero">
    ${who.logo && html`<${Picture} hash=${who.logo} size=${96} />`}
    <div><h1><bdi>${who.name}</bdi></h1>
      ${who.about && html`<p class="wrap"><bdi>${who.about}</bdi></p>`}
      <p class="row"><${Stars}
        value=${data?.inputs?.reviewWeight > 0 && data.ratingX100} />
        ${data && html`<a href=${`${links.buy}/about`}>${t('shop.score',
          { score: number(data.score) })}</a>`}
        ${data?.inputs?.sold > 0 && html`<span class="quiet">${t('shop.sold',
          { n: data.inputs.sold })}</span>`}</p></div></section>`;
}

function Chips({ filter, put }) {
  const names = useCategories();
  const { data } = useRpc('market_facets', { seller: filter.seller,
    ...(filter.q && { q: filter.q }) });
  const rows = data?.category ?? [];
  if (rows.length < 2) return null;
  const chip = (value, text) => html`<button type="button" class="chip"
    aria-pressed=${filter.category === value}
    onClick=${() => put({ category: value })}>${text}</button>`;
  return html`<div class="row chips" role="group" aria-label=${t('sell.category')}>
    ${chip(undefined, t('list.all'))}${rows.map((r) => chip(r.value,
      `${categoryName(r.value, names)} (${number(r.count)})`))}</div>`;
}

export function Front({ who }) {
  const search = useSignal(query);
  const { q, category, inStock } = filterOf(search, ['q', 'category']);
  const sort = sortOf(search, SORTS);
  const filter = { seller: who.seller, ...(q && { q }),
    ...(category !== undefined && { category }), ...(inStock && { inStock }) };
  const list = useList('market_search', { ...filter, ...(sort && { sort }) },
    24);
  const barred = useBarred(who.seller);
  const none = () => ask({ q: '', category: undefined, inStock: undefined });
  return html`${q ? html`<h1>${t('shop.found')} <bdi>“${q}”</bdi></h1>
      <p><a href=${links.buy}>${t('shop.all')}</a></p>`
      : html`<${Hero} who=${who} />`}
    ${barred && html`<p class="wrong" role="status" data-test="barred">
      ${barred}</p>`}
    <${Chips} filter=${filter} put=${ask} />
    <div class="bar"><${Choice} id="sort" label=${t('list.sort')} value=${sort}
        set=${(v) => ask({ sort: v })} rows=${[['', t(q ? 'sort.best'
          : 'sort.new')], ...SORTS.slice(q ? 0 : 1).map((s) =>
          [s, t(`sort.${s}`)])]} />
      <label class="tick"><input type="checkbox" checked=${inStock ?? false}
        onChange=${(e) => ask({ inStock: e.target.checked })} />
        ${t('buy.inStock')}</label></div>
    <${List} state=${list} empty=${q || category !== undefined || inStock
      ? html`<${Empty} title=${t('buy.none')}>${t('buy.none.text')}${' '}
        <button type="button" class="main" onClick=${none}>${t('shop.all')}
        </button><//>`
      : html`<${Empty} title=${t('shop.empty')} next=${[`${links.buy}/about`,
        'shop.about']}>${t('shop.empty.text')}<//>`}>
      ${(items) => html`<div class="cards large">${items.map((l) => html`
        <${Card} key=${l.id} listing=${l} />`)}</div>`}<//>`;
}

/* ----------------------------------------------------------------- about */

export function About({ who }) {
  const tables = useRpc('market_shipTables', { seller: who.seller });
  const texts = POLICIES.filter((p) => who.policies?.[p]);
  return html`<h1><bdi>${who.name}</bdi></h1>
    <div class="beside"><div><section class="card"><h2>${t('shop.about')}</h2>
      <p class="wrap"><bdi>${who.about ?? ''}</bdi></p>
      <${Facts} rows=${[
        ['shop.contact', who.contact && html`<bdi>${who.contact}</bdi>`],
        ['id.handle', who.id?.handle && html`<bdi>${who.id.handle}</bdi>`],
        ['shop.account', html`<${Hash} full value=${checksum(who.seller)} />`],
        ['shop.address', html`<span class="hash">${location.origin}${links.buy}
          </span> <${Copy} text=${location.origin + links.buy} />`]]} />
      </section>
      ${texts.map((p) => html`<section class="card" key=${p}>
        <h2>${t(`policy.${p}`)}</h2>
        <p class="wrap"><bdi>${who.policies[p]}</bdi></p></section>`)}
      ${tables.data?.items.map((s) => html`<section class="card" key=${s.id}>
        <h2>${t('sell.shipping')}</h2><${ShipTable} table=${s} /></section>`)}
    </div><div><${Reputation} party=${who.seller} />
      <section class="card"><h2>${t('shop.how')}</h2>
        <ol>${[1, 2, 3, 4].map((n) => html`<li key=${n}>${t(`shop.how.${n}`)}
        </li>`)}</ol></section></div></div>`;
}

export const Mine = ({ who }) => html`<${Bought} seller=${who.seller}
  title="shop.orders" />`;

/* ---------------------------------------------------------------- wallet */

// Who has none is told what to give to one.
function Network() {
  const { chainId } = useSignal(status) ?? {};
  return html`<details class="network"><summary>${t('shop.noWallet')}</summary>
    <p>${t('shop.noWallet.text')}</p><${Facts} rows=${[
      ['shop.rpc', html`<span class="hash">${location.origin}</span>
        <${Copy} text=${location.origin} />`],
      ['shop.chain', chainId && html`<span class="hash">${chainId}</span>
        <${Copy} text=${String(chainId)} />`],
      ['shop.coin', 'CMT']]} /></details>`;
}

// Of the wallet made in this page: where money is sent, its file, its end.
function OwnKey({ address }) {
  const away = () => { forget(); setActing(null); };
  return html`<details class="network own" data-test="own-key"><summary>
      ${t('pocket.more')}</summary><p>${t('pocket.fill')}</p>
    <${Qr} text=${checksum(address)} label=${t('pocket.qr')} />
    <div class="row"><${Do} go=${async () => (await import('../pocket_sheet.js'))
      .saveKey(stored())}>${t('pocket.save.go')}<//>
    ${hasWords() && html`<button type="button" onClick=${showWords}
      data-test="pocket-words">${t('words.show')}</button>`}
    <${Do} confirm=${t('pocket.drop.sure')} go=${async () => away()}
      test="pocket-drop">${t('pocket.drop')}<//></div></details>`;
}

export function Purse() {
  const me = useSignal(acting);
  const found = useSignal(wallets);
  const balance = useRpc(me && 'eth_getBalance', me?.address, 'latest');
  const own = me?.wallet.info.uuid === POCKET;
  if (me) {
    return html`<div class="purse" data-test="purse"><span>${own
        ? t('pocket.manage') : me.wallet.info.name}${' '}<span class="hash" title=${checksum(me.address)}>
      ${short(checksum(me.address), 4, 4)}</span></span>
      ${balance.data && html`<strong><${Money} value=${balance.data}
        digits=${2} /></strong>`}
      <button type="button" onClick=${() => setActing(null)}>
        ${t('shop.leave')}</button>
      ${own && html`<${OwnKey} address=${me.address} />`}</div>`;
  }
  return html`<div class="purse"><${Wallets} />
    ${found.every((w) => w.last) && html`<${Network} />`}</div>`;
}

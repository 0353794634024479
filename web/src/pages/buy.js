// buy.js - the catalogue: search with facets, and one listing.
import { useState } from 'preact/hooks';
import { NOBODY } from '../act.js';
import { acting } from '../acting.js';
import { rpcAll } from '../api.js';
import { useBarred } from '../barred.js';
import { cart, addToCart, favourites, flipFavourite } from '../cart.js';
import { DemoShop } from '../demo.js';
import { date, isAddress, isolate, number } from '../format.js';
import { Card, KINDS, Party, Picture, Price, State, Stars, categoryName,
  stockText, titleOf, useCategories } from '../goods.js';
import { t } from '../i18n.js';
import { links } from '../links.js';
import { Choice, Find, List, Tabs, useList, useRpc } from '../list.js';
import { parse, typed, useTokens } from '../money.js';
import { ask, go, query } from '../router.js';
import { useLoad, useSignal } from '../signal.js';
import { Copy, Empty, Facts, Field, Icon, Loaded, html } from '../ui.js';
import { linkBy } from '../via.js';
import { Review, ShipTable } from './sell_more.js';

const PHYSICAL = 1, WIDE = 960; // px: room for filters beside what is found
const SORTS = ['new', 'price', 'priceDown', 'rating', 'sold'];
const RATINGS = [450, 400, 300], SELLERS = 12;

function Facet({ name, title, rows, value, set, say }) {
  if (!rows?.length) return null;
  return html`<fieldset class="facet"><legend>${title}</legend>
    ${rows.map((r) => html`<label class="tick" key=${r.value}>
      <input type="radio" name=${name} checked=${value === r.value}
        onChange=${() => set(r.value)} /> ${say(r.value)}
      ${r.count !== undefined && html`<small> ${number(r.count)}</small>`}
      </label>`)}
    ${value !== undefined && html`<button type="button"
      onClick=${() => set(undefined)}>${t('list.all')}</button>`}</fieldset>`;
}

// Amounts are of one money: the chosen one, else CMT.
function Prices({ filter, put }) {
  const token = filter.token ?? NOBODY;
  const coin = useTokens([token])?.get(token);
  const [wrong, say] = useState('');
  const submit = (e) => {
    e.preventDefault();
    const read = (name) => {
      const text = e.target.elements[name].value.trim();
      const n = text ? parse(text, coin) : undefined;
      return n === undefined || n === null ? n : `0x${n.toString(16)}`;
    };
    const [priceMin, priceMax] = [read('least'), read('most')];
    if (priceMin === null || priceMax === null) {
      say(t('send.bad.amount'));
      return;
    }
    say('');
    put({ priceMin, priceMax, token: priceMin || priceMax ? token
      : filter.token });
  };
  const field = (name, key) => html`<label>${t(`buy.${name}`)}
    <input name=${name} inputmode="decimal" autocomplete="off" key=${filter[key]}
      defaultValue=${filter[key] ? typed(filter[key], coin) : ''} /></label>`;
  if (!coin) return null;
  return html`<form onSubmit=${submit}><fieldset class="facet prices">
    <legend>${t('sell.price')}, <bdi>${coin.symbol}</bdi></legend>${field('least',
      'priceMin')}${field('most', 'priceMax')}
    <button type="submit">${t('buy.apply')}</button>
    ${wrong && html`<small class="wrong" role="alert">${wrong}</small>`}
  </fieldset></form>`;
}

function Facets({ filter, put, data }) {
  const names = useCategories();
  const tokens = useTokens((data?.token ?? []).map((r) => r.value));
  if (!data) return null;
  return html`<${Facet} name="category" title=${t('sell.category')}
      rows=${data.category} value=${filter.category}
      set=${(v) => put({ category: v })}
      say=${(v) => categoryName(v, names)} />
    <${Facet} name="kind" title=${t('sell.kind')} rows=${data.kind}
      value=${filter.kind} set=${(v) => put({ kind: v })}
      say=${(v) => t(`kind.${KINDS[v]}`)} />
    ${(data.token?.length > 1 || filter.token) && html`<${Facet} name="token"
      title=${t('buy.money')} rows=${data.token} value=${filter.token}
      set=${(v) => put({ token: v, priceMin: undefined, priceMax: undefined })}
      say=${(v) => html`<bdi>${tokens?.get(v)?.symbol ?? '…'}</bdi>`} />`}
    <${Prices} filter=${filter} put=${put} />
    ${(data.seller?.length > 1 || filter.seller) && html`<${Facet} name="seller"
      title=${t('order.seller')} rows=${data.seller.slice(0, SELLERS)}
      value=${filter.seller} set=${(v) => put({ seller: v })}
      say=${(v) => html`<${Party} value=${v} plain />`} />`}
    <${Facet} name="rating" title=${t('sell.rating')} value=${filter.minRating}
      rows=${RATINGS.map((value) => ({ value }))}
      set=${(v) => put({ minRating: v })}
      say=${(v) => t('buy.stars', { n: v / 100 })} />`;
}

function Cart() {
  const lines = useSignal(cart);
  return html`<a class="button" href=${links.cart} data-test="cart">${t('nav.cart')}
    ${' '}(${number(lines.reduce((n, l) => n + l.qty, 0))})</a>`;
}

// What is looked for, as the address of the page has it.
const NUMBERS = ['category', 'kind', 'minRating', 'platform'];
const IS = { q: (v) => v, token: isAddress, seller: isAddress,
  priceMin: (v) => /^0x[0-9a-f]{1,64}$/.test(v),
  priceMax: (v) => /^0x[0-9a-f]{1,64}$/.test(v),
  ...Object.fromEntries(NUMBERS.map((k) => [k, (v) => /^\d{1,15}$/.test(v)])) };
export function filterOf(search, names = Object.keys(IS)) {
  const given = new URLSearchParams(search);
  return { ...Object.fromEntries(names.filter((k) => given.has(k)
    && IS[k](given.get(k))).map((k) => [k, NUMBERS.includes(k)
    ? Number(given.get(k)) : given.get(k)])),
  ...(given.get('inStock') === '1' && { inStock: true }) };
}
export const sortOf = (search, rows) => rows.find((s) =>
  s === new URLSearchParams(search).get('sort')) ?? '';

// How many there are, of the facets.
const Found = ({ data }) => html`<p class="quiet" role="status" data-test="found">
  ${data && t(data.capped ? 'buy.many' : 'buy.found', { n: (data.kind ?? [])
    .reduce((n, r) => n + r.count, 0) })}</p>`;

export function Buy() {
  const search = useSignal(query);
  const filter = filterOf(search), sort = sortOf(search, SORTS);
  const list = useList('market_search', { ...filter, ...(sort && { sort }) },
    24);
  const facets = useRpc('market_facets', filter).data;
  const some = Object.keys(filter).length > 0;
  const none = () => ask(Object.fromEntries([...Object.keys(IS), 'inStock']
    .map((k) => [k, undefined])));
  const best = filter.q ? 'sort.best' : 'sort.new';
  return html`<h1>${t('nav.buy')}</h1><${BuyTabs} />
    <div class="bar"><${Find} label=${t('buy.what')} title=${t('buy.search')}
        value=${filter.q ?? ''} set=${(q) => ask({ q })} key=${filter.q} />
      <${Choice} id="sort" label=${t('list.sort')} value=${sort}
        set=${(v) => ask({ sort: v })} rows=${[['', t(best)], ...SORTS.slice(
          filter.q ? 0 : 1).map((s) => [s, t(`sort.${s}`)])]} />
      <label class="tick"><input type="checkbox" checked=${filter.inStock
        ?? false} onChange=${(e) => ask({ inStock: e.target.checked })} />
        ${t('buy.inStock')}</label>
      <${Cart} /></div>
    <div class="aside"><details class="facets" open=${innerWidth > WIDE}>
      <summary>${t('buy.filters')}</summary>
      ${facets && (some || facets.kind?.length > 0) && html`<${Facets}
        filter=${filter} put=${ask} data=${facets} />`}
      </details>
    <div><div class="row between"><${Found} data=${facets} />
      ${some && html`<button type="button" class="link" onClick=${none}
        data-test="clear">${t('buy.none.go')}</button>`}</div>
      <${List} state=${list} empty=${some ? html`<${Empty} title=${t('buy.none')}>
          ${t('buy.none.text')}${' '}<button type="button" class="main"
          onClick=${none}>${t('buy.none.go')}</button><//>`
        : html`<${Empty} title=${t('buy.nothing')} next=${['/sell/new',
          'sell.new']}>${t('buy.nothing.text')}<//><${DemoShop} offer />`}>
      ${(items) => html`<div class="cards">${items.map((l) => html`<${Card}
        key=${l.id} listing=${l} by />`)}</div>`}<//></div></div>`;
}

const BuyTabs = () => html`<${Tabs} label=${t('nav.buy')} rows=${[
  ['/buy', 'buy.all'], ['/favourites', 'buy.favourites']]} />`;

// What was remembered, as it is now.
export function Favourites() {
  const ids = useSignal(favourites);
  const state = useLoad(async () => ids.length ? (await rpcAll(ids.map((id) =>
    ['market_get', id]))).filter(Boolean) : [], [ids.join()]);
  return html`<h1>${t('buy.favourites')}</h1><${BuyTabs} />
    <p class="quiet">${t('buy.favourites.here')}</p>
    <${Loaded} state=${state} rows=${4}>${(items) => items.length ? html`
      <div class="cards">${items.map((l) => html`<div key=${l.id}>
        <${Card} listing=${l} /><p><button type="button"
          onClick=${() => flipFavourite(l.id)}><span aria-hidden="true">♥</span>
          ${' '}${t('buy.forget')}<span class="away"> ${titleOf(l)}</span>
        </button></p></div>`)}</div>`
      : html`<${Empty} title=${t('buy.favourites.none')}>${t(
        'buy.favourites.first')}${' '}<a class="button main" href="/buy">${t(
        'nav.buy')}</a><//>`}<//>`;
}

/* ----------------------------------------------------------- one listing */

function Order({ listing, variants }) {
  const choices = variants.filter((v) => v.active);
  const [form, set] = useState({ variant: String(choices[0]?.index ?? 0),
    qty: '1' });
  const v = variants.find((x) => String(x.index) === form.variant);
  const name = (x) => listing.document?.variants?.[x.index]
    || t('goods.variant', { n: x.index + 1 });
  const price = v && BigInt(v.price) ? v.price : listing.price;
  const barred = useBarred(listing.seller);
  const ready = listing.state === 'active' && v && v.stock > 0 && !barred;
  const add = (e) => {
    e.preventDefault();
    addToCart({ listing: listing.id, variant: v.index,
      qty: Number(form.qty), unit: price, token: listing.token });
    go(links.cart);
  };
  return html`<form class="form" onSubmit=${add}>
    <p class="big"><${Price} listing=${listing} value=${price} /></p>
    ${choices.length > 1 && html`<${Field} id="variant"
      label=${t('sell.variant')}><select id="variant" value=${form.variant}
        onChange=${(e) => set({ ...form, variant: e.target.value })}>
        ${choices.map((x) => html`<option value=${String(x.index)}>
          ${isolate(name(x))}${x.stock === 0 ? ` · ${t('goods.sold.out')}` : ''}
          </option>`)}
      </select><//>`}
    <div class="take"><${Field} id="qty" label=${t('order.qty')}><input id="qty"
      type="number" min="1" max=${Math.max(1, Math.min(v?.stock ?? 1, 99))}
      value=${form.qty} required disabled=${!ready}
      onInput=${(e) => set({ ...form, qty: e.target.value })} /><//>
    <button class="main" type="submit" disabled=${!ready}
      data-test="add">${t('buy.add')}</button></div>
    ${barred ? html`<p class="wrong" data-test="barred">${barred}</p>`
      : listing.state === 'active' ? html`<p class=${v?.stock ? 'quiet' : 'wrong'}>
        ${stockText(v?.stock ?? 0)}</p>`
      : html`<p class="wrong">${t('goods.closed')}</p>`}
    <p class="safe"><${Icon} name="shield" /><span>${t('goods.safe')}</span></p>
  </form>`;
}

// What is sent costs what the seller's table says.
function Shipping({ listing }) {
  const { data } = useRpc(listing.shipTable && 'market_shipTables',
    { seller: listing.seller });
  const table = data?.items.find((s) => s.id === listing.shipTable);
  if (listing.kind !== PHYSICAL) return null;
  return html`<details class="read"><summary>${t('goods.shipping')}</summary>
    ${table ? html`<${ShipTable} table=${table} />` : html`<p>${t(
      'goods.shipping.free')}</p>`}</details>`;
}

// Its pictures: one large, the others to choose from.
function Gallery({ images, title }) {
  const [at, set] = useState(0);
  const now = images[at] ?? images[0];
  return html`<div class="gallery"><${Picture} hash=${now} size=${560}
      alt=${images.length > 1 ? t('sell.picture', { n: at + 1 }) : title} />
    ${images.length > 1 && html`<div class="row" role="group"
      aria-label=${t('goods.pictures')}>${images.map((h, i) => html`<button
        type="button" class="shot" key=${h} aria-pressed=${i === at}
        onClick=${() => set(i)}><${Picture} hash=${h} size=${72}
          alt=${t('sell.picture', { n: i + 1 })} /></button>`)}</div>`}</div>`;
}

// Others of the seller's.
function More({ listing }) {
  const { data } = useRpc('market_search', { seller: listing.seller, limit: 6 });
  const others = (data?.items ?? []).filter((l) => l.id !== listing.id);
  return others.length > 0 && html`<h2>${t('goods.more')}${' '}<${Party}
    value=${listing.seller} /></h2><div class="cards">${others.slice(0, 5).map(
    (l) => html`<${Card} key=${l.id} listing=${l} />`)}</div>`;
}

const terms = (l) => [
  ['order.seller', html`<${Party} value=${l.seller} />`],
  ['list.state', l.state === 'active' ? null
    : html`<${State} word=${l.state} />`],
  ['buy.ships', t('buy.days', { n: l.handling / 86400 })],
  ['buy.arrives', t('buy.days', { n: l.delivery / 86400 })],
  ['buy.returns', l.returnDays ? t('buy.days', { n: l.returnDays })
    : t('buy.noReturns')],
  ['order.tax', l.taxBps ? `${number(l.taxBps / 100)} %` : null],
  ['buy.until', l.expires ? date(l.expires) : null]];

// The listing's address in its seller's shop; it names who gave it, so that he
// has his share of what is bought by it.
function Share({ listing }) {
  const me = useSignal(acting)?.address;
  const link = linkBy(`/shop/${listing.seller}/listing/${listing.id}`,
    me !== listing.seller && me);
  return html`${me && me === listing.seller && links.edit && html`<a class="button"
      data-test="edit" href=${links.edit(listing.id)}>${t('sell.edit')}</a>${' '}`}
    <span class="share"><${Copy} text=${link} label=${t('buy.share')} />
    ${me && me !== listing.seller && listing.affiliateBps > 0 && html`
      ${' '}<small>${t('buy.share.earns', { n: number(listing.affiliateBps
        / 100) })}</small>`}</span>`;
}

const Reviews = ({ listing }) => {
  const list = useList('market_reviews', { listing }, 10);
  return html`<h2>${t('sell.reviews')}</h2><${List} state=${list}
    empty=${html`<p class="quiet">${t('goods.unrated')}</p>`}>
    ${(items) => items.map((r) => html`<${Review} key=${r.order}
      review=${r} />`)}<//>`;
};

export function Listing({ id }) {
  const state = useRpc('market_get', Number(id));
  const liked = useSignal(favourites).includes(Number(id));
  const names = useCategories();
  return html`<${Loaded} state=${state} rows=${8}
    title=${t('goods.listing')}>${(l) => l === null
    ? html`<h1>${t('goods.listing')}</h1><${Empty} title=${t('goods.gone')}
      next=${[links.buy, links.buyTitle]}>${t('goods.gone.text')}<//>`
    : html`<p class="quiet crumb">${links.shop && html`<a href=${links.buy}>
        ${t('shop.back')}</a>`}${links.shop && l.category > 0 && ' › '}
        ${l.category > 0 && html`<a href=${`${links.buy}?category=${
          l.category}`}>${categoryName(l.category, names)}</a>`}</p><h1><bdi>${titleOf(l)}</bdi></h1>
      <p class="row"><${Stars} value=${l.rating} />
        <button type="button" aria-pressed=${liked}
          onClick=${() => flipFavourite(Number(id))}>
          <span aria-hidden="true">${liked ? '♥' : '♡'}</span>
          ${' '}${t('buy.favourite')}</button><${Share} listing=${l} />
        ${!links.shop && html`<${Cart} />`}</p>
      <div class="beside"><div>${l.document?.images?.length > 0
        && html`<${Gallery} key=${l.docHash} images=${l.document.images}
          title=${titleOf(l)} />`}
        ${l.document ? html`<p class="wrap"><bdi>${l.document.body}</bdi></p>`
          : html`<p class="quiet">${t('content.missing')}</p>`}
        <${Shipping} listing=${l} /></div>
      <div><${Order} listing=${l} variants=${l.variants ?? []} />
        <${Facts} rows=${terms(l)} />
        ${!links.shop && html`<p class="quiet"><a href=${
          `/court/accuse?listing=${l.id}&party=${l.seller}`}>${t('goods.report')}
          </a></p>`}</div></div>
      <${Reviews} listing=${Number(id)} /><${More} listing=${l} />`}<//>`;
}

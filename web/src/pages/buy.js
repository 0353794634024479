// buy.js - the catalogue: search with facets, and one listing.
import { useState } from 'preact/hooks';
import { NOBODY } from '../act.js';
import { acting } from '../acting.js';
import { rpcAll } from '../api.js';
import { cart, addToCart, favourites, flipFavourite } from '../cart.js';
import { DemoShop } from '../demo.js';
import { date, number } from '../format.js';
import { Card, KINDS, Party, Picture, Price, State, Stars, categoryName,
  stockText, titleOf, useCategories } from '../goods.js';
import { t } from '../i18n.js';
import { links } from '../links.js';
import { Choice, Find, List, Tabs, useList, useRpc } from '../list.js';
import { parse, useTokens } from '../money.js';
import { go } from '../router.js';
import { useLoad, useSignal } from '../signal.js';
import { Copy, Empty, Facts, Field, Loaded, html } from '../ui.js';
import { linkBy } from '../via.js';
import { Review } from './sell_more.js';

const SORTS = ['new', 'price', 'priceDown', 'rating', 'sold'];
const RATINGS = [450, 400, 300];

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
  const field = (name) => html`<label>${t(`buy.${name}`)}
    <input name=${name} inputmode="decimal" autocomplete="off" /></label>`;
  if (!coin) return null;
  return html`<form onSubmit=${submit}><fieldset class="facet prices">
    <legend>${t('sell.price')}, <bdi>${coin.symbol}</bdi></legend>${field('least')}
    ${field('most')}<button type="submit">${t('buy.apply')}</button>
    ${wrong && html`<small class="wrong" role="alert">${wrong}</small>`}
  </fieldset></form>`;
}

function Facets({ filter, put }) {
  const { data } = useRpc('market_facets', filter);
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
    <${Facet} name="rating" title=${t('sell.rating')} value=${filter.minRating}
      rows=${RATINGS.map((value) => ({ value }))}
      set=${(v) => put({ minRating: v })}
      say=${(v) => t('buy.stars', { n: number(v / 100) })} />`;
}

function Cart() {
  const lines = useSignal(cart);
  return html`<a class="button" href=${links.cart} data-test="cart">${t('nav.cart')}
    ${' '}(${number(lines.reduce((n, l) => n + l.qty, 0))})</a>`;
}

export function Buy() {
  const asked = new URLSearchParams(location.search);
  const [filter, set] = useState({
    ...(asked.get('q') && { q: asked.get('q') }),
    ...(/^\d{1,15}$/.test(asked.get('platform') ?? '')
      && { platform: Number(asked.get('platform')) }) });
  const [sort, setSort] = useState('');
  const put = (change) => set(Object.fromEntries(Object.entries({ ...filter,
    ...change }).filter(([, v]) => v !== undefined && v !== '')));
  const list = useList('market_search', { ...filter, ...(sort && { sort }) },
    24);
  return html`<h1>${t('nav.buy')}</h1><${BuyTabs} />
    <div class="bar"><${Find} label=${t('buy.what')} title=${t('buy.search')}
        value=${filter.q ?? ''} set=${(q) => put({ q })} />
      <${Choice} id="sort" label=${t('list.sort')} value=${sort}
        set=${setSort} rows=${[['', t('sort.best')], ...SORTS.map((s) =>
          [s, t(`sort.${s}`)])]} />
      <label class="tick"><input type="checkbox" checked=${filter.inStock
        ?? false} onChange=${(e) => put({ inStock: e.target.checked
          || undefined })} />${t('buy.inStock')}</label>
      <${Cart} /></div>
    <div class="aside"><details class="facets" open=${innerWidth > 700}>
      <summary>${t('buy.filters')}</summary>
      <${Facets} filter=${filter} put=${put} /></details>
    <div><${List} state=${list} empty=${html`<${Empty}
        title=${t('buy.none')}>${t('buy.none.text')}${' '}<button type="button"
        class="main" onClick=${() => set({})}>${t('buy.none.go')}</button><//>
        <${DemoShop} offer=${!Object.keys(filter).length} />`}>
      ${(items) => html`<div class="cards">${items.map((l) => html`<${Card}
        key=${l.id} listing=${l} />`)}</div>`}<//></div></div>`;
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
  const ready = listing.state === 'active' && v && v.stock > 0;
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
        ${choices.map((x) => html`<option value=${String(x.index)}>${name(x)}
          ${x.stock === 0 ? ` · ${t('goods.sold.out')}` : ''}</option>`)}
      </select><//>`}
    <p>${stockText(v?.stock ?? 0)}</p>
    <${Field} id="qty" label=${t('order.qty')}><input id="qty" type="number"
      min="1" max=${Math.min(v?.stock ?? 1, 99)} value=${form.qty} required
      onInput=${(e) => set({ ...form, qty: e.target.value })} /><//>
    <button class="main" type="submit" disabled=${!ready}
      data-test="add">${t('buy.add')}</button></form>`;
}

const terms = (l) => [
  ['order.seller', html`<${Party} value=${l.seller} />`],
  ['list.state', html`<${State} word=${l.state} />`],
  ['buy.ships', t('buy.days', { n: number(l.handling / 86400) })],
  ['buy.arrives', t('buy.days', { n: number(l.delivery / 86400) })],
  ['buy.returns', l.returnDays ? t('buy.days', { n: number(l.returnDays) })
    : t('buy.noReturns')],
  ['sell.tax', l.taxBps ? `${number(l.taxBps / 100)} %` : null],
  ['buy.until', l.expires ? date(l.expires) : null]];

// The listing's address in its seller's shop; it names who gave it, so that he
// has his share of what is bought by it.
function Share({ listing }) {
  const me = useSignal(acting)?.address;
  const link = linkBy(`/shop/${listing.seller}/listing/${listing.id}`,
    me !== listing.seller && me);
  return html`<span class="share">${t('buy.share')} <${Copy} text=${link} />
    ${me && me !== listing.seller && listing.affiliateBps > 0 && html`
      <small>${t('buy.share.earns', { n: number(listing.affiliateBps / 100) })}
      </small>`}</span>`;
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
  return html`<${Loaded} state=${state} rows=${8}
    title=${t('goods.listing')}>${(l) => l === null
    ? html`<h1>${t('goods.gone')}</h1><p><a href=${links.buy}>
      ${t(links.buyTitle)}</a></p>`
    : html`<h1><bdi>${titleOf(l)}</bdi></h1>
      <p class="row"><${Stars} value=${l.rating} count=${l.ratingW} />
        <button type="button" aria-pressed=${liked}
          onClick=${() => flipFavourite(Number(id))}>
          <span aria-hidden="true">${liked ? '♥' : '♡'}</span>
          ${' '}${t('buy.favourite')}</button><${Share} listing=${l} />
        ${!links.shop && html`<${Cart} />`}</p>
      <div class="beside"><div>${l.document?.images?.length
        ? html`<div class="pictures">${l.document.images.map((h, i) => html`
          <${Picture} hash=${h} size=${360} alt=${t('sell.picture',
            { n: i + 1 })} />`)}</div>` : null}
        ${l.document ? html`<p class="wrap"><bdi>${l.document.body}</bdi></p>`
          : html`<p class="quiet">${t('content.missing')}</p>`}</div>
      <div><${Order} listing=${l} variants=${l.variants ?? []} />
        <${Facts} rows=${terms(l)} /></div></div>
      <${Reviews} listing=${Number(id)} />`}<//>`;
}

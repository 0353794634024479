// sell.js - a seller's listings.
import { useState } from 'preact/hooks';
import { Do, act } from '../act.js';
import { Mine } from '../acting.js';
import { Barred } from '../barred.js';
import { DemoShop } from '../demo.js';
import { Card, Picture, Price, State, Stars, UNLIMITED, categoryName,
  stockText, titleOf, useCategories } from '../goods.js';
import { number } from '../format.js';
import { t } from '../i18n.js';
import { Choice, List, Tabs, useList, useRpc } from '../list.js';
import { go } from '../router.js';
import { Empty, html } from '../ui.js';
import { Bulk } from './sell_bulk.js';

export const SELL_TABS = [['/sell', 'sell.listings'],
  ['/sell/shipping', 'sell.shipping'], ['/sell/coupons', 'sell.coupons'],
  ['/sell/reviews', 'sell.reviews'], ['/sell/csv', 'sell.csv'],
  ['/sell/posts', 'sell.posts']];
export const SellTabs = () => html`<${Tabs} label=${t('nav.sell')}
  rows=${SELL_TABS} />`;

const STATES = ['any', 'active', 'paused', 'expired', 'closed', 'suspended'];

function Acts({ listing }) {
  const flip = (p) => () => act(t(p ? 'sell.pause' : 'sell.resume'), 'market',
    'setPaused', [listing.id, p]);
  return html`<span class="row">
    <a class="button" href=${`/sell/listing/${listing.id}`}>${t('sell.edit')}</a>
    ${listing.state === 'active' && html`<${Do} go=${flip(true)}>
      ${t('sell.pause')}<//>`}
    ${listing.state === 'paused' && html`<${Do} go=${flip(false)}>
      ${t('sell.resume')}<//>`}
    <button type="button" onClick=${() => go(`/sell/new?of=${listing.id}`)}>
      ${t('sell.duplicate')}</button></span>`;
}

const row = (chosen, flip) => (l) => ({ key: l.id, cells: [
  html`<input type="checkbox" checked=${chosen.includes(l.id)}
    aria-label=${t('sell.pick.one', { title: titleOf(l) })}
    onChange=${() => flip(l.id)} />`,
  html`<a class="thing" href=${`/listing/${l.id}`}>
    <${Picture} hash=${l.document?.images?.[0]} size=${44} />
    <bdi>${titleOf(l)}</bdi></a>`,
  html`<${Price} listing=${l} />`, [0, UNLIMITED].includes(l.stock ?? 0)
    ? stockText(l.stock ?? 0) : number(l.stock),
  html`<${State} word=${l.state} />`, number(l.sold),
  html`<${Stars} value=${l.rating} brief />`, html`<${Acts} listing=${l} />`] });

function Listings({ me }) {
  const [state, setState] = useState('any');
  const [q, setQ] = useState('');
  const [category, setCategory] = useState('');
  const [shape, setShape] = useState(localStorage.getItem('sell.shape')
    ?? (matchMedia('(max-width: 64rem)').matches ? 'cards' : 'table'));
  const facets = useRpc('market_facets', { seller: me, state: 'any' }).data;
  const names = useCategories();
  const [chosen, choose] = useState([]); // ids
  const flip = (id) => choose(chosen.includes(id)
    ? chosen.filter((c) => c !== id) : [...chosen, id]);
  const list = useList('market_search', { seller: me, state, sort: 'new',
    ...(q && { q, sort: 'relevance' }),
    ...(category && { category: Number(category) }) });
  const show = (s) => { setShape(s); localStorage.setItem('sell.shape', s); };
  const items = list.data?.items ?? [];
  const picked = items.filter((l) => chosen.includes(l.id));
  return html`<${Barred} me=${me} />
    <p class="row"><a class="button main" href="/sell/new">
      ${t('sell.new')}</a>
    <a class="button" href=${`/shop/${me}`} target="_blank" rel="noopener"
      data-test="shop">${t('shop.open')}</a>
    <a class="button" href="/storefront">${t('shop.link')}</a></p>
    <div class="bar">
    <label class="choice" for="q">${t('list.find')}
      <input id="q" type="search" value=${q}
        onInput=${(e) => setQ(e.target.value)} /></label>
    <${Choice} id="state" label=${t('list.state')} value=${state}
      set=${setState} rows=${STATES.map((s) => [s, t(`state.${s}`)])} />
    ${facets?.category.length > 1 && html`<${Choice} id="category"
      label=${t('sell.category')} value=${category} set=${setCategory}
      rows=${[['', t('list.all')], ...facets.category.map((c) => [
        String(c.value), `${categoryName(c.value, names)} (${number(
          c.count)})`])]} />`}
    <${Choice} id="shape" label=${t('sell.shape')} value=${shape} set=${show}
      rows=${['table', 'cards'].map((s) => [s, t(`sell.shape.${s}`)])} /></div>
    ${items.length > 0 && shape === 'table' && html`<p class="row"><button type="button"
        data-test="pick-all" onClick=${() => choose(chosen.length ? []
          : items.map((l) => l.id))}>${t(chosen.length ? 'sell.pick.none'
          : 'sell.pick.all')}</button>
      ${!chosen.length && html`<small>${t('sell.pick.why')}</small>`}</p>`}
    ${picked.length > 0 && html`<${Bulk} listings=${picked}
      done=${() => choose([])} />`}
    <${List} state=${list} caption=${t('sell.listings')} row=${row(chosen, flip)}
      columns=${['sell.pick', 'sell.title', 'sell.price', 'sell.stock', 'list.state',
        'sell.sold', 'sell.rating', 'sell.acts']}
      children=${shape === 'cards' && ((all) => html`<div class="cards"
        data-test="cards">${all.map((l) => html`<div class="own" key=${l.id}>
        <${Card} listing=${l} /><p class="row between"><${State}
          word=${l.state} /><small>${stockText(l.stock ?? 0)}</small></p>
        <${Acts} listing=${l} /></div>`)}</div>`)}
      empty=${html`<${Empty} title=${t('sell.none')}>${t('sell.first')}
        ${' '}<a class="button main" href="/sell/new">${t('sell.new')}</a><//>
        <${DemoShop} offer=${!q && state === 'any'} />`} />`;
}

export const Sell = () => html`<h1>${t('nav.sell')}</h1><${SellTabs} />
  <${Mine}>${(me) => html`<${Listings} key=${me} me=${me} />`}<//>`;

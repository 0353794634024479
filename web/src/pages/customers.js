// customers.js - who bought of us: a list with what each spent, and one of them
// with his orders and what was written.
import { useState } from 'preact/hooks';
import { Do } from '../act.js';
import { Mine } from '../acting.js';
import { rpc } from '../api.js';
import { Approx } from '../approx.js';
import { csv } from '../csv.js';
import { checksum, day, number } from '../format.js';
import { Party, Stars } from '../goods.js';
import { t } from '../i18n.js';
import { Letters } from '../letters.js';
import { Choice, Find, List, OrderTabs, useList, useRpc } from '../list.js';
import { Money, plain, tokenOf } from '../money.js';
import { Ago, Empty, Facts, Hash, Loaded, html } from '../ui.js';
import { Orders } from './orders.js';

const SORTS = ['new', 'orders'];
const PAGE = 200;

// What he paid and did not get back.
const spentOf = (s) => {
  const n = BigInt(s.total) - BigInt(s.refunded) - BigInt(s.refundedLater);
  return n > 0n ? n : 0n;
};
const Spent = ({ rows }) => html`<span>${rows.map((s) => html`<span
  class="sum" key=${s.token}><${Money} value=${spentOf(s)}
  token=${s.token} /><${Approx} value=${spentOf(s)} token=${s.token} />
  </span>`)}</span>`;

// Reputation as others see it; who has none has not traded yet.
const Rating = ({ of: c }) => c.score === null
  ? html`<span class="quiet">${t('customer.new')}</span>`
  : html`<span><${Stars} value=${c.rating} /><br /><small>${t(
    'customer.score', { n: number(c.score) })}</small></span>`;

const row = (c) => ({ key: c.buyer, cells: [
  html`<a href=${`/customer/${c.buyer}`}><bdi>${c.name
    ?? checksum(c.buyer).slice(0, 10)}</bdi></a>`,
  html`<a href=${`/orders?buyer=${c.buyer}`}>${number(c.orders)}</a>`,
  html`<${Spent} rows=${c.spent} />`,
  html`<div><a href=${`/order/${c.lastOrder}`}>${t('order.number',
    { id: c.lastOrder })}</a><br /><small><${Ago} ms=${c.lastAt * 1000} />
    </small></div>`,
  html`<${Rating} of=${c} />`] });

// All of them, a line for each money that one paid with.
async function save(me) {
  const lines = [];
  for (let cursor; cursor !== null;) {
    const page = await rpc('order_customers', { seller: me, limit: PAGE,
      ...(cursor && { cursor }) });
    for (const c of page.items) {
      for (const s of c.spent) {
        const token = await tokenOf(s.token);
        lines.push([checksum(c.buyer), c.name ?? '', s.orders,
          plain(spentOf(s), token), token.symbol, c.lastOrder,
          new Date(c.lastAt * 1000).toISOString(), c.score ?? '']);
      }
    }
    cursor = page.next;
  }
  csv(t('customer.title'), ['account', 'name', 'orders', 'spent', 'token',
    'last_order', 'last_at', 'score'], lines);
}

function Customers({ me }) {
  const [q, setQ] = useState('');
  const [sort, setSort] = useState('new');
  const list = useList('order_customers', { seller: me, sort, ...(q && { q }) });
  return html`<div class="bar"><${Find} label=${t('customer.find')}
      title=${t('customer.search')} value=${q} set=${setQ} />
    <${Choice} id="sort" label=${t('list.sort')} value=${sort} set=${setSort}
      rows=${SORTS.map((s) => [s, t(`customer.sort.${s}`)])} />
    <${Do} go=${() => save(me)} test="customers-csv"
      disabled=${!list.data?.items.length}>${t('plot.csv')}<//></div>
    <${List} state=${list} caption=${t('customer.title')} row=${row}
      columns=${['customer.who', 'customer.orders', 'customer.spent',
        'customer.last', 'customer.reputation']}
      empty=${html`<${Empty} title=${t(q ? 'customer.none.found'
        : 'customer.none')}>${!q && html`${t('customer.first')}${' '}
        <a class="button main" href="/storefront">${t('shop.link')}</a>`}<//>`} />`;
}

export const CustomersPage = () => html`<h1>${t('customer.title')}</h1>
  <${OrderTabs} /><${Mine}>${(me) => html`<${Customers} key=${me}
    me=${me} />`}<//>`;

function One({ me, buyer }) {
  const state = useRpc('order_customers', { seller: me, buyer });
  return html`<${Loaded} state=${state} rows=${6}>${({ items: [c] }) => !c
    ? html`<${Empty} title=${t('customer.not')}>${t('customer.first')}${' '}
      <a class="button main" href="/customers">${t('customer.title')}</a><//>`
    : html`<div class="beside"><${Facts} rows=${[
        ['customer.spent', html`<${Spent} rows=${c.spent} />`],
        ['customer.orders', number(c.orders)],
        ['customer.since', day(c.firstAt)],
        ['customer.reputation', html`<${Rating} of=${c} />`],
        ['customer.account', html`<${Hash} value=${checksum(buyer)} full
          to=${`/party/${buyer}`} />`]]} />
      <${Letters} me=${me} other=${buyer} order=${c.lastOrder}
        filter=${{ party: me, with: buyer }} /></div>
    <h2>${t('nav.orders')}</h2>
    <${Orders} me=${me} role="seller" of=${{ buyer }} bare />`}<//>`;
}

export const CustomerPage = ({ address }) => html`
  <h1><${Party} value=${address.toLowerCase()} /></h1>
  <${Mine}>${(me) => html`<${One} me=${me}
    buyer=${address.toLowerCase()} />`}<//>`;

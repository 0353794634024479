// orders.js - what was sold, or bought: lists by state, filters that are kept,
// orders by state as a chart, and the month's file.
import { useState } from 'preact/hooks';
import { Mine } from '../acting.js';
import { Approx } from '../approx.js';
import { number } from '../format.js';
import { Party, State, Until } from '../goods.js';
import { t } from '../i18n.js';
import { links } from '../links.js';
import { Choice, Find, List, OrderTabs, useList, useRpc } from '../list.js';
import { Money } from '../money.js';
import { Month } from '../month.js';
import { query } from '../router.js';
import { may } from '../session.js';
import { kept, useSignal } from '../signal.js';
import { States } from '../states.js';
import { Ago, Empty, Field, html } from '../ui.js';

const STATES = ['', 'paid', 'shipped', 'returnAsked', 'returnOpen',
  'returnSent', 'milestones', 'disputed', 'completed', 'cancelled', 'refunded',
  'resolved'];
const SORTS = ['new', 'deadline', 'total', 'old'];
const COLUMNS = ['order.title', 'order.placed', 'order.other', 'order.total',
  'list.state', 'order.until'];
const ALL = { state: '', sort: 'new', q: '' };

const row = (party) => (o) => ({ key: o.id, cells: [
  html`<div><a href=${links.order(o.id)}>${t('order.number', { id: o.id })}</a>
    ${o.title && html`<br /><small><bdi>${o.title}</bdi></small>`}</div>`,
  html`<${Ago} ms=${o.createdAt * 1000} />`,
  html`<${Party} value=${o[party]} />`,
  html`<span><${Money} value=${o.total} token=${o.token} /><${Approx}
    value=${o.total} token=${o.token} /></span>`,
  html`<${State} word=${o.state} />`, html`<${Until} at=${Number.isInteger(
    o.deadline) ? o.deadline : o.deadline?.at} />`] });

/* --------------------------------------------------------------- filters */

// The last one, and those that have a name: kept on this browser.
const lastOf = (role) => {
  try { return JSON.parse(localStorage.getItem(`orders.${role}`)) ?? {}; }
  catch { return {}; }
};
function useFilter(role, given) {
  const [filter, set] = useState({ ...ALL, ...(given ? {} : lastOf(role)),
    ...given });
  return [filter, (change) => {
    const next = { ...filter, ...change };
    localStorage.setItem(`orders.${role}`, JSON.stringify({ ...next, q: '' }));
    set(next);
  }];
}
const saved = { seller: kept('filters.seller'), buyer: kept('filters.buyer') };
const READY = { seller: [{ state: 'paid', sort: 'deadline' },
  { state: 'shipped' }, { state: 'returnAsked', sort: 'deadline' },
  { state: 'disputed' }], buyer: [{ state: 'shipped', sort: 'deadline' },
  { state: 'completed' }] };
const same = (a, b) => Object.keys(ALL).every((k) => (a[k] ?? ALL[k])
  === (b[k] ?? ALL[k]));

function Saved({ me, role, filter, put }) {
  const { data } = useRpc('order_states', { [role]: me });
  const count = (state) => (data?.items ?? []).filter((i) => i.state === state)
    .reduce((n, i) => n + i.orders, 0);
  const own = useSignal(saved[role]);
  const [name, set] = useState('');
  const chip = (f, text, more) => html`<span class="do" key=${f.name
    ?? f.state ?? ''}>
    <button type="button" class="chip" aria-pressed=${same(f, filter)}
      onClick=${() => put({ ...ALL, ...f })}>${text}</button>${more}</span>`;
  const drop = (f) => html`<button type="button" class="copy" onClick=${() =>
    saved[role].set(own.filter((x) => x !== f))}><span aria-hidden="true">×
    </span><span class="away">${t('filter.drop', { name: f.name })}</span>
    </button>`;
  const save = (e) => {
    e.preventDefault();
    saved[role].set([...own.filter((f) => f.name !== name.trim()),
      { ...filter, name: name.trim() }]);
    set('');
  };
  const known = [{}, ...READY[role], ...own].some((f) => same(f, filter));
  return html`<div class="row chips" role="group" data-test="filters"
      aria-label=${t('filter.title')}>${chip({}, t('list.all'))}
    ${READY[role].map((f) => chip(f, html`${t(`filter.${role}.${f.state}`)}
      ${' '}<small>${number(count(f.state))}</small>`))}
    ${own.map((f) => chip(f, html`<bdi>${f.name}</bdi>`, drop(f)))}</div>
    ${!known && html`<form class="bar" onSubmit=${save}><${Field} id="filter"
      label=${t('filter.name')} hint=${t('filter.here')}><input id="filter"
      value=${name} maxlength="40" required aria-describedby="filter-hint"
      onInput=${(e) => set(e.target.value)} /><//><button type="submit">
      ${t('filter.save')}</button></form>`}`;
}

/* ------------------------------------------------------------------ list */

// of: more of the filter; bare: without choices.
export function Orders({ me, role, of, given, bare }) {
  const [filter, put] = useFilter(role, bare ? ALL : given);
  const { state, sort, q } = filter;
  const list = useList('order_list', { ...of, [role]: me, sort,
    documents: false, ...(state && { state }), ...(q && { q }) });
  const other = role === 'seller' ? 'buyer' : 'seller';
  const narrow = q || state;
  return html`${!bare && html`<${Saved} me=${me} role=${role} filter=${filter}
      put=${put} /><div class="bar"><${Find} label=${t('order.find')}
        title=${t('order.search')} value=${q} set=${(v) => put({ q: v })} />
      <${Choice} id="state" label=${t('list.state')} value=${state}
        set=${(v) => put({ state: v })} rows=${STATES.map((s) => [s,
          t(s ? `state.${s}` : 'list.all')])} />
      <${Choice} id="sort" label=${t('list.sort')} value=${sort}
        set=${(v) => put({ sort: v })} rows=${SORTS.map((s) => [s,
          t(`sort.${s}`)])} /></div>`}
    <${List} state=${list} caption=${t('nav.orders')} columns=${COLUMNS}
      row=${row(other)} empty=${html`<${Empty} title=${t('order.none')}>
        ${t(narrow ? 'order.none.found' : role === 'seller' ? 'order.none.sold'
          : 'order.none.bought')}${' '}${narrow ? html`<button type="button"
          onClick=${() => put(ALL)}>${t('filter.all')}</button>`
          : may(role === 'seller' ? 'sell' : 'buy') && html`<a
          class="button main" href=${role === 'seller' ? '/sell' : links.buy}>
        ${t(role === 'seller' ? 'nav.sell' : links.buyTitle)}</a>`}<//>`} />`;
}

// What the path asks for: ?state=, ?buyer=.
const asked = (search) => {
  const given = new URLSearchParams(search);
  const [state, buyer] = ['state', 'buyer'].map((k) => given.get(k));
  return { given: STATES.includes(state) ? { state } : undefined,
    of: buyer && { buyer } };
};

export function Sold() {
  const search = useSignal(query);
  const { given, of } = asked(search);
  return html`<h1>${t('nav.orders')}</h1><${OrderTabs} />
    <${Mine}>${(me) => html`${of && html`<p>${t('order.of')}${' '}
        <${Party} value=${of.buyer} /> · <a href="/orders">${t('filter.all')}
        </a></p>`}<${Orders} key=${search} me=${me} role="seller" of=${of}
        given=${given} />
      ${!of && html`<${States} me=${me} />`}
      ${may('export') && html`<${Month} me=${me} />`}`}<//>`;
}
// seller: of him alone.
export const Bought = ({ seller, title = 'nav.purchases' }) => html`
  <h1>${t(title)}</h1><${Mine}>${(me) => html`<${Orders} me=${me} role="buyer"
    of=${seller && { seller }} />`}<//>`;

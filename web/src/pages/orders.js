// orders.js - what was sold, or bought: lists by state, and the month's file.
import { useState } from 'preact/hooks';
import { Do } from '../act.js';
import { Mine } from '../acting.js';
import { rpc } from '../api.js';
import { chainMs } from '../clock.js';
import { saveText } from '../csv.js';
import { Party, State, Until } from '../goods.js';
import { t } from '../i18n.js';
import { links } from '../links.js';
import { Choice, Find, List, useList } from '../list.js';
import { Money } from '../money.js';
import { may } from '../session.js';
import { Ago, Empty, Field, html } from '../ui.js';

const STATES = ['', 'paid', 'shipped', 'returnAsked', 'returnOpen',
  'returnSent', 'milestones', 'disputed', 'completed', 'cancelled', 'refunded',
  'resolved'];
const SORTS = ['new', 'deadline', 'total', 'old'];
const COLUMNS = ['order.title', 'order.placed', 'order.other', 'order.total',
  'list.state', 'order.until'];

const row = (party) => (o) => ({ key: o.id, cells: [
  html`<div><a href=${links.order(o.id)}>${t('order.number', { id: o.id })}</a>
    ${o.title && html`<br /><small><bdi>${o.title}</bdi></small>`}</div>`,
  html`<${Ago} ms=${o.createdAt * 1000} />`,
  html`<${Party} value=${o[party]} />`,
  html`<${Money} value=${o.total} token=${o.token} />`,
  html`<${State} word=${o.state} />`, html`<${Until} at=${Number.isInteger(
    o.deadline) ? o.deadline : o.deadline?.at} />`] });

// A choice that this browser keeps; given: instead of what was kept.
function useKept(name, first, given) {
  const [value, set] = useState(given ?? localStorage.getItem(name) ?? first);
  return [value, (v) => { localStorage.setItem(name, v); set(v); }];
}

// of: more of the filter.
function Orders({ me, role, of }) {
  const [state, setState] = useKept(`orders.${role}.state`, '',
    new URLSearchParams(location.search).get('state'));
  const [sort, setSort] = useKept(`orders.${role}.sort`, 'new');
  const [q, setQ] = useState('');
  const list = useList('order_list', { ...of, [role]: me, sort,
    documents: false, ...(state && { state }), ...(q && { q }) });
  const other = role === 'seller' ? 'buyer' : 'seller';
  return html`<div class="bar"><${Find} label=${t('order.find')}
        title=${t('order.search')} value=${q} set=${setQ} />
      <${Choice} id="state" label=${t('list.state')} value=${state}
        set=${setState} rows=${STATES.map((s) => [s, t(s ? `state.${s}`
          : 'list.all')])} />
      <${Choice} id="sort" label=${t('list.sort')} value=${sort}
        set=${setSort} rows=${SORTS.map((s) => [s, t(`sort.${s}`)])} /></div>
    <${List} state=${list} caption=${t('nav.orders')} columns=${COLUMNS}
      row=${row(other)} empty=${html`<${Empty} title=${t('order.none')}>
        ${t(q ? 'order.none.found' : role === 'seller' ? 'order.none.sold'
          : 'order.none.bought')}${' '}${!q && may(role === 'seller' ? 'sell' : 'buy') && html`<a
          href=${role === 'seller' ? '/sell' : links.buy}>
        ${t(role === 'seller' ? 'nav.sell' : links.buyTitle)}</a>`}<//>`} />`;
}

// For the accountant: one month, as the node has it.
function Month({ me }) {
  const [month, set] = useState(new Date(chainMs()).toISOString().slice(0, 7));
  const [lines, setLines] = useState(false);
  const get = async () => {
    const [y, m] = month.split('-').map(Number);
    const at = (mm) => Math.floor(Date.UTC(y, mm, 1) / 1000);
    const file = await rpc('order_export', { seller: me, from: at(m - 1),
      to: at(m), lines, format: 'csv' });
    saveText(file.name ?? `orders-${month}.csv`, file.text);
  };
  return html`<section class="card"><h2>${t('month.title')}</h2>
    <p>${t('month.text')}</p><div class="bar">
    <${Field} id="month" label=${t('month.which')}><input id="month"
      type="month" value=${month} onInput=${(e) => set(e.target.value)} /><//>
    <label class="tick"><input type="checkbox" checked=${lines}
      onChange=${(e) => setLines(e.target.checked)} />${t('month.lines')}
    </label><${Do} go=${get} test="export">${t('month.get')}<//></div>
  </section>`;
}

export const Sold = () => html`<h1>${t('nav.orders')}</h1>
  <${Mine}>${(me) => html`<${Orders} me=${me} role="seller" />
    ${may('export') && html`<${Month} me=${me} />`}`}<//>`;
// seller: of him alone.
export const Bought = ({ seller, title = 'nav.purchases' }) => html`
  <h1>${t(title)}</h1><${Mine}>${(me) => html`<${Orders} me=${me} role="buyer"
    of=${seller && { seller }} />`}<//>`;

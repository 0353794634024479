// list.js - lists of the node's that come in pages: filters above, cards on a
// narrow screen, "more" at the end; refreshed when something of ours happened
// or the chain went on.
import { useEffect, useRef, useState } from 'preact/hooks';
import { changed } from './act.js';
import { live, rpc } from './api.js';
import { t } from './i18n.js';
import { may } from './session.js';
import { signal, useLoad, useSignal } from './signal.js';
import { Empty, Loaded, Table, html } from './ui.js';

// Grows with ours at once, with the chain each few seconds at most.
export const fresh = signal(0);
const EVERY_MS = 3000;
let last = 0, waiting = null, seen = null;
const turn = () => {
  last = Date.now();
  waiting = null;
  fresh.set(fresh.value + 1);
};
changed.watch(turn);
live.watch(({ height }) => {
  if (height === seen) return;
  seen = height;
  waiting ??= setTimeout(turn, Math.max(0, last + EVERY_MS - Date.now()));
});

// A call whose answer is kept up to date.
export function useRpc(method, ...params) {
  const turns = useSignal(fresh);
  return useLoad(async () => method ? rpc(method, ...params) : undefined,
    [method, JSON.stringify(params), turns]);
}

// Lists as they were last seen, so that who comes back finds them at once, as
// long as they had become.
const KEEP = 16;
const known = new Map(); // method and filter -> { pages, data }
function remember(key, pages, data) {
  known.delete(key);
  known.set(key, { pages, data });
  if (known.size > KEEP) known.delete(known.keys().next().value);
}

// filter: of the method's object; the pages so far stay when it is refreshed.
export function useList(method, filter, limit = 25) {
  const turns = useSignal(fresh);
  const key = JSON.stringify(filter), name = `${method} ${limit} ${key}`;
  const [pages, set] = useState(known.get(name)?.pages ?? 1);
  const begun = useRef(name);
  useEffect(() => {
    if (begun.current !== name) set(1);
    begun.current = name;
  }, [name]);
  const state = useLoad(async () => {
    let items = [], next = null;
    for (let i = 0; i < pages; i++) {
      const page = await rpc(method, { ...filter, limit,
        ...(next && { cursor: next }) });
      items = items.concat(page.items);
      next = page.next ?? null;
      if (!next) break;
    }
    remember(name, pages, { items, next });
    return { items, next };
  }, [method, key, pages, turns], known.get(name)?.data);
  return { ...state, more: () => set((n) => n + 1) };
}

// Words to look for, taken when they are sent off.  label is seen, title names
// the whole for who cannot see.
export function Find({ label, title, value, set }) {
  const submit = (e) => {
    e.preventDefault();
    set(e.target.elements.q.value.trim());
  };
  return html`<form class="find" role="search" onSubmit=${submit}
      aria-label=${title}><label class="choice" for="q">${label}
    <input id="q" name="q" type="search" maxlength="200"
      defaultValue=${value} /></label>
    <button class="main" type="submit">${t('search.go')}</button></form>`;
}

// columns: keys of texts; row(item) -> { key, cells }.
export function List({ state, caption, columns, row, empty, children }) {
  if (!state.data) return html`<${Loaded} state=${state} rows=${6} />`;
  const { items, next } = state.data;
  if (!items.length) return empty ?? html`<${Empty} title=${t('list.none')} />`;
  return html`${children ? children(items)
    : html`<${Table} caption=${caption} columns=${columns}
      rows=${items.map(row)} />`}
    ${next && html`<p class="paging"><button type="button"
      disabled=${state.loading} onClick=${state.more}>${t('list.more')}
      </button></p>`}`;
}

// Tabs between the pages of one area: [path, text, right].  On a narrow screen
// they are pushed along until the one that is open is seen.
export function Tabs({ label, rows }) {
  const bar = useRef();
  useEffect(() => bar.current.querySelector('[aria-current]')?.scrollIntoView(
    { block: 'nearest', inline: 'center' }), []);
  return html`<div class="tabs" role="navigation" aria-label=${label} ref=${bar}>
    ${rows.filter(([, , right]) => may(right)).map(([href, key]) => html`<a
      href=${href} aria-current=${location.pathname === href ? 'page' : null}>
      ${t(key)}</a>`)}</div>`;
}

export const OrderTabs = () => html`<${Tabs} label=${t('nav.orders')} rows=${[
  ['/orders', 'nav.orders'], ['/customers', 'customer.title',
    ['orders', 'export']]]} />`;
export const MoneyTabs = () => html`<${Tabs} label=${t('nav.money')} rows=${[
  ['/money', 'money.all'], ['/money/receive', 'money.receive'],
  ['/send', 'nav.send', 'money'], ['/money/escrow', 'money.escrow']]} />`;

// A filter: choices of [value, text].
export const Choice = ({ id, label, value, set, rows }) => html`
  <label class="choice" for=${id}>${label}
    <select id=${id} value=${value} onChange=${(e) => set(e.target.value)}>
      ${rows.map(([v, text]) => html`<option value=${v}>${text}</option>`)}
    </select></label>`;

// ui.js - the pieces that pages are made of.
import { h } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import htm from 'htm';
import { inWords } from './fault.js';
import { ago, checksum, short, time } from './format.js';
import { t } from './i18n.js';
import { moduleAt } from './modules.js';
import { useClock, useLoad } from './signal.js';

export const html = htm.bind(h);

// Line drawings on a 24 x 24 grid.
const ICONS = {
  home: 'M4 11 12 4l8 7v9h-5v-6H9v6H4z',
  blocks: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z',
  money: 'M4 8h13a3 3 0 0 1 3 3v6a3 3 0 0 1-3 3H7a3 3 0 0 1-3-3zM4 8a3 3 0 0 1 3-3h9'
    + 'M16 14h.01',
  node: 'M3 12h4l2-7 5 14 2.5-7H21',
  sell: 'M4 12V4h8l8 8-8 8zM8 8h.01',
  orders: 'M5 3h14v18l-3-2-2 2-2-2-2 2-2-2-3 2zM9 8h6M9 12h6',
  till: 'M4 10h16v10H4zM7 10V4h7v6M8 14h2M12 14h2M16 14h1M8 17h9',
  invoice: 'M6 3h9l4 4v14H6zM15 3v4h4M9 12h7M9 16h5',
  buy: 'M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.5 21 21',
  bag: 'M5 8h14l1 13H4zM9 8V6a3 3 0 0 1 6 0v2',
  person: 'M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM4 21c0-5 4-7 8-7s8 2 8 7',
  front: 'M4 10v10h16V10M3 10l2-6h14l2 6zM9 20v-6h6v6',
  scales: 'M12 4v16M7 20h10M5 7h14M5 7l-3 7h6zM19 7l-3 7h6z',
  gavel: 'M13 4l7 7M11 6l7 7M15.5 8.5 9 15M9 10l-5.5 5.5 5 5L14 15M4 21h9',
  gear: 'M4 7h10M18 7h2M14 5v4M4 17h2M10 17h10M10 15v4',
  shield: 'M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6zM8.5 12l2.5 2.5 4.5-5',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  check: 'M4 12.5 9.5 18 20 6.5',
};
export const Icon = ({ name }) => html`<svg class="icon" viewBox="0 0 24 24"
  aria-hidden="true"><path d=${ICONS[name]} /></svg>`;

export const Notice = ({ kind = 'info', title, children, action }) => html`
  <div class="notice ${kind}" role=${kind === 'error' ? 'alert' : 'status'}>
    <strong>${title}</strong>
    <div>${children}</div>
    ${action}
  </div>`;

// What happened, whether money is safe, what to do, and what to tell who helps.
// again: what loads anew; without it something that was sent off went wrong.
export function Failure({ error, again }) {
  const [at] = useState(() => new Date().toISOString());
  const detail = [at, location.pathname, error.code, error.message]
    .filter((x) => x !== undefined && x !== '').join(' · ');
  const { late, partly } = error; // of act.js, of the checkout
  return html`<${Notice} kind="error" title=${t(again ? 'error.load'
      : late ? 'error.late' : 'error.send')}
    action=${again && html`<button type="button" onClick=${again}>
      ${t('error.again')}</button>`}>
    <p><bdi>${inWords(error)}</bdi></p><p>${t(again ? 'error.safe'
      : late ? 'error.wait' : partly ? 'error.partly' : 'error.kept')}</p>
    <details><summary>${t('error.detail')}</summary><p><bdi class="code hash">
      ${detail}</bdi><${Copy} text=${detail} /></p></details><//>`;
}

export const Skeleton = ({ rows = 3 }) => html`
  <div class="skeleton" role="status" aria-label=${t('loading')}>
    ${Array.from({ length: rows }, () => html`<span></span>`)}</div>`;

// A loaded part of a page: skeleton, then content, which stays when loading it
// again fails (the head of the page tells that the node is away).  title: the
// heading until the content brings its own.
export function Loaded({ state, rows, title, children }) {
  if (state.data !== undefined) return children(state.data);
  return html`${title && html`<h1>${title}</h1>`}${state.error
    ? html`<${Failure} ...${state} />` : html`<${Skeleton} rows=${rows} />`}`;
}

// What there is when there is nothing: why, and next, what to do: [path, text].
export const Empty = ({ title, next, children }) => html`
  <div class="empty"><strong>${title}</strong><p>${children}${next && html`
    ${' '}<a class="button main" href=${next[0]}>${t(next[1])}</a>`}</p></div>`;

// label: words beside the mark; a link stands in where nothing can be copied.
export function Copy({ text, label }) {
  const [done, set] = useState(false);
  if (!navigator.clipboard) return label && html`<a href=${text}>${label}</a>`;
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    set(true);
    setTimeout(() => set(false), 1500);
  };
  return html`<button type="button" class=${label ? 'named' : 'copy'}
    onClick=${copy} aria-label=${label ? null : t('copy')}
    title=${t('copy')}><${Icon} name=${done ? 'check' : 'copy'} />${label}
    </button>`;
}

// full: all of it, with a button to copy; brief: for tables of many columns.
export const Hash = ({ value, to, full, brief }) => html`<span class="hash">
  ${to ? html`<a href=${to} title=${value}>${full ? value
      : brief ? short(value, 4, 4) : short(value)}</a>`
    : html`<span title=${value}>${full ? value : short(value)}</span>`}
  ${full && html`<${Copy} text=${value} />`}</span>`;

// full: all of it; else a module of the chain by its name.
export function Address({ value, full, ...rest }) {
  const address = checksum(value), to = `/address/${address}`;
  const { data } = useLoad(() => full ? Promise.resolve(null)
    : moduleAt(address), [address, full]);
  return data ? html`<a href=${to} title=${address}><bdi>${data.name}</bdi></a>`
    : html`<${Hash} value=${address} to=${to} full=${full} ...${rest} />`;
}

export function Ago({ ms }) {
  const now = useClock();
  return html`<time datetime=${new Date(ms).toISOString()} title=${time(ms)}>
    ${ago(ms, now)}</time>`;
}

// Pairs of name and value; nothing is shown for a value that is not there.
export const Facts = ({ rows }) => html`<dl class="facts">
  ${rows.filter(([, v]) => v !== undefined && v !== null).map(([k, v]) => html`
    <div key=${k}><dt>${t(k)}</dt><dd>${v}</dd></div>`)}</dl>`;

// A table that becomes cards on a narrow screen.
export const Table = ({ caption, columns, rows }) => html`
  <table class="list"><caption class="quiet">${caption}</caption>
    <thead><tr>${columns.map((c) => html`<th scope="col">${t(c)}</th>`)}</tr>
    </thead>
    <tbody>${rows.map((row) => html`<tr key=${row.key}>
      ${row.cells.map((cell, i) => html`
        <td data-label=${t(columns[i])}>${cell}</td>`)}</tr>`)}</tbody>
  </table>`;

// How much of a whole there is, as a bar and in words; filling: little is good.
export const Meter = ({ value, max, label, text, filling }) => html`
  <div class="meter"><span>${label}</span>
    <meter min="0" max=${max || 1} value=${value} aria-label=${label}
      ...${filling ? { high: max * 7 / 8, optimum: 0 } : { low: max / 8 }}>
      ${text}</meter>
    <output>${text}</output></div>`;

// The button that sends a form: while busy it keeps the focus and does nothing.
export const Submit = ({ busy, disabled, test, children }) => html`
  <button class="main" type="submit" disabled=${disabled} data-test=${test}
    aria-disabled=${busy || null} onClick=${(e) => busy && e.preventDefault()}>
    ${children}</button>`;

// A modal dialog with a form: the browser keeps the focus within it and gives it
// back to whoever had it; Escape is close.
export function Sheet({ id, title, submit, close, children }) {
  const box = useRef();
  useLayoutEffect(() => {
    const { current } = box;
    current.showModal();
    return () => current.close();
  }, []);
  return html`<dialog class="sheet" ref=${box} aria-labelledby=${id}
    onCancel=${close}><form class="form" onSubmit=${submit}>
    <h2 id=${id}>${title}</h2>${children}</form></dialog>`;
}

export const Field = ({ label, hint, error, id, children }) => html`
  <div class="field"><label for=${id}>${label}</label>${children}
    ${hint && html`<small id=${`${id}-hint`}>${hint}</small>`}
    ${error && html`<small class="wrong" id=${`${id}-error`} role="alert">
      ${error}</small>`}</div>`;

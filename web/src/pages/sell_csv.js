// sell_csv.js - listings in and out as CSV: what goes out comes in again, changed
// in a spreadsheet or not.  Every row is checked before any is sent, wrong ones
// are named, and only what a row changes is sent.
//
// A row is a listing with its first variant: with an id one that there is, else a
// new one.  Further variants have rows of their own, with the same id, or for a
// new one without title.  Columns that are not in the file stay as they are.
// variantNo counts from 1; stockWas is the stock when the file was written: what
// was sold since then stays sold.
import { useState } from 'preact/hooks';
import { Do } from '../act.js';
import { Mine } from '../acting.js';
import { rpc, rpcAll } from '../api.js';
import { csvText, parseCsv, saveText } from '../csv.js';
import { inWords } from '../fault.js';
import { number } from '../format.js';
import { t } from '../i18n.js';
import { EMPTY, VARIANT, callsOf, check, formOf, saveListing, sendCalls }
  from '../listing.js';
import { tokenOf } from '../money.js';
import { Field, Notice, Table, html } from '../ui.js';
import { SellTabs } from './sell.js';

const OF_LISTING = ['title', 'body', 'tags', 'kind', 'category', 'price',
  'token', 'shipTable', 'handling', 'delivery', 'inspect', 'returnDays',
  'maxFee', 'tax', 'affiliate', 'images'];
const OF_VARIANT = { variant: 'name', variantPrice: 'price', stock: 'stock',
  stockWas: 'stockWas', sku: 'sku', active: 'active' };
const COLUMNS = ['id', ...OF_LISTING, 'variantNo', ...Object.keys(OF_VARIANT)];
const ROWS_MAX = 50000;
const AT_ONCE = 50;   // listings asked for in one batch
const SHOWN = 100;
const YES = ['1', 'yes', 'true', ''], NO = ['0', 'no', 'false'];
const LIVE = ['active', 'paused'];
const HASH = /^0x[0-9a-f]{64}$/;
const unix = (s) => s.replace(/\r\n?/g, '\n');

/* ------------------------------------------------------------------ out */

const rowsOf = ({ listing, form }) => form.variants.map((v, i) => [
  listing.id, ...OF_LISTING.map((c) => i ? '' : c === 'images'
    ? form.images.join(' ') : form[c]), v.index + 1,
  v.name, v.price, v.stock, v.stock, v.sku, v.active ? '1' : '0']);

// Listings by their ids: id -> of formOf, or null when it is none.
async function loadAll(ids) {
  const found = new Map();
  for (let i = 0; i < ids.length; i += AT_ONCE) {
    const part = ids.slice(i, i + AT_ONCE);
    const list = await rpcAll(part.map((id) => ['market_get', id]));
    for (const [k, l] of list.entries()) {
      found.set(part[k], l && formOf(l, await tokenOf(l.token)));
    }
  }
  return found;
}

async function writeFile(me) {
  const ids = [];
  for (let cursor; cursor !== null;) {
    const page = await rpc('market_search', { seller: me, state: 'any',
      sort: 'new', limit: 200, ...(cursor && { cursor }) });
    ids.push(...page.items.filter((l) => l.state !== 'closed')
      .map((l) => l.id));
    cursor = page.next ?? null;
  }
  const all = await loadAll(ids.toSorted((a, b) => a - b));
  return csvText(COLUMNS, [...all.values()].flatMap(rowsOf));
}

/* ------------------------------------------------------------------- in */

const idOf = (row) => /^[1-9]\d{0,14}$/.test(row.id ?? '') ? Number(row.id)
  : null;

// Rows of one listing each: [{ line, row }..], by their ids, or new ones.
function grouped(rows) {
  const groups = [], byId = new Map();
  for (const r of rows) {
    const id = r.row.id?.trim();
    const own = id ? byId.get(id)
      : !r.row.title?.trim() && r.row.variant?.trim() && !groups.at(-1)?.[0]
        .row.id ? groups.at(-1) : null;
    if (own) own.push(r);
    else {
      groups.push([r]);
      if (id) byId.set(id, groups.at(-1));
    }
  }
  return groups;
}

// What a file's row says of a variant, over what there is.
function variantFrom(row, was, wrong) {
  const v = { ...was };
  for (const [column, field] of Object.entries(OF_VARIANT)) {
    if (row[column] !== undefined) v[field] = row[column].trim();
  }
  if (row.active !== undefined) {
    v.active = YES.includes(v.active.toLowerCase());
    if (!v.active && !NO.includes(row.active.trim().toLowerCase())) {
      wrong.active = t('csv.active');
    }
  }
  return v;
}

// A group as { line, form, old, token, wrong }.  all: of loadAll; me: whose they are.
async function readGroup(group, all, me) {
  const [{ line, row, long }] = group;
  const wrong = long ? { row: t('csv.cells') } : {};
  const id = idOf(row);
  const old = row.id?.trim() ? all.get(id) : undefined;
  if (row.id?.trim() && !(old && old.listing.seller === me
    && old.listing.state !== 'closed')) {
    return { line, form: { title: row.title ?? '' }, wrong: {
      id: t('csv.id') } };
  }
  const form = { ...(old?.form ?? EMPTY) };
  for (const c of OF_LISTING) {
    if (row[c] === undefined || (!old && !row[c])) continue;
    form[c] = c === 'images' ? row[c].split(/\s+/).filter(Boolean)
      : unix(row[c]) === unix(String(form[c])) ? form[c] : row[c];
  }
  if (!form.images.every((h) => HASH.test(h))) wrong.images = t('csv.images');
  form.variants = [...(old?.form.variants ?? [])];
  const lines = [];
  for (const [i, { row: r, line: at }] of group.entries()) {
    const index = Number(r.variantNo?.trim() || i + 1) - 1;
    const found = form.variants.findIndex((v) => v.index === index);
    const k = found < 0 ? form.variants.length : found;
    if (found < 0 && index !== (form.variants.at(-1)?.index ?? -1) + 1) {
      wrong.variantNo = t('csv.no', { line: at });
      continue;
    }
    form.variants[k] = variantFrom(r, form.variants[k] ?? { ...VARIANT, index,
      stock: '' }, wrong);
    lines[k] = at;
  }
  const read = await check(form, old);
  for (const [field, text] of Object.entries(read.wrong)) {
    const [, name, k] = /^(price|stock)-(\d+)$/.exec(field) ?? [];
    wrong[name ? `${name} (${t('csv.line')} ${lines[k]})` : field] = text;
  }
  return { line, form, old, token: read.token, wrong };
}

// The file as rows of { line, form, old, wrong, calls, changes }.
async function readFile(text, me) {
  const [head, ...cells] = parseCsv(text);
  const missing = head?.includes('id') ? [] : ['title', 'price'].filter((c) =>
    !head?.includes(c));
  if (missing.length) throw new Error(t('csv.columns', { list:
    missing.join(', ') }));
  if (cells.length > ROWS_MAX) throw new Error(t('csv.many', { max:
    number(ROWS_MAX) }));
  const rows = cells.map((list, i) => ({ line: i + 2,
    long: list.length > head.length,
    row: Object.fromEntries(head.map((h, k) => [h.trim(), list[k] ?? ''])) }));
  const groups = grouped(rows);
  const all = await loadAll([...new Set(groups.map(([r]) => idOf(r.row)))]
    .filter((id) => id !== null));
  const listings = [];
  for (const group of groups) listings.push(await readGroup(group, all, me));
  for (const l of listings.filter((x) => !Object.keys(x.wrong).length)) {
    const made = await callsOf(l.form, l.old, l.token);
    if (made.calls.length && l.old && !LIVE.includes(l.old.listing.state)) {
      l.wrong.id = t('csv.id');
    } else Object.assign(l, made);
  }
  return listings;
}

// Pressed again after a failure it sends the rest.
async function send(listings, tell) {
  const what = t('csv.part', { n: listings.length });
  const tellSent = () => tell(listings.filter((l) => l.sent).length);
  const left = listings.filter((l) => !l.sent);
  tellSent();
  const alone = left.filter((l) => !l.old && l.calls.length > 1);
  for (const l of alone) {
    await saveListing(what, l.calls);
    l.sent = true;
    tellSent();
  }
  const rest = left.filter((l) => !l.sent);
  const owner = rest.flatMap((l) => l.calls.map(() => l)); // of each call
  await sendCalls(what, rest.flatMap((l) => l.calls), (cnt) => {
    const open = new Set(owner.slice(cnt));
    for (const l of owner.slice(0, cnt)) l.sent = !open.has(l);
    tellSent();
  });
}

/* ----------------------------------------------------------------- page */

const shownRow = (text) => (l) => ({ key: l.line, cells: [l.line,
  html`<bdi>${l.form.title}</bdi>`, text(l)] });
const why = (l) => Object.entries(l.wrong).map(([k, v]) => `${k}: ${v}`)
  .join('; ');

function Import({ me }) {
  const [list, set] = useState(null);
  const [error, setError] = useState(null);
  const [done, tell] = useState(null);
  const read = async (e) => {
    const [file] = e.target.files;
    set(null); setError(null); tell(null);
    if (!file) return;
    try { set(await readFile(await file.text(), me)); }
    catch (x) { setError(inWords(x)); }
  };
  const bad = list?.filter((l) => !l.calls) ?? [];
  const good = list?.filter((l) => l.calls?.length) ?? [];
  const changed = good.filter((l) => l.old);
  return html`<section class="card"><h2>${t('csv.import')}</h2>
    <${Field} id="file" label=${t('csv.file')} error=${error}
      hint=${html`${t('csv.hint')} <code>${COLUMNS.join(', ')}</code>`}>
      <input id="file" type="file" accept=".csv,text/csv" onChange=${read} /><//>
    ${list && html`<${Notice} kind=${bad.length ? 'error' : 'good'}
        title=${t('csv.read', { fresh: number(good.length - changed.length),
          changed: number(changed.length), bad: number(bad.length),
          same: number(list.length - good.length - bad.length) })} />
      ${bad.length > 0 && html`<${Table} caption=${t('csv.wrong')}
        columns=${['csv.line', 'sell.title', 'csv.why']}
        rows=${bad.slice(0, SHOWN).map(shownRow(why))} />`}
      ${changed.length > 0 && html`<${Table} caption=${t('csv.changes')}
        columns=${['csv.line', 'sell.title', 'csv.changed']}
        rows=${changed.slice(0, SHOWN).map(shownRow((l) => html`<code>
          ${l.changes.join(', ')}</code>`))} />`}
      ${good.length > 0 && html`<${Do} kind="main"
        disabled=${done === good.length} go=${() => send(good, tell)}
        test="import">${t('csv.go', { n: good.length })}<//>`}
      ${done !== null && html`<p role="status">${t('csv.done',
        { done: number(done), all: number(good.length) })}</p>`}`}
  </section>`;
}

function Export({ me }) {
  const records = async () => {
    const file = await rpc('market_export', { seller: me, format: 'json' });
    saveText(file.name ?? 'listings.json', file.text, 'application/json');
  };
  return html`<section class="card"><h2>${t('csv.export')}</h2>
    <p>${t('csv.export.text')}</p>
    <div class="row"><${Do} test="export" go=${async () =>
      saveText('listings.csv', await writeFile(me))}><code>CSV</code><//>
    <${Do} go=${records}><code>JSON</code><//></div></section>`;
}

export const SellCsv = () => html`<h1>${t('sell.csv')}</h1><${SellTabs} />
  <${Mine}>${(me) => html`<${Import} key=${me} me=${me} />
    <${Export} me=${me} />`}<//>`;

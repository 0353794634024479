// sell_csv.js - listings in and out as CSV: every row is checked before any is
// sent, wrong ones are named, good ones go 16 in one transaction.
import { useState } from 'preact/hooks';
import { encodeCall } from '../abi.js';
import { Do, MODULE, NOBODY, act } from '../act.js';
import { Mine } from '../acting.js';
import { rpc } from '../api.js';
import { putDocument } from '../content.js';
import { abiOf } from '../contracts.js';
import { parseCsv, saveText } from '../csv.js';
import { number } from '../format.js';
import { t } from '../i18n.js';
import { Field, Notice, Table, html } from '../ui.js';
import { SellTabs } from './sell.js';
import { argsOf, documentOf, readForm } from './sell_edit.js';

const COLUMNS = ['title', 'body', 'tags', 'kind', 'category', 'price', 'token',
  'variant', 'stock', 'sku', 'handling', 'delivery', 'inspect', 'returnDays',
  'maxFee', 'tax', 'affiliate'];
const DEFAULTS = { title: '', price: '', kind: '1', category: '0', tags: '',
  body: '', token: '',
  handling: '3', delivery: '10', inspect: '3', returnDays: '14', maxFee: '10',
  tax: '0', affiliate: '0', lasts: '365', shipTable: '0', images: [] };
const AT_ONCE = 16;
const ROWS_MAX = 50000;
const SHOWN = 100;

// Rows as forms: { line, form, wrong }.
async function readRows(text) {
  const [head, ...rows] = parseCsv(text);
  const missing = ['title', 'price'].filter((c) => !head?.includes(c));
  if (missing.length) throw new Error(t('csv.columns', { list:
    missing.join(', ') }));
  if (rows.length > ROWS_MAX) throw new Error(t('csv.many', { max:
    number(ROWS_MAX) }));
  return Promise.all(rows.map(async (cells, i) => {
    const row = Object.fromEntries(head.map((h, k) => [h, cells[k] ?? '']));
    const form = { ...DEFAULTS, ...Object.fromEntries(COLUMNS.filter((c) =>
      row[c]).map((c) => [c, row[c]])), variants: [{ name: row.variant ?? '',
      price: '', stock: row.stock ?? '', sku: row.sku ?? '', active: true }] };
    const short = cells.length > head.length ? { row: t('csv.cells') } : {};
    const read = await readForm(form);
    return { line: i + 2, form, read, wrong: { ...short, ...read.wrong } };
  }));
}

async function send(rows, tell) {
  const { abi } = await abiOf(MODULE.market);
  const method = abi.find((r) => r.name === 'save');
  for (let i = 0; i < rows.length; i += AT_ONCE) {
    tell(i);
    const part = rows.slice(i, i + AT_ONCE);
    const calls = await Promise.all(part.map(async ({ form, read }) =>
      encodeCall(method, [0, NOBODY, argsOf(form,
        await putDocument(documentOf(form)), read.price), read.variants])));
    await act(t('csv.part', { from: i + 1, to: i + part.length }), 'market',
      'multicall', [calls]);
  }
  tell(rows.length);
}

function Import() {
  const [rows, set] = useState(null);
  const [error, setError] = useState(null);
  const [done, tell] = useState(null);
  const read = async (e) => {
    const [file] = e.target.files;
    set(null); setError(null); tell(null);
    if (!file) return;
    try { set(await readRows(await file.text())); }
    catch (x) { setError(x.message); }
  };
  const bad = rows?.filter((r) => Object.keys(r.wrong).length) ?? [];
  const good = rows?.filter((r) => !Object.keys(r.wrong).length) ?? [];
  return html`<section class="card"><h2>${t('csv.import')}</h2>
    <${Field} id="file" label=${t('csv.file')} error=${error}
      hint=${html`${t('csv.hint')} <code>${COLUMNS.join(', ')}</code>`}>
      <input id="file" type="file" accept=".csv,text/csv" onChange=${read} /><//>
    ${rows && html`<${Notice} kind=${bad.length ? 'error' : 'good'}
        title=${t('csv.read', { good: number(good.length),
          bad: number(bad.length) })} />
      ${bad.length > 0 && html`<${Table} caption=${t('csv.wrong')}
        columns=${['csv.line', 'sell.title', 'csv.why']}
        rows=${bad.slice(0, SHOWN).map((r) => ({ key: r.line, cells: [r.line,
          html`<bdi>${r.form.title}</bdi>`, Object.entries(r.wrong).map(
            ([k, v]) => `${k}: ${v}`).join('; ')] }))} />`}
      <${Do} kind="main" disabled=${!good.length || done === good.length}
        go=${() => send(good, tell)} test="import">
        ${t('csv.go', { n: good.length })}<//>
      ${done !== null && html`<p role="status">${t('csv.done',
        { done: number(done), all: number(good.length) })}</p>`}`}
  </section>`;
}

function Export({ me }) {
  const get = (format) => async () => {
    const file = await rpc('market_export', { seller: me, format });
    saveText(file.name ?? `listings.${format}`, file.text);
  };
  return html`<section class="card"><h2>${t('csv.export')}</h2>
    <p>${t('csv.export.text')}</p>
    <div class="row"><${Do} go=${get('csv')}><code>CSV</code><//>
    <${Do} go=${get('json')}><code>JSON</code><//></div></section>`;
}

export const SellCsv = () => html`<h1>${t('sell.csv')}</h1><${SellTabs} />
  <${Mine}>${(me) => html`<${Import} /><${Export} me=${me} />`}<//>`;

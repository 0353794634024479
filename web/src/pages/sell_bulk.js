// sell_bulk.js - prices and stock of many listings at once: what is meant, a
// table of what comes of it, then a few transactions.  Stock is changed by
// differences, and a price leaves it alone, so that what is sold meanwhile stays
// sold; a price is saved with all else as it is on the chain at that moment.
import { useState } from 'preact/hooks';
import { Do, NOBODY } from '../act.js';
import { rpc } from '../api.js';
import { number } from '../format.js';
import { UNLIMITED, stockText, titleOf } from '../goods.js';
import { t } from '../i18n.js';
import { Choice } from '../list.js';
import { KEPT, argsOf, inParts, sendCalls } from '../listing.js';
import { money, parse, useTokens } from '../money.js';
import { useLoad } from '../signal.js';
import { Field, Table, html } from '../ui.js';

const STOCK_MAX = 1e9;
const BPS = 10000n;

// What may be done: read(text, token) gives a function of the old value, or
// null when the text is none.
const percent = (text) => {
  const m = /^\s*([+-]?)(\d{1,3}(?:[.,]\d{1,2})?)\s*%?\s*$/.exec(text);
  if (!m) return null;
  const bps = BigInt(Math.round(Number(m[2].replace(',', '.')) * 100));
  const factor = BPS + (m[1] === '-' ? -bps : bps);
  return factor > 0n ? (old) => (old * factor + BPS / 2n) / BPS : null;
};
const whole = (text) => /^\s*[+-]?\d{1,9}\s*$/.test(text) ? Number(text) : null;
const KINDS = {
  percent: { of: 'price', read: percent },
  price: { of: 'price', read: (text, token) => {
    const n = parse(text, token);
    return n === null ? null : () => n;
  } },
  add: { of: 'stock', read: (text) => {
    const n = whole(text);
    return n === null ? null : (old) => Math.max(0, old + n);
  } },
  stock: { of: 'stock', read: (text) => {
    const n = whole(text);
    return n === null || n < 0 || n > STOCK_MAX ? null : () => n;
  } },
};

// Calls of Market for one listing: [method, arguments].
function callsOf(l, kind, change) {
  if (KINDS[kind].of === 'stock') {
    return l.variants.filter((v) => v.active && v.stock !== UNLIMITED)
      .map((v) => [v, change(v.stock) - v.stock]).filter(([, d]) => d)
      .map(([v, d]) => ['adjustStock', [l.id, v.index, d]]);
  }
  // a variant's own price follows a percentage, not a fixed price
  const variants = inParts(kind === 'percent' ? l.variants.filter((v) =>
    BigInt(v.price)).map((v) => ({ index: v.index, stock: KEPT, sku: v.sku,
    active: v.active, price: change(BigInt(v.price)) })) : []);
  return [['save', [l.id, NOBODY, { ...argsOf(l),
    price: change(BigInt(l.price)) }, variants.shift() ?? []]],
  ...variants.map((v) => ['setVariants', [l.id, v]])];
}

async function apply(ids, kind, text, tokens) {
  const calls = [];
  for (const id of ids) {
    const l = await rpc('market_get', id); // as it is now
    calls.push(...callsOf(l, kind, KINDS[kind].read(text,
      tokens.get(l.token))));
  }
  await sendCalls(t('bulk.do', { n: ids.length }), calls);
}

// listings: those that are chosen; done: after all is changed.
export function Bulk({ listings, done }) {
  const [kind, setKind] = useState('percent');
  const [text, set] = useState('');
  const tokens = useTokens(listings.map((l) => l.token));
  const full = useLoad(async () => Promise.all(listings.map((l) =>
    rpc('market_get', l.id))), [listings.map((l) => l.id).join()]);
  if (!tokens || !full.data) return null;
  const { of, read } = KINDS[kind];
  const wrong = text && listings.some((l) => !read(text, tokens.get(l.token)));
  const ready = text && !wrong;
  const was = (l) => of === 'price' ? money(l.price, tokens.get(l.token))
    : stockText(l.stock ?? 0);
  const will = (l) => {
    if (!ready) return '–';
    const change = read(text, tokens.get(l.token));
    if (of === 'price') {
      return money(change(BigInt(l.price)), tokens.get(l.token));
    }
    return (full.data.find((f) => f?.id === l.id)?.variants ?? [])
      .filter((v) => v.active).map((v) => v.stock === UNLIMITED
        ? t('goods.plenty') : number(change(v.stock))).join(' · ');
  };
  return html`<section class="card" data-test="bulk" aria-label=${t('bulk.title',
      { n: listings.length })}><h2>${t('bulk.title', { n: listings.length })}
    </h2><div class="bar"><${Choice} id="bulk-kind" label=${t('bulk.what')}
        value=${kind} set=${setKind} rows=${Object.keys(KINDS).map((k) =>
          [k, t(`bulk.${k}`)])} />
      <${Field} id="bulk-value" label=${t('bulk.value')} error=${wrong
        && t('bulk.wrong')} hint=${t(`bulk.${kind}.hint`)}><input id="bulk-value"
        value=${text} onInput=${(e) => set(e.target.value)} /><//></div>
    <${Table} caption=${t('bulk.preview')} columns=${['sell.title', 'bulk.was',
      'bulk.will']} rows=${listings.map((l) => ({ key: l.id, cells: [
      html`<bdi>${titleOf(l)}</bdi>`, was(l), html`<strong>${will(l)}</strong>`,
    ] }))} />
    <p class="row"><${Do} kind="main" disabled=${!ready} test="bulk-go"
      go=${async () => { await apply(listings.map((l) => l.id), kind, text,
        tokens); done(); }}>${t('bulk.do', { n: listings.length })}<//>
      <button type="button" onClick=${done}>${t('act.not')}</button></p>
  </section>`;
}

// sell_edit.js - one listing: made, changed, with a preview beside.
import { useState } from 'preact/hooks';
import { Do, NOBODY, ZERO32, act } from '../act.js';
import { Mine } from '../acting.js';
import { rpc } from '../api.js';
import { chainS } from '../clock.js';
import { putDocument, putPicture } from '../content.js';
import { isAddress } from '../format.js';
import { Card, KINDS, Picture, UNLIMITED } from '../goods.js';
import { has, t } from '../i18n.js';
import { useRpc } from '../list.js';
import { parse, plain, tokenOf } from '../money.js';
import { go } from '../router.js';
import { useLoad } from '../signal.js';
import { Failure, Field, Loaded, html } from '../ui.js';

const DAY = 86400;
const VARIANTS_PER_CALL = 64;
const EMPTY = { title: '', body: '', tags: '', kind: '1', category: '',
  token: '', price: '', shipTable: '0', handling: '3', delivery: '10',
  inspect: '3', returnDays: '14', maxFee: '10', tax: '0', lasts: '365',
  affiliate: '0', images: [], variants: [{ name: '', price: '', stock: '1', sku: '',
    active: true }] };

const text = (b32) => b32 && b32 !== ZERO32 ? new TextDecoder().decode(
  new Uint8Array(b32.slice(2).match(/../g).map((h) => parseInt(h, 16))))
  .replace(/\0+$/, '') : '';
const word = (s) => `0x${Array.from(new TextEncoder().encode(s).slice(0, 32),
  (b) => b.toString(16).padStart(2, '0')).join('').padEnd(64, '0')}`;

// What the node has, as the form has it.
async function load(id) {
  if (!id) return { form: EMPTY };
  const [listing, page] = await Promise.all([rpc('market_get', Number(id)),
    rpc('market_variants', { listing: Number(id), limit: 200 })]);
  if (!listing) throw new Error(t('goods.gone'));
  const token = await tokenOf(listing.token);
  const doc = listing.document ?? {};
  return { listing, form: { ...EMPTY, title: doc.title ?? '',
    body: doc.body ?? '', tags: (doc.tags ?? []).join(', '),
    kind: String(listing.kind), category: String(listing.category),
    token: listing.token === NOBODY ? '' : listing.token,
    price: plain(listing.price, token), shipTable: String(listing.shipTable),
    handling: String(listing.handling / DAY),
    delivery: String(listing.delivery / DAY),
    inspect: String(listing.inspect / DAY),
    returnDays: String(listing.returnDays),
    maxFee: String(listing.maxFeeBps / 100),
    tax: String(listing.taxBps / 100),
    affiliate: String(listing.affiliateBps / 100), images: doc.images ?? [],
    variants: page.items.map((v) => ({ index: v.index,
      name: doc.variants?.[v.index] ?? '', active: v.active,
      price: BigInt(v.price) ? plain(v.price, token) : '',
      stock: v.stock === UNLIMITED ? '' : String(v.stock),
      sku: text(v.sku) })) } };
}

/* ------------------------------------------------------------- checking */

const whole = (s, min, max) => /^\d{1,9}$/.test(s) && Number(s) >= min
  && Number(s) <= max;
const ratio = (s) => /^\d{1,3}([.,]\d{1,2})?$/.test(s)
  && Number(s.replace(',', '.')) <= 100;
const bps = (s) => Math.round(Number(s.replace(',', '.')) * 100);

export async function readForm(form) {
  const wrong = {};
  if (!form.title.trim()) wrong.title = t('sell.bad.title');
  if (form.token && !isAddress(form.token)) wrong.token = t('send.bad.to');
  const token = await tokenOf(wrong.token ? NOBODY : form.token || NOBODY);
  const price = parse(form.price, token);
  if (price === null) wrong.price = t('send.bad.amount');
  if (!whole(form.category || '0', 0, 2 ** 32 - 1)) {
    wrong.category = t('sell.bad.number');
  }
  for (const [name, max] of [['handling', 30], ['delivery', 60],
    ['inspect', 30], ['returnDays', 30], ['lasts', 1095]]) {
    if (!whole(form[name], 0, max)) wrong[name] = t('sell.bad.days', { max });
  }
  for (const name of ['maxFee', 'tax', 'affiliate']) {
    if (!ratio(form[name])) wrong[name] = t('sell.bad.ratio');
  }
  const variants = form.variants.map((v, i) => {
    const own = v.price ? parse(v.price, token) : 0n;
    if (own === null) wrong[`price-${i}`] = t('send.bad.amount');
    if (v.stock && !whole(v.stock, 0, UNLIMITED - 1)) {
      wrong[`stock-${i}`] = t('sell.bad.number');
    }
    return { index: v.index ?? i, price: own, active: v.active,
      stock: v.stock === '' ? UNLIMITED : Number(v.stock), sku: word(v.sku) };
  });
  return { wrong, price, variants };
}

export const argsOf = (form, doc, price) => ({ kind: Number(form.kind),
  category: Number(form.category || 0), doc, token: form.token || NOBODY, price,
  shipTable: form.kind === '1' ? Number(form.shipTable) : 0,
  handling: Number(form.handling) * DAY, delivery: Number(form.delivery) * DAY,
  inspect: Number(form.inspect) * DAY, returnDays: Number(form.returnDays),
  maxFeeBps: bps(form.maxFee), affiliateBps: bps(form.affiliate),
  mediator: NOBODY,
  taxBps: bps(form.tax), program: 0, feed: 0,
  // an hour less, so that a slow clock of the chain still finds it in range
  expiresAt: chainS() + Number(form.lasts) * DAY - 3600 });

export const documentOf = (form) => ({ title: form.title.trim(),
  body: form.body.trim(),
  tags: form.tags.split(',').map((s) => s.trim()).filter(Boolean).slice(0, 20),
  images: form.images, variants: form.variants.map((v) => v.name.trim()) });

async function save(id, form, read) {
  const doc = await putDocument(documentOf(form));
  const parts = [];
  for (let i = 0; i < read.variants.length; i += VARIANTS_PER_CALL) {
    parts.push(read.variants.slice(i, i + VARIANTS_PER_CALL));
  }
  const { events } = await act(t('sell.save'), 'market', 'save',
    [id ?? 0, NOBODY, argsOf(form, doc, read.price), parts[0] ?? []]);
  const saved = events.find((e) => e.name === 'ListingSaved').id;
  for (const part of parts.slice(1)) {
    await act(t('sell.variants'), 'market', 'setVariants', [saved, part]);
  }
  return saved;
}

/* -------------------------------------------------------------- the form */

function Pictures({ form, set }) {
  const [state, tell] = useState({});
  const add = async (e) => {
    const files = [...e.target.files].slice(0, 8 - form.images.length);
    e.target.value = '';
    tell({ busy: true });
    try {
      const all = [...form.images];
      for (const f of files) all.push((await putPicture(f)).picture);
      set({ ...form, images: all });
      tell({});
    } catch (error) { tell({ error: error.message }); }
  };
  const drop = (hash) => set({ ...form,
    images: form.images.filter((h) => h !== hash) });
  return html`<${Field} id="pictures" label=${t('sell.pictures')}
    hint=${t('sell.pictures.hint')} error=${state.error}>
    <input id="pictures" type="file" accept="image/*" multiple onChange=${add}
      disabled=${state.busy || form.images.length >= 8} />
    <div class="row">${form.images.map((h, i) => html`<span key=${h}
      class="thumb"><${Picture} hash=${h} size=${72}
        alt=${t('sell.picture', { n: i + 1 })} />
      <button type="button" class="copy" onClick=${() => drop(h)}
        aria-label=${t('sell.picture.drop', { n: i + 1 })}>×</button></span>`)}
    </div><//>`;
}

function Variants({ form, set, wrong }) {
  const put = (i, change) => set({ ...form, variants: form.variants.map(
    (v, k) => k === i ? { ...v, ...change } : v) });
  const add = () => set({ ...form, variants: [...form.variants,
    { name: '', price: '', stock: '1', sku: '', active: true }] });
  const cell = (i, name, key, rest) => html`<input id=${`${name}-${i}`}
    aria-label=${`${t(key)} ${i + 1}`} value=${form.variants[i][name]}
    aria-invalid=${wrong[`${name}-${i}`] ? 'true' : null}
    onInput=${(e) => put(i, { [name]: e.target.value })} ...${rest} />`;
  return html`<fieldset><legend>${t('sell.variants')}</legend>
    <small>${t('sell.variants.hint')}</small>
    <table class="list grid"><caption class="quiet">${t('sell.variants')}
      </caption><thead><tr>${['sell.variant', 'sell.price', 'sell.stock',
        'sell.sku', 'sell.active'].map((k) => html`<th scope="col">${t(k)}
        </th>`)}</tr></thead><tbody>
      ${form.variants.map((v, i) => html`<tr key=${i}>
        <td data-label=${t('sell.variant')}>${cell(i, 'name',
          'sell.variant')}</td>
        <td data-label=${t('sell.price')}>${cell(i, 'price', 'sell.price',
          { inputmode: 'decimal', placeholder: form.price })}</td>
        <td data-label=${t('sell.stock')}>${cell(i, 'stock', 'sell.stock',
          { inputmode: 'numeric', placeholder: '∞' })}</td>
        <td data-label=${t('sell.sku')}>${cell(i, 'sku', 'sell.sku',
          { maxlength: 32 })}</td>
        <td data-label=${t('sell.active')}><input type="checkbox"
          aria-label=${`${t('sell.active')} ${i + 1}`} checked=${v.active}
          onChange=${(e) => put(i, { active: e.target.checked })} /></td>
      </tr>`)}</tbody></table>
    <button type="button" onClick=${add}
      disabled=${form.variants.length >= 1000}>${t('sell.variant.add')}
    </button></fieldset>`;
}

function Fields({ form, set, wrong, tables }) {
  const input = (name, key, rest, hint) => html`<${Field} id=${name}
    label=${t(key)} error=${wrong[name]} hint=${hint && t(hint)}>
    <input id=${name} value=${form[name]} aria-invalid=${wrong[name] ? 'true'
      : null} aria-describedby=${wrong[name] ? `${name}-error` : null}
      onInput=${(e) => set({ ...form, [name]: e.target.value })}
      ...${rest} /><//>`;
  const days = { inputmode: 'numeric' };
  return html`${input('title', 'sell.title', { maxlength: 120,
    required: true })}
    <${Field} id="body" label=${t('sell.body')}>
      <textarea id="body" rows="5" maxlength="8000" value=${form.body}
        onInput=${(e) => set({ ...form, body: e.target.value })}></textarea><//>
    <${Pictures} form=${form} set=${set} />
    <div class="pair">${input('price', 'sell.price', { inputmode: 'decimal' })}
      ${input('token', 'sell.token', { placeholder: 'CMT' },
        'sell.token.hint')}</div>
    <div class="pair"><${Field} id="kind" label=${t('sell.kind')}>
      <select id="kind" value=${form.kind}
        onChange=${(e) => set({ ...form, kind: e.target.value })}>
        ${Object.entries(KINDS).map(([k, name]) => html`<option value=${k}>
          ${t(`kind.${name}`)}</option>`)}</select><//>
      <${Category} form=${form} set=${set} wrong=${wrong} /></div>
    ${input('tags', 'sell.tags', {}, 'sell.tags.hint')}
    <${Variants} form=${form} set=${set} wrong=${wrong} />
    ${form.kind === '1' && html`<${Field} id="shipTable"
      label=${t('sell.shipping')}><select id="shipTable"
        value=${form.shipTable}
        onChange=${(e) => set({ ...form, shipTable: e.target.value })}>
        <option value="0">${t('sell.shipping.none')}</option>
        ${(tables?.items ?? []).map((s) => html`<option value=${String(s.id)}>
          ${t('sell.table', { id: s.id })}: ${s.zones.map((z) => z.code)
            .join(', ')}</option>`)}</select><//>`}
    <details><summary>${t('sell.terms')}</summary><div class="form">
      <div class="pair">${input('handling', 'sell.handling', days)}
        ${input('delivery', 'sell.delivery', days)}</div>
      <div class="pair">${input('inspect', 'sell.inspect', days)}
        ${input('returnDays', 'sell.returns', days)}</div>
      <div class="pair">${input('maxFee', 'sell.fee', { inputmode: 'decimal' },
        'sell.fee.hint')}
        ${input('tax', 'sell.tax', { inputmode: 'decimal' })}</div>
      <div class="pair">${input('affiliate', 'sell.affiliate',
        { inputmode: 'decimal' }, 'sell.affiliate.hint')}
        ${input('lasts', 'sell.lasts', days)}</div></div></details>`;
}

function Category({ form, set, wrong }) {
  const { data } = useRpc('platform_categories', {});
  const put = (e) => set({ ...form, category: e.target.value });
  return html`<${Field} id="category" label=${t('sell.category')}
    error=${wrong.category}>
    <input id="category" value=${form.category} list="categories"
      inputmode="numeric" onInput=${put} />
    <datalist id="categories">${(data?.items ?? []).map((c) => html`
      <option value=${c.code}>${has(`category.${c.code}`)
        ? t(`category.${c.code}`) : c.name}</option>`)}</datalist><//>`;
}

function Editor({ me, id, first }) {
  const [form, set] = useState(first);
  const [wrong, setWrong] = useState({});
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const tables = useRpc('market_shipTables', { seller: me });
  const submit = async (e) => {
    e.preventDefault();
    setError(null);
    const read = await readForm(form);
    setWrong(read.wrong);
    const [bad] = Object.keys(read.wrong);
    if (bad) { document.getElementById(bad)?.focus(); return; }
    setBusy(true);
    try { go(`/listing/${await save(id, form, read)}`); }
    catch (x) { setError(x); setBusy(false); }
  };
  const shown = { id: id ?? 0, token: form.token || NOBODY, stock: 1,
    price: `0x${(parse(form.price) ?? 0n).toString(16)}`,
    document: { title: form.title || t('sell.title'), images: form.images } };
  return html`<div class="beside"><form class="form" onSubmit=${submit}
      novalidate><${Fields} form=${form} set=${set} wrong=${wrong}
        tables=${tables.data} />
      ${error && html`<${Failure} error=${error} />`}
      <div class="row"><button class="main" type="submit" disabled=${busy}>
        ${t(busy ? 'act.busy' : 'sell.save')}</button>
      ${id && html`<${Do} confirm=${t('sell.close.sure')} go=${() => act(
        t('sell.close'), 'market', 'close', [Number(id)])}>
        ${t('sell.close')}<//>`}</div></form>
    <aside aria-label=${t('sell.preview')}><h2>${t('sell.preview')}</h2>
      <${Card} listing=${shown} href="#main" />
      <p class="wrap">${form.body}</p></aside></div>`;
}

export function SellEdit({ id }) {
  const of = new URLSearchParams(location.search).get('of');
  const state = useLoad(() => load(id ?? of), [id, of]);
  return html`<h1>${t(id ? 'sell.edit' : 'sell.new')}</h1>
    <p><a href="/sell">${t('sell.back')}</a></p>
    <${Mine}>${(me) => html`<${Loaded} state=${state} rows=${10}>${({ form }) =>
      html`<${Editor} key=${id ?? of} me=${me} id=${id} first=${id ? form
        : { ...form, variants: form.variants.map(({ index, ...v }) => v) }} />`}
    <//>`}<//>`;
}

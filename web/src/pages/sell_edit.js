// sell_edit.js - one listing: made, changed, with a preview beside.
import { useState } from 'preact/hooks';
import { Do, NOBODY, act } from '../act.js';
import { Mine } from '../acting.js';
import { rpc } from '../api.js';
import { Barred } from '../barred.js';
import { chainMs } from '../clock.js';
import { putPicture } from '../content.js';
import { inWords } from '../fault.js';
import { Draft, useDraft, useSend } from '../form.js';
import { Card, KINDS, Picture, categoryName, useCategories,
  usualCategories } from '../goods.js';
import { t } from '../i18n.js';
import { useRpc } from '../list.js';
import { EMPTY, VARIANT, callsOf, check, loadForm, saveListing }
  from '../listing.js';
import { local, parse } from '../money.js';
import { go } from '../router.js';
import { useLoad } from '../signal.js';
import { Failure, Field, Loaded, Submit, html } from '../ui.js';

// What the node has, as the form has it; a new one has a piece of one kind.
const load = async (id) => id ? asTyped(await loadForm(id))
  : { form: { ...EMPTY, variants: [VARIANT] } };
const asTyped = ({ form, ...rest }) => ({ ...rest, form: { ...form,
  ...Object.fromEntries(['price', 'maxFee', 'tax', 'affiliate'].map((k) =>
    [k, local(form[k])])),
  variants: form.variants.map((v) => ({ ...v, price: local(v.price) })) } });

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
    } catch (error) { tell({ error: inWords(error) }); }
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
  const add = () => set({ ...form, variants: [...form.variants, VARIANT] });
  // one that the chain has keeps its place; others may go again
  const drop = (i) => set({ ...form,
    variants: form.variants.filter((_, k) => k !== i) });
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
        <td data-label=${t('sell.active')}><span class="row"><input
          type="checkbox" aria-label=${`${t('sell.active')} ${i + 1}`}
          checked=${v.active} onChange=${(e) => put(i,
            { active: e.target.checked })} />${v.index === undefined && i > 0
            && html`<button type="button" class="copy" onClick=${() => drop(i)}
              aria-label=${t('sell.variant.drop', { n: i + 1 })}>×</button>`}
          </span></td>
      </tr>`)}</tbody></table>
    ${Object.entries(wrong).map(([at, why]) => /^(price|stock)-\d+$/.test(at)
      && html`<small class="wrong" role="alert" key=${at}>${t('sell.variant.bad',
        { n: Number(at.split('-')[1]) + 1, why,
          field: t(`sell.${at.split('-')[0]}`) })}</small>`)}
    <button type="button" onClick=${add}
      disabled=${form.variants.length >= 1000}>${t('sell.variant.add')}
    </button></fieldset>`;
}

function Fields({ form, set, wrong, tables, until }) {
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
        ${input('lasts', 'sell.lasts', { ...days, placeholder: until })}</div>
      </div></details>`;
}

// By name: the chain's, where it has none the usual ones, and what it has been.
function Category({ form, set, wrong }) {
  const names = useCategories();
  const codes = new Set(names.size ? [...names.keys()].map(String)
    : usualCategories());
  if (Number(form.category)) codes.add(form.category);
  return html`<${Field} id="category" label=${t('sell.category')}
    error=${wrong.category}><select id="category" value=${form.category}
      onChange=${(e) => set({ ...form, category: e.target.value })}>
      <option value=${Number(form.category) ? '' : form.category}>
        ${t('sell.category.none')}</option>
      ${[...codes].map((c) => html`<option value=${c}>
        ${categoryName(Number(c), names)}</option>`)}</select><//>`;
}

// old: what is changed, as loadForm has it; form: what it begins with.
function Editor({ me, old, first }) {
  const id = old?.listing.id;
  // of a version of the listing: who comes back to an older one starts anew
  const draft = useDraft(`listing.${me}.${id ? `${id}.${old.listing.version}`
    : location.search}`, first);
  const { form, set } = draft;
  const [wrong, setWrong] = useState({});
  const tables = useRpc('market_shipTables', { seller: me });
  const { busy, error, send } = useSend(async () => {
    const read = await check(form, old);
    setWrong(read.wrong);
    const [bad] = Object.keys(read.wrong);
    if (bad) {
      const field = document.getElementById(bad);
      for (let at = field; at; at = at.parentElement) { // seen, then reached
        if (at.tagName === 'DETAILS') at.open = true;
      }
      field?.focus();
      return;
    }
    const { calls } = await callsOf(form, old, read.token);
    const saved = await saveListing(t('sell.save'), calls, id);
    draft.drop();
    go(`/listing/${saved}`);
  });
  const shown = { id: id ?? 0, token: form.token || NOBODY, stock: 1,
    price: `0x${(parse(form.price) ?? 0n).toString(16)}`,
    document: { title: form.title || t('sell.title'), images: form.images } };
  return html`<div class="beside"><form class="form" onSubmit=${send}
      novalidate><${Draft} ...${draft} /><${Fields} form=${form} set=${set} wrong=${wrong}
        tables=${tables.data} until=${old && Math.max(0, Math.floor((
          old.listing.expires - chainMs() / 1000) / 86400))} />
      ${error && html`<${Failure} error=${error} />`}
      <div class="row"><${Submit} busy=${busy}>
        ${t(busy ? 'act.busy' : 'sell.save')}<//>
      ${id && html`<${Do} confirm=${t('sell.close.sure')} go=${() => act(
        t('sell.close'), 'market', 'close', [id])}>
        ${t('sell.close')}<//>`}</div></form>
    <aside aria-label=${t('sell.preview')}><h2>${t('sell.preview')}</h2>
      <${Card} listing=${shown} href="#main" />
      <p class="wrap"><bdi>${form.body}</bdi></p></aside></div>`;
}

export function SellEdit({ id }) {
  const of = new URLSearchParams(location.search).get('of');
  const state = useLoad(() => load(id ?? of), [id, of]);
  return html`<h1>${t(id ? 'sell.edit' : 'sell.new')}</h1>
    <${Mine}>${(me) => html`<${Barred} me=${me} /><${Loaded} state=${state}
      rows=${10}>${(old) =>
      html`<${Editor} key=${id ?? of} me=${me} old=${id && old}
        first=${id ? old.form : { ...old.form, lasts: EMPTY.lasts,
          variants: old.form.variants.map(({ index, ...v }) => v) }} />`}
    <//>`}<//>`;
}

// profile.js - what a merchant's public shop says of itself: its link and QR
// code, and the document of his identity (name, logo, text, policies) that it
// shows.  Members that other pages put into the document stay.
import { useState } from 'preact/hooks';
import { ZERO32, act } from '../act.js';
import { codeName, codes, readRate } from '../approx.js';
import { chainS } from '../clock.js';
import { putDocument, putPicture } from '../content.js';
import { inWords } from '../fault.js';
import { Picture } from '../goods.js';
import { t } from '../i18n.js';
import { useRpc } from '../list.js';
import { Qr } from '../qr.js';
import { Failure, Field, Loaded, Notice, Submit, html } from '../ui.js';

export const POLICIES = ['shipping', 'returns', 'terms', 'privacy'];
const ORGANISATION = 2;

// A public shop's path: by the handle where there is one.
export const shopPath = (who, address) => `/shop/${who?.handle || address}`;

function Logo({ hash, set }) {
  const [state, tell] = useState({});
  const take = async (e) => {
    const [file] = e.target.files;
    e.target.value = '';
    if (!file) return;
    tell({ busy: true });
    try { set((await putPicture(file)).thumb); tell({}); }
    catch (x) { tell({ error: inWords(x) }); }
  };
  return html`<${Field} id="logo" label=${t('shop.logo')} error=${state.error}>
    <span class="row"><${Picture} hash=${hash} size=${72} />
      <input id="logo" type="file" accept="image/*" onChange=${take}
        disabled=${state.busy} />
      ${hash && html`<button type="button" onClick=${() => set(undefined)}>
        ${t('cart.drop')}</button>`}</span><//>`;
}

// The currency that prices are told in beside CMT, and what one CMT is in it.
const InCurrency = ({ form, put, wrong }) => html`<div class="pair">
  <${Field} id="code" label=${t('approx.code')} hint=${t('approx.hint')}>
    <select id="code" value=${form.code} onChange=${put('code')}
      aria-describedby="code-hint"><option value="">${t('approx.none')}</option>
      ${codes().map((c) => html`<option value=${c}>${c} · ${codeName(c)}
      </option>`)}</select><//>
  ${form.code && html`<${Field} id="rate" error=${wrong} label=${t('approx.rate',
    { code: form.code })}><input id="rate" inputmode="decimal" required
    value=${form.rate} aria-invalid=${wrong ? 'true' : null}
    onInput=${put('rate')} /><//>`}</div>`;

export function ProfileForm({ who, done }) {
  const doc = who?.document ?? {};
  const [form, set] = useState({ name: '', about: '', contact: '', ...doc,
    code: doc.currency?.code ?? '', rate: doc.currency?.rate ?? '',
    ...Object.fromEntries(POLICIES.map((p) => [p, doc.policies?.[p] ?? ''])) });
  const [state, tell] = useState({});
  const put = (name) => (e) => set({ ...form, [name]: e.target.value });
  const submit = async (e) => {
    e.preventDefault();
    const rate = readRate(form.rate);
    if (form.code && !rate) { tell({ rate: t('approx.bad') }); return; }
    tell({ busy: true });
    try {
      const policies = Object.fromEntries(POLICIES.filter((p) => form[p].trim())
        .map((p) => [p, form[p].trim()]));
      const hash = await putDocument({ ...doc, name: form.name.trim(),
        about: form.about.trim(), contact: form.contact.trim() || undefined,
        logo: form.logo, policies, currency: form.code ? { code: form.code,
          rate, at: form.code === doc.currency?.code && rate
            === doc.currency.rate ? doc.currency.at : chainS() } : undefined });
      await (who ? act(t('shop.save'), 'identity', 'update', [hash, who.encKey])
        : act(t('shop.save'), 'identity', 'create', [ORGANISATION, hash,
          ZERO32]));
      done();
    } catch (error) { tell({ error }); }
  };
  const area = (name, label, rows, max) => html`<${Field} id=${name}
    label=${label}><textarea id=${name} rows=${rows} maxlength=${max}
      value=${form[name]} onInput=${put(name)}></textarea><//>`;
  return html`<form class="form" onSubmit=${submit}>
    <${Field} id="shop-name" label=${t('shop.name')}><input id="shop-name"
      required maxlength="80" value=${form.name} onInput=${put('name')} /><//>
    ${area('about', t('shop.about'), 3, 2000)}
    <${Logo} hash=${form.logo} set=${(logo) => set({ ...form, logo })} />
    <${Field} id="contact" label=${t('shop.contact')}
      hint=${t('shop.contact.hint')}><input id="contact" maxlength="200"
      value=${form.contact} onInput=${put('contact')} /><//>
    <${InCurrency} form=${form} put=${put} wrong=${state.rate} />
    ${POLICIES.map((p) => area(p, t(`policy.${p}`), 2, 2500))}
    ${state.error && html`<${Failure} error=${state.error} />`}
    <div class="row"><${Submit} busy=${state.busy}>
      ${t(state.busy ? 'act.busy' : 'shop.save')}<//>
      <button type="button" onClick=${done}>${t('act.not')}</button></div>
  </form>`;
}

export function Profile({ me }) {
  const state = useRpc('id_get', me);
  const [open, set] = useState(false);
  return html`<section class="card" data-test="shop"><h2>${t('shop.yours')}</h2>
    <${Loaded} state=${state} rows=${4}>${(who) => {
      const path = shopPath(who, me);
      return html`<p>${t('shop.yours.text')}</p>
        <div class="beside even"><div>
        ${!who && html`<${Notice} title=${t('shop.nameless')}>
          ${t('shop.nameless.text')}<//>`}
        ${who && !who.handle && html`<p class="quiet">${t('shop.noHandle')}
          ${' '}<a href="/identity">${t('nav.identity')}</a></p>`}
        <p class="row"><a class="button main" href=${path} target="_blank"
          rel="noopener">${t('shop.open')}</a>
          <button type="button" onClick=${() => set(!open)}
            aria-expanded=${open}>${t('shop.change')}</button></p></div>
        <${Qr} text=${location.origin + path} label=${t('shop.address')} /></div>
        ${open && html`<${ProfileForm} key=${who?.docHash} who=${who}
          done=${() => set(false)} />`}`;
    }}<//></section>`;
}

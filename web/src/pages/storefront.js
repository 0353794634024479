// storefront.js - the desk of who runs a storefront, and all that there are.
import { useState } from 'preact/hooks';
import { Do, ZERO32, act } from '../act.js';
import { Mine } from '../acting.js';
import { putDocument } from '../content.js';
import { number } from '../format.js';
import { State, Thing, Until } from '../goods.js';
import { t } from '../i18n.js';
import { List, useList, useRpc } from '../list.js';
import { Money } from '../money.js';
import { Copy, Empty, Facts, Failure, Field, Loaded, html } from '../ui.js';
import { Profile } from './profile.js';

const percent = (bps) => `${number(bps / 100)} %`;
const bps = (s) => {
  const n = Math.round(Number(s.replace(',', '.')) * 100);
  if (!(n >= 0 && n <= 10000)) throw new Error(t('sell.bad.ratio'));
  return n;
};

function Register({ bond }) {
  const [form, set] = useState({ name: '', about: '', policy: '', fee: '2',
    referral: '10', mode: '0' });
  const [error, setError] = useState(null);
  const input = (name, key, rest) => html`<${Field} id=${name} label=${t(key)}>
    <input id=${name} required value=${form[name]} onInput=${(e) => set({
      ...form, [name]: e.target.value })} ...${rest} /><//>`;
  const submit = async (e) => {
    e.preventDefault();
    try {
      await act(t('front.open'), 'platforms', 'register', [
        await putDocument({ name: form.name.trim(), about: form.about.trim() }),
        await putDocument({ text: form.policy.trim() }), bps(form.fee),
        bps(form.referral), Number(form.mode), 0], { value: BigInt(bond) });
    } catch (x) { setError(x); }
  };
  return html`<p>${t('front.why')} <${Money} value=${bond} /></p>
    <form class="form" onSubmit=${submit}>${input('name', 'front.name',
      { maxlength: 80 })}${input('about', 'front.about', { maxlength: 500 })}
    ${input('policy', 'front.policy', { maxlength: 4000 })}
    <div class="pair">${input('fee', 'front.fee', { inputmode: 'decimal' })}
      ${input('referral', 'front.referral', { inputmode: 'decimal' })}</div>
    <${Field} id="mode" label=${t('front.mode')}><select id="mode"
      value=${form.mode} onChange=${(e) => set({ ...form,
        mode: e.target.value })}><option value="0">${t('front.mode.0')}</option>
      <option value="1">${t('front.mode.1')}</option></select><//>
    ${error && html`<${Failure} error=${error} />`}
    <button class="main" type="submit">${t('front.open')}</button></form>`;
}

function Fee({ platform }) {
  const [form, set] = useState({ fee: String(platform.feeBps / 100),
    referral: String(platform.referralBps / 100) });
  const field = (name, key) => html`<${Field} id=${name} label=${t(key)}>
    <input id=${name} inputmode="decimal" value=${form[name]}
      onInput=${(e) => set({ ...form, [name]: e.target.value })} /><//>`;
  return html`<div class="pair">${field('fee', 'front.fee')}
    ${field('referral', 'front.referral')}</div><p class="quiet">
    ${t('front.notice')}</p><${Do} go=${() => act(t('front.fee.set'),
      'platforms', 'setFee', [platform.id, bps(form.fee),
        bps(form.referral)])}>${t('front.fee.set')}<//>`;
}

// state: asked, shown or hidden.
function Posts({ platform, state, title }) {
  const list = useList('platform_posts', { platform, state });
  const [note, set] = useState('');
  const decide = (listing, show) => async () => act(t(show ? 'front.show'
    : 'front.hide'), 'platforms', state === 'asked' ? 'decide' : show ? 'decide'
    : 'hide', state === 'asked' || show ? [platform, listing, show, show ? 0 : 1,
    note ? await putDocument({ text: note }) : ZERO32] : [platform, listing, 1,
    note ? await putDocument({ text: note }) : ZERO32]);
  const postRow = (p) => ({ key: p.listing, cells: [
    html`<${Thing} id=${p.listing} />`, html`<${State} word=${p.state} />`,
    html`<${Until} at=${p.deadline?.at ?? p.deadline} />`,
    html`<span class="row">${state !== 'shown' && html`<${Do} kind="main"
      go=${decide(p.listing, true)}>${t('front.show')}<//>`}
    ${state !== 'hidden' && html`<${Do} go=${decide(p.listing, false)}>
      ${t('front.hide')}<//>`}</span>`] });
  const id = `note-${platform}-${state}`;
  return html`<h3>${title}</h3><${List} state=${list} caption=${title}
    columns=${['goods.listing', 'list.state', 'invoice.until', 'sell.acts']}
    row=${postRow} empty=${html`<p class="quiet">${t('list.none')}</p>`} />
    ${list.data?.items.length > 0 && html`<${Field} id=${id}
      label=${t('front.note')}><input id=${id} value=${note}
        onInput=${(e) => set(e.target.value)} /><//>`}`;
}

function Income({ id }) {
  const { data } = useRpc('platform_income', { id });
  return (data?.items ?? []).map((i) => html`<p class="big" key=${i.token}>
    <${Money} value=${i.fees} token=${i.token} /> <small>${t('front.orders',
      { n: i.orders })}</small></p>`);
}

function Desk({ platform: p, me }) {
  const link = `${location.origin}/buy?platform=${p.id}&referrer=${me}`;
  const call = (method) => () => act(t(`front.${method}`), 'platforms', method,
    [p.id]);
  return html`<section class="card"><h2><bdi>${p.document?.name ?? p.id}</bdi>
    ${' '}<${State} word=${p.state} /></h2><p><bdi>${p.document?.about}</bdi></p>
    <h3>${t('front.income')}</h3><${Income} id=${p.id} />
    <${Facts} rows=${[['front.fee', percent(p.feeBps)],
      ['front.referral', percent(p.referralBps)],
      ['front.next', p.feeFrom ? html`${percent(p.nextFeeBps)}
        ${' '}<${Until} at=${p.feeFrom} />` : null],
      ['front.mode', t(`front.mode.${p.mode}`)],
      ['front.bond', html`<${Money} value=${p.bond} />`],
      ['front.link', html`<span class="hash">${link}</span>
        <${Copy} text=${link} />`]]} />
    <details><summary>${t('front.fee.set')}</summary><${Fee} platform=${p} />
    </details>
    <${Posts} platform=${p.id} state="asked" title=${t('front.queue')} />
    <${Posts} platform=${p.id} state="hidden" title=${t('front.hidden')} />
    <p class="row">${p.state === 'active' && html`<${Do} go=${call('pause')}>
        ${t('front.pause')}<//>`}
      ${p.state === 'paused' && html`<${Do} go=${call('resume')}>
        ${t('front.resume')}<//>`}
      ${['active', 'paused'].includes(p.state) && html`<${Do}
        confirm=${t('do.sure')} go=${call('closePlatform')}>
        ${t('front.closePlatform')}<//>`}</p></section>`;
}

const Directory = () => {
  const list = useList('platform_list', {});
  return html`<h2>${t('front.all')}</h2><${List} state=${list}
    caption=${t('front.all')} columns=${['front.name', 'front.fee',
      'front.mode', 'list.state']} row=${(p) => ({ key: p.id, cells: [
      html`<bdi>${p.document?.name ?? p.id}</bdi>`, percent(p.feeBps),
      t(`front.mode.${p.mode}`), html`<${State} word=${p.state} />`] })}
    empty=${html`<${Empty} title=${t('front.none')} />`} />`;
};

function Mine1({ me }) {
  const list = useList('platform_list', { operator: me });
  const params = useRpc('platform_params');
  const [making, set] = useState(false);
  const bond = params.data?.find((p) => p.name === 'platformBond')?.value;
  return html`<${Loaded} state=${list}>${({ items }) => html`${items.map((p) =>
      html`<${Desk} key=${p.id} platform=${p} me=${me} />`)}
    ${bond !== undefined && (making || !items.length
      ? html`<h2>${t('front.new')}</h2><${Register} bond=${bond} />`
      : html`<p><button type="button" onClick=${() => set(true)}>
        ${t('front.new')}</button></p>`)}`}<//>`;
}
export const Storefront = () => html`<h1>${t('nav.storefront')}</h1>
  <${Mine}>${(me) => html`<${Profile} me=${me} />
    <h2>${t('front.market')}</h2><${Mine1} me=${me} />`}<//><${Directory} />`;

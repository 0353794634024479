// storefront.js - the desk of who runs a storefront, and all that there are.
import { useState } from 'preact/hooks';
import { Do, ZERO32, act } from '../act.js';
import { Mine } from '../acting.js';
import { Barred } from '../barred.js';
import { putDocument } from '../content.js';
import { bpsOf, useSend } from '../form.js';
import { number } from '../format.js';
import { State, Thing, Until, categoryName, useCategories, useRestricted }
  from '../goods.js';
import { t } from '../i18n.js';
import { List, useList, useRpc } from '../list.js';
import { Money } from '../money.js';
import { Copy, Empty, Facts, Failure, Field, Loaded, Submit, html }
  from '../ui.js';
import { Profile } from './profile.js';

const percent = (bps) => `${number(bps / 100)} %`;

const FIRST = 'front-new'; // where one is opened

// What a storefront says of itself and what it takes; its mask has a bit for the
// restricted categories of each code modulo 64.
const bit = (code) => 1n << BigInt(code % 64);

function Restricted({ mask, set }) {
  const codes = useRestricted(), names = useCategories();
  return codes.length > 0 && html`<fieldset class="row">
    <legend>${t('front.restricted')}</legend>${codes.map((c) => html`
      <label class="tick" key=${c}><input type="checkbox"
        checked=${(mask & bit(c)) !== 0n} onChange=${() => set(mask ^ bit(c))} />
        ${categoryName(c, names)}</label>`)}</fieldset>`;
}

// of: the desk's storefront and the text of its policy, or none: a new one, with
// its fees.
function Terms({ of, text = '', bond }) {
  const id = of?.id ?? 'new';
  const [form, set] = useState({ name: of?.document?.name ?? '',
    about: of?.document?.about ?? '', policy: text, fee: '2',
    referral: '10', mode: String(of?.mode ?? 0),
    mask: BigInt(of?.restrictedMask ?? 0) });
  const input = (name, rest) => html`<${Field} id=${`${name}-${id}`}
      label=${t(`front.${name}`)}><input id=${`${name}-${id}`} required
    value=${form[name]} onInput=${(e) => set({ ...form,
      [name]: e.target.value })} ...${rest} /><//>`;
  const { busy, error, send } = useSend(async () => {
    const fees = of ? [] : ['fee', 'referral'].map((k) => bpsOf(form[k],
      t(`front.${k}`)));
    const doc = await putDocument({ ...of?.document,
      name: form.name.trim(), about: form.about.trim() });
    const policy = await putDocument({ text: form.policy.trim() });
    const takes = [Number(form.mode), form.mask];
    await (of ? act(t('front.edit'), 'platforms', 'update',
      [of.id, doc, policy, ...takes])
      : act(t('front.open'), 'platforms', 'register', [doc, policy, ...fees,
        ...takes], { value: BigInt(bond) }));
  });
  return html`<form class="form" onSubmit=${send}>
    ${input('name', { maxlength: 80 })}${input('about', { maxlength: 500 })}
    ${input('policy', { maxlength: 4000 })}
    ${!of && html`<div class="pair">${input('fee', { inputmode: 'decimal' })}
      ${input('referral', { inputmode: 'decimal' })}</div>`}
    <${Field} id=${`mode-${id}`} label=${t('front.mode')}><select
      id=${`mode-${id}`} value=${form.mode} onChange=${(e) => set({ ...form,
        mode: e.target.value })}><option value="0">${t('front.mode.0')}</option>
      <option value="1">${t('front.mode.1')}</option></select><//>
    <${Restricted} mask=${form.mask} set=${(mask) => set({ ...form, mask })} />
    ${error && html`<${Failure} error=${error} />`}
    <${Submit} busy=${busy}>${t(busy ? 'act.busy' : of ? 'front.edit'
      : 'front.open')}<//></form>`;
}
const Register = ({ bond }) => html`<p>${t('front.why')}
  ${' '}<${Money} value=${bond} /></p><${Terms} bond=${bond} />`;

function Fee({ platform }) {
  const [form, set] = useState({ fee: String(platform.feeBps / 100),
    referral: String(platform.referralBps / 100) });
  const field = (name, key) => html`<${Field} id=${name} label=${t(key)}>
    <input id=${name} inputmode="decimal" value=${form[name]}
      onInput=${(e) => set({ ...form, [name]: e.target.value })} /><//>`;
  return html`<div class="pair">${field('fee', 'front.fee')}
    ${field('referral', 'front.referral')}</div><p class="quiet">
    ${t('front.notice')}</p><${Do} go=${() => act(t('front.fee.set'),
      'platforms', 'setFee', [platform.id, ...['fee', 'referral'].map((k) =>
        bpsOf(form[k], t(`front.${k}`)))])}>${t('front.fee.set')}<//>`;
}

// state: asked, shown or hidden; none: what there is to do where there are none.
function Posts({ platform, state, title, none }) {
  const list = useList('platform_posts', { platform, state });
  const [note, set] = useState('');
  const decide = (listing, show) => async () => act(t(show ? 'front.show'
    : 'front.hide'), 'platforms', state === 'asked' ? 'decide' : show ? 'decide'
    : 'hide', state === 'asked' || show ? [platform, listing, show, show ? 0 : 1,
    note ? await putDocument({ text: note }) : ZERO32] : [platform, listing, 1,
    note ? await putDocument({ text: note }) : ZERO32]);
  const postRow = (p) => ({ key: p.listing, cells: [
    html`<${Thing} id=${p.listing} />${(p.listingState ?? 'active') !== 'active'
      && html`${' '}<${State} word=${p.listingState} />`}`,
    html`<${State} word=${p.state} />`,
    html`<${Until} at=${p.deadline?.at ?? p.deadline} />`,
    html`<span class="row">${state !== 'shown' && html`<${Do} kind="main"
      go=${decide(p.listing, true)}>${t('front.show')}<//>`}
    ${state !== 'hidden' && html`<${Do} go=${decide(p.listing, false)}>
      ${t('front.hide')}<//>`}</span>`] });
  const id = `note-${platform}-${state}`;
  return html`<h3>${title}</h3><${List} state=${list} caption=${title}
    columns=${['goods.listing', 'list.state', 'invoice.until', 'sell.acts']}
    row=${postRow} empty=${html`<${Empty} title=${t(`front.${state}.none`)}>${none}<//>`} />
    ${list.data?.items.length > 0 && html`<${Field} id=${id}
      label=${t('front.note')}><input id=${id} value=${note}
        onInput=${(e) => set(e.target.value)} /><//>`}`;
}

function Income({ id, none }) {
  const { data } = useRpc('platform_income', { id });
  if (data?.items.length === 0) {
    return html`<${Empty} title=${t('front.income.none')}>${none}<//>`;
  }
  return (data?.items ?? []).map((i) => html`<p class="big" key=${i.token}>
    <${Money} value=${i.fees} token=${i.token} /> <small>${t('front.orders',
      { n: i.orders })}</small></p>`);
}

function Desk({ platform: p, me }) {
  const link = `${location.origin}/buy?platform=${p.id}&referrer=${me}`;
  const call = (method) => () => act(t(`front.${method}`), 'platforms', method,
    [p.id]);
  const policy = useRpc('content_get', p.policy).data;
  const see = html`<a class="button" href=${`/buy?platform=${p.id}`}>
    ${t('front.see')}</a>`;
  const share = html`${t('front.share')} <span class="hash">${link}</span>
    <${Copy} text=${link} />`;
  return html`<section class="card"><h2><bdi>${p.document?.name ?? p.id}</bdi>
    ${' '}<${State} word=${p.state} /></h2><p><bdi>${p.document?.about}</bdi></p>
    <h3>${t('front.income')}</h3><${Income} id=${p.id} none=${share} />
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
    ${['active', 'paused'].includes(p.state) && html`<details
      data-test="edit"><summary>${t('front.edit')}</summary>
      <${Terms} key=${policy?.hash} of=${p} text=${policy?.document?.text} />
      </details>`}
    <${Posts} platform=${p.id} state="asked" title=${t('front.queue')}
      none=${html`${t('front.asked.how')} ${see}`} />
    <${Posts} platform=${p.id} state="hidden" title=${t('front.hidden')}
      none=${see} />
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
    empty=${html`<${Empty} title=${t('front.none')}>${t('front.first')}${' '}
      <button type="button" class="main" onClick=${() => document.getElementById(
        FIRST)?.focus()}>${t('front.new')}</button><//>`} />`;
};

function Mine1({ me }) {
  const list = useList('platform_list', { operator: me });
  const params = useRpc('platform_params');
  const [making, set] = useState(false);
  const bond = params.data?.find((p) => p.name === 'platformBond')?.value;
  return html`<${Loaded} state=${list}>${({ items }) => html`${items.map((p) =>
      html`<${Desk} key=${p.id} platform=${p} me=${me} />`)}
    ${bond !== undefined && (making || !items.length
      ? html`<h2 id=${FIRST} tabindex="-1">${t('front.new')}</h2>
        <${Register} bond=${bond} />`
      : html`<p><button type="button" onClick=${() => set(true)}>
        ${t('front.new')}</button></p>`)}`}<//>`;
}
export const Storefront = () => html`<h1>${t('nav.storefront')}</h1>
  <${Mine}>${(me) => html`<${Barred} me=${me} /><${Profile} me=${me} />
    <h2>${t('front.market')}</h2><${Mine1} me=${me} />`}<//><${Directory} />`;

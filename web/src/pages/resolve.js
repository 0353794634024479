// resolve.js - disputes of ours as a party and as a mediator, and who mediates.
import { useState } from 'preact/hooks';
import { Do, May, act } from '../act.js';
import { Mine, acting } from '../acting.js';
import { rpc } from '../api.js';
import { putDocument } from '../content.js';
import { useSend } from '../form.js';
import { number } from '../format.js';
import { Party, State, Until } from '../goods.js';
import { t } from '../i18n.js';
import { Choice, List, Tabs, useList, useRpc } from '../list.js';
import { Money, parse, typed } from '../money.js';
import { may } from '../session.js';
import { useLoad, useSignal } from '../signal.js';
import { Empty, Failure, Field, Loaded, Notice, Submit, html } from '../ui.js';
import { rating } from './case.js';

const ResolveTabs = () => html`<${Tabs} label=${t('nav.resolve')} rows=${[
  ['/resolve', 'nav.resolve'], ['/mediators', 'med.title'],
  ['/mediating', 'med.mine']]} />`;

/* ---------------------------------------------------------------- cases */

const caseRow = (k) => ({ key: k.id, cells: [
  html`<a href=${`/case/${k.id}`}>${t('case.number', { id: k.id })}</a>`,
  html`<a href=${`/order/${k.subject}`}>${t('order.number',
    { id: k.subject })}</a>`,
  html`<${Party} value=${k.opener} />`,
  html`<${Money} value=${k.held} token=${k.token} />`,
  html`<${State} word=${k.state} />`, html`<${Until} at=${k.deadline?.at} />`,
] });

// next: where to go when there are none, [path, text, right].
function Cases({ filter, title, none, next: [href, text, right] }) {
  const list = useList('mediation_list', filter);
  return html`<section><h2>${t(title)}</h2><${List} state=${list}
    caption=${t(title)} row=${caseRow} columns=${['case.title', 'order.title',
      'case.opener', 'case.sum', 'list.state', 'order.until']}
    empty=${html`<${Empty} title=${t('list.none')} next=${may(right) && [href,
      text]}>${t(none)}<//>`} /></section>`;
}

export const Resolve = () => html`<h1>${t('nav.resolve')}</h1>
  <${ResolveTabs} /><${Mine}>${(me) => html`
    <${Cases} filter=${{ party: me }} title="case.party" none="case.party.none"
      next=${['/purchases', 'nav.purchases', 'buy']} />
    <${Cases} filter=${{ mediator: me }} title="case.mediator"
      none="case.mediator.none" next=${['/mediating', 'med.become']} />`}<//>`;

/* ------------------------------------------------------------ mediators */

const SORTS = ['fee', 'rating', 'new'];
const mediatorRow = (m) => ({ key: m.party, cells: [
  html`<div><${Party} value=${m.party} />${m.document?.about && html`<br />
    <small><bdi>${m.document.about}</bdi></small>`}</div>`,
  html`<${Money} value=${m.fee} />`, rating(m),
  t('med.record', { settled: number(m.settled),
    overturned: number(m.overturned) }),
  `${number(m.open)} / ${number(m.openMax)}`,
  html`<${State} word=${m.state === 'active' && !m.available ? 'paused'
    : m.state} />`] });

export function Mediators() {
  const [sort, setSort] = useState('fee');
  const [q, setQ] = useState('');
  const list = useList('mediation_mediators', { sort, available: true,
    ...(q.trim() && { q: q.trim() }) });
  return html`<h1>${t('med.title')}</h1><${ResolveTabs} /><p>${t('med.how')}</p>
    <div class="bar"><${Field} id="q" label=${t('list.find')}><input id="q"
      type="search" value=${q} onInput=${(e) => setQ(e.target.value)} /><//>
    <${Choice} id="sort" label=${t('list.sort')} value=${sort} set=${setSort}
      rows=${SORTS.map((s) => [s, t(`med.sort.${s}`)])} /></div>
    <${List} state=${list} caption=${t('med.title')} row=${mediatorRow}
      columns=${['case.mediated', 'case.fee', 'med.rating', 'med.past',
        'med.open', 'list.state']}
      empty=${q.trim() ? html`<${Empty} title=${t('med.nobody')}><button
        type="button" class="main" onClick=${() => setQ('')}>${t('med.every')}
        </button><//>` : html`<${Empty} title=${t('med.none')} next=${[
        '/mediating', 'med.become']}>${t('med.first')}<//>`} />`;
}

/* ------------------------------------------------------------- my record */

const LANGUAGES = { en: 'English', de: 'Deutsch', fr: 'Français',
  es: 'Español', zh: '中文', ar: 'العربية' };
const ALL = 2n ** 64n - 1n;
const code32 = (list) => `0x${[...list.join('')].map((c) =>
  c.charCodeAt(0).toString(16)).join('').padEnd(64, '0')}`;
const spoken = (b32) => Object.keys(LANGUAGES).filter((l) =>
  (b32.slice(2).match(/.{4}/g) ?? []).includes(code32([l]).slice(2, 6)));

function Terms({ record, bond }) {
  const [form, set] = useState({ name: record?.document?.name ?? '',
    about: record?.document?.about ?? '', fee: typed(record?.fee ?? 2n
      * 10n ** 18n), openMax: String(record?.openMax ?? 3),
    languages: record ? spoken(record.languages) : ['en'] });
  const due = BigInt(bond) - BigInt(record?.bond ?? 0);
  const input = (name, key, rest) => html`<${Field} id=${name} label=${t(key)}>
    <input id=${name} required value=${form[name]} onInput=${(e) => set({
      ...form, [name]: e.target.value })} ...${rest} /><//>`;
  const flip = (l) => set({ ...form, languages: form.languages.includes(l)
    ? form.languages.filter((x) => x !== l) : [...form.languages, l] });
  const { busy, error, send: submit } = useSend(async () => {
    const fee = parse(form.fee);
    if (fee === null) throw new Error(t('send.bad.amount'));
    await act(t('med.save'), 'mediation', 'registerMediator', [fee,
      Number(form.openMax), code32(form.languages), ALL,
      await putDocument({ name: form.name.trim(),
        about: form.about.trim() })], { value: due > 0n ? due : 0n });
  });
  return html`<form class="form" onSubmit=${submit}>
    ${due > 0n && html`<p>${t('med.bond')} <strong><${Money} value=${due} />
      </strong></p>`}
    ${input('name', 'id.name', { maxlength: 80 })}
    ${input('about', 'id.about', { maxlength: 500 })}
    <div class="pair">${input('fee', 'med.fee', { inputmode: 'decimal' })}
      ${input('openMax', 'med.openmax', { inputmode: 'numeric',
        maxlength: 2 })}</div>
    <fieldset class="row"><legend>${t('med.languages')}</legend>
      ${Object.entries(LANGUAGES).map(([l, name]) => html`<label class="tick">
        <input type="checkbox" checked=${form.languages.includes(l)}
          onChange=${() => flip(l)} /><bdi>${name}</bdi></label>`)}</fieldset>
    ${error && html`<${Failure} error=${error} />`}
    <${Submit} busy=${busy}>${t(busy ? 'act.busy' : 'med.save')}<//></form>`;
}

const ownRecord = async (me) => {
  for (let cursor; ;) {
    const page = await rpc('mediation_mediators', { limit: 200,
      ...(cursor && { cursor }) });
    const found = page.items.find((m) => m.party === me);
    if (found || !page.next) return found ?? null;
    cursor = page.next;
  }
};

function Record({ me }) {
  const turn = useRpc('mediation_mediators', { limit: 1 }).data;
  const state = useLoad(() => ownRecord(me), [me, turn]);
  const bond = useRpc('mediation_params').data?.find((p) =>
    p.name === 'mediatorBond')?.value;
  return html`<${Loaded} state=${state}>${(m) => html`
    ${m && html`<section class="card"><h2>${t('med.mine')}</h2>
      <p><${State} word=${m.state === 'active' && !m.available ? 'paused'
        : m.state} /> ${rating(m)}. ${t('med.record', {
        settled: number(m.settled), overturned: number(m.overturned) })}</p>
      <p>${t('med.bonded')} <${Money} value=${m.bond} /></p>
      ${m.state === 'active' && html`<div class="row">
        <${Do} test="available" call="mediation.setAvailable" go=${() => act(t(m.available ? 'med.pause'
          : 'med.resume'), 'mediation', 'setAvailable', [!m.available])}>
          ${t(m.available ? 'med.pause' : 'med.resume')}<//>
        <${Do} call="mediation.leaveMediation" confirm=${t('do.sure')}
          go=${() => act(t('med.leave'),
          'mediation', 'leaveMediation', [])}>${t('med.leave')}<//></div>`}
      </section>`}
    ${!m && html`<${Notice} title=${t('med.optin')}>${t('med.why')}<//>`}
    ${bond && html`<${May} call="mediation.registerMediator"><${Terms}
      key=${m?.updatedAt ?? 0} record=${m} bond=${bond} /><//>`}`}<//>`;
}

export function Mediating() {
  const now = useSignal(acting);
  return html`<h1>${t('med.mine')}</h1><${ResolveTabs} />
    <${Mine}>${(me) => html`<${Record} key=${now?.id} me=${me} />`}<//>`;
}

// identity.js - who we are on the chain: identity, staff, guardians, claims,
// consents, and a reputation that everybody can work out again.
import { useState } from 'preact/hooks';
import { Do, ZERO32, act } from '../act.js';
import { Mine } from '../acting.js';
import { chainMs, chainS } from '../clock.js';
import { putDocument } from '../content.js';
import { useSend } from '../form.js';
import { date, isAddress, isHash, number } from '../format.js';
import { Card, State, Stars, Until } from '../goods.js';
import { has, t } from '../i18n.js';
import { List, useList, useRpc } from '../list.js';
import { Empty, Facts, Failure, Field, Hash, Loaded, Meter, Notice, Submit, html }
  from '../ui.js';
import { shopPath } from './profile.js';

const DAY = 86400;
const soon = (days) => chainS() + Number(days) * DAY;

/* ----------------------------------------------------------- reputation */

// SPEC-commerce 2, with the numbers that the node's view used.
function formula(i, r) {
  const n = (x) => number(x ?? 0);
  return [t('rep.rating', { sum: n(i.reviewSum), weight: n(i.reviewWeight),
    rating: n(r.ratingX100) }), t('rep.score', { rating: n(r.ratingX100),
    lost: n(i.disputesLost), cancels: n(i.sellerCancels),
    sanctions: n(i.sanctions), score: n(r.score) })];
}
const COUNTERS = ['sold', 'bought', 'counterparties', 'sellerCancels',
  'disputesSettled', 'disputesLost', 'mediated', 'jurorCoherent',
  'jurorIncoherent', 'sanctions'];

export function Reputation({ party }) {
  const state = useRpc('id_reputation', party);
  return html`<section class="card" data-test="reputation">
    <h2>${t('rep.title')}</h2><${Loaded} state=${state}>${(r) => r === null
      ? html`<p>${t('rep.none')}</p>` : html`
      <${Meter} label=${t('rep.label')} value=${r.score} max=${1000}
        text=${`${number(r.score)} / ${number(1000)}`} />
      <p><${Stars} value=${r.inputs?.reviewWeight > 0 && r.ratingX100} /></p>
      <details><summary>${t('rep.how')}</summary>
        ${formula(r.inputs ?? {}, r).map((line) => html`<p>${line}</p>`)}
        <dl class="facts">${COUNTERS.map((c) => html`<div key=${c}>
          <dt>${t(`rep.${c}`)}</dt><dd>${number(r.inputs?.[c] ?? 0)}</dd></div>`)}
        </dl></details>`}<//></section>`;
}

/* ---------------------------------------------------------- my identity */

const encKeyNow = async () => (await import('../seal.js')).myKey();

function Create() {
  const [form, set] = useState({ name: '', about: '', kind: '1', letters: true });
  const { busy, error, send: submit } = useSend(async () => {
    const doc = await putDocument({ name: form.name.trim(),
      about: form.about.trim() });
    await act(t('id.create'), 'identity', 'create', [Number(form.kind), doc,
      form.letters ? await encKeyNow() : ZERO32]);
  });
  return html`<p>${t('id.why')}</p><form class="form" onSubmit=${submit}>
    <${Field} id="name" label=${t('id.name')}><input id="name" required
      maxlength="80" value=${form.name} onInput=${(e) => set({ ...form,
        name: e.target.value })} /><//>
    <${Field} id="about" label=${t('id.about')}><textarea id="about" rows="3"
      maxlength="2000" value=${form.about} onInput=${(e) => set({ ...form,
        about: e.target.value })}></textarea><//>
    <${Field} id="kind" label=${t('id.kind')}><select id="kind"
      value=${form.kind} onChange=${(e) => set({ ...form,
        kind: e.target.value })}><option value="1">${t('id.person')}</option>
      <option value="2">${t('id.firm')}</option></select><//>
    <label class="tick"><input type="checkbox" checked=${form.letters}
      onChange=${(e) => set({ ...form, letters: e.target.checked })} />
      ${t('id.letters')}</label>
    ${error && html`<${Failure} error=${error} />`}
    <${Submit} busy=${busy}>${t(busy ? 'act.busy' : 'id.create')}<//></form>`;
}

// One field and a button: set(text) is the call.
function One({ id, label, hint, button, send, rest }) {
  const [text, set] = useState('');
  return html`<${Field} id=${id} label=${label} hint=${hint}><input id=${id}
    value=${text} spellcheck=${false} onInput=${(e) => set(e.target.value)}
    ...${rest} /><//><${Do} disabled=${!text.trim()}
    go=${async () => { await send(text.trim()); set(''); }}>${button}<//>`;
}
const must = (address) => {
  if (!isAddress(address)) throw new Error(t('send.bad.to'));
  return address;
};

function Keys({ who }) {
  return html`<section class="card"><h2>${t('id.keys')}</h2>
    ${!who.handle ? html`<${One} id="handle"
      label=${t('id.handle')} hint=${t('id.handle.hint')}
      button=${t('id.handle.set')} send=${(h) => act(t('id.handle.set'),
        'identity', 'setHandle', [h], { value: 10n ** 19n })} />` : null}
    ${who.encKey === ZERO32 && html`<p><${Do} go=${async () => act(
      t('id.letters.on'), 'identity', 'update', [who.docHash,
        await encKeyNow()])} test="letters">${t('id.letters.on')}<//></p>`}
    <${One} id="next" label=${t('id.next')} hint=${t('id.next.hint')}
      button=${t('id.next.offer')} send=${(a) => act(t('id.next.offer'),
        'identity', 'offerController', [must(a)])} />
    ${who.handle && html`<p><${Do} confirm=${t('do.sure')} go=${() => act(
      t('id.handle.drop'), 'identity', 'releaseHandle', [])}>
      ${t('id.handle.drop')}<//></p>`}</section>`;
}

const PURPOSES = [1, 2, 4, 8, 16, 32, 64, 128];
function Staff({ me }) {
  const [form, set] = useState({ op: '', purposes: 0, days: '365' });
  const list = useList('id_operators', { anchor: me });
  const tick = (bit) => set({ ...form, purposes: form.purposes ^ bit });
  const opRow = (o) => ({ key: o.op ?? o.operator, cells: [
    html`<${Hash} value=${o.op ?? o.operator} />`,
    PURPOSES.filter((b) => o.purposes & b).map((b) => t(`purpose.${b}`))
      .join(', '), html`<${Until} at=${o.expires} />`,
    html`<${Do} go=${() => act(t('staff.end'), 'identity', 'setOperator',
      [o.op ?? o.operator, 0, 0])}>${t('staff.end')}<//>`] });
  return html`<section class="card"><h2>${t('staff.title')}</h2>
    <p>${t('staff.text')}</p><${List} state=${list} caption=${t('staff.title')}
      columns=${['staff.who', 'staff.may', 'invoice.until', 'sell.acts']}
      row=${opRow} empty=${html`<p class="quiet">${t('staff.none')}</p>`} />
    <${Field} id="op" label=${t('staff.who')}><input id="op" value=${form.op}
      placeholder="0x…" onInput=${(e) => set({ ...form,
        op: e.target.value })} /><//>
    <fieldset class="row"><legend>${t('staff.may')}</legend>
      ${PURPOSES.map((b) => html`<label class="tick"><input type="checkbox"
        checked=${Boolean(form.purposes & b)} onChange=${() => tick(b)} />
        ${t(`purpose.${b}`)}</label>`)}</fieldset>
    <${Do} disabled=${!form.op || !form.purposes} go=${() => act(t('staff.add'),
      'identity', 'setOperator', [must(form.op), form.purposes,
        soon(form.days)])}>${t('staff.add')}<//></section>`;
}

function Guardians({ who }) {
  const [text, set] = useState('');
  const [need, setNeed] = useState('2');
  const names = text.split(/[\s,]+/).filter(Boolean);
  const recovering = who.state === 'recovering';
  return html`<section class="card"><h2>${t('guard.title')}</h2>
    <p>${t('guard.text')} <a href="/guarding">${t('ward.title')}</a></p>
    ${recovering && html`<${Notice} kind="error" title=${t('guard.running')}
      action=${html`<${Do} kind="main" go=${() => act(t('guard.cancel'),
        'identity', 'cancelRecovery', [])}>${t('guard.cancel')}<//>`}>
      <p><${Until} at=${who.deadline?.at} /></p><//>`}
    <p class=${who.guardianCnt ? null : 'quiet'}>${t(who.guardianCnt
      ? 'guard.now' : 'guard.none', { n: who.guardianCnt,
      need: number(who.threshold) })}</p>
    <${Field} id="guardians" label=${t('guard.list')}><textarea id="guardians"
      rows="3" value=${text} placeholder="0x…"
      onInput=${(e) => set(e.target.value)}></textarea><//>
    <${Field} id="need" label=${t('guard.need')}><input id="need"
      inputmode="numeric" value=${need}
      onInput=${(e) => setNeed(e.target.value)} /><//>
    <${Do} disabled=${!names.length} go=${() => act(t('guard.set'), 'identity',
      'setGuardians', [names.map(must), Number(need), 2 * DAY])}>
      ${t('guard.set')}<//></section>`;
}

function Claims({ me }) {
  const list = useList('id_claims', { subject: me });
  const go = (method, c, ...rest) => () => act(t(`claim.${method}`), 'identity',
    method, [c.id, ...rest]);
  const claimRow = (c) => ({ key: c.id, cells: [c.id,
    html`<${Hash} value=${c.issuer} />`, html`<${State} word=${c.state} />`,
    html`<${Until} at=${c.expires} />`, html`<span class="row">
      ${c.state === 'offered' && html`<${Do} go=${go('acceptClaim', c)}>
        ${t('claim.acceptClaim')}<//><${Do} go=${go('declineClaim', c)}>
        ${t('claim.declineClaim')}<//>`}
      ${c.state === 'active' && html`<a href=${`/claim/${c.id}`}>
        ${t('show.go')}</a> <${Do} confirm=${t('do.sure')}
        go=${go('revokeClaim', c, 1)}>${t('claim.revokeClaim')}<//>`}</span>`] });
  return html`<section class="card"><h2>${t('claim.title')}</h2>
    <p>${t('claim.text')}</p><${List} state=${list} caption=${t('claim.title')}
      columns=${['invoice.id', 'claim.issuer', 'list.state', 'invoice.until',
        'sell.acts']} row=${claimRow}
      empty=${html`<p class="quiet">${t('claim.none')}</p>`} />
    <p class="row"><a href="/claims/ask">${t('claim.ask.title')}</a>
      <a href="/issuer">${t('issuer.title')}</a>
      <a href="/verify">${t('check.title')}</a></p></section>`;
}

function Consents({ me }) {
  const [form, set] = useState({ verifier: '', scope: '' });
  const list = useList('id_consents', { subject: me });
  const give = async () => act(t('consent.give'), 'identity', 'giveConsent',
    [must(form.verifier), isHash(form.scope) ? form.scope
      : await putDocument({ text: form.scope.trim() }), 1, [], soon(90)]);
  const consentRow = (c) => ({ key: c.id, cells: [
    html`<${Hash} value=${c.verifier} />`, html`<${State} word=${c.state} />`,
    html`<${Until} at=${c.expires} />`, c.state === 'active' && html`<${Do}
      go=${() => act(t('consent.end'), 'identity', 'endConsent', [c.id])}>
      ${t('consent.end')}<//>`] });
  return html`<section class="card"><h2>${t('consent.title')}</h2>
    <${List} state=${list} caption=${t('consent.title')} row=${consentRow}
      columns=${['consent.who', 'list.state', 'invoice.until', 'sell.acts']}
      empty=${html`<p class="quiet">${t('consent.none')}</p>`} />
    <div class="pair"><${Field} id="verifier" label=${t('consent.who')}>
      <input id="verifier" value=${form.verifier} placeholder="0x…"
        onInput=${(e) => set({ ...form, verifier: e.target.value })} /><//>
    <${Field} id="scope" label=${t('consent.what')}><input id="scope"
      value=${form.scope} onInput=${(e) => set({ ...form,
        scope: e.target.value })} /><//></div>
    <${Do} disabled=${!form.verifier || !form.scope} go=${give}>
      ${t('consent.give')}<//></section>`;
}

const nameOf = (who) => who.document?.name || who.handle || t('party.title');
const about = (who) => [['id.name', html`<bdi>${nameOf(who)}</bdi>`],
  ['id.handle', who.handle && html`<bdi>${who.handle}</bdi>`],
  ['id.about', who.document?.about && html`<span class="wrap"><bdi>${
    who.document.about}</bdi></span>`],
  ['shop.contact', who.document?.contact && html`<bdi>${who.document.contact}
    </bdi>`],
  ['id.kind', t(who.kind === 2 ? 'id.firm' : 'id.person')],
  ['list.state', html`<${State} word=${who.state} />`],
  ['id.human', who.humanUntil * 1000 > chainMs() ? html`<span class="state good">
    ✓ ${date(who.humanUntil)}</span>` : null],
  ['id.letters', t(who.encKey === ZERO32 ? 'no' : 'yes')]];

export function Identity() {
  return html`<h1>${t('nav.identity')}</h1><${Mine}>${(me) => html`
    <${Me} me=${me} />`}<//>`;
}
function Me({ me }) {
  const state = useRpc('id_get', me);
  return html`<${Loaded} state=${state} rows=${6}>${(who) => who === null
    ? html`<${Create} />` : html`<div class="beside"><div>
      <${Facts} rows=${about(who)} /><p><a href=${`/party/${me}`}>${t(
        'id.public')}</a></p><${Keys} who=${who} />
      <${Guardians} who=${who} /></div><div><${Reputation} party=${me} />
      <${Staff} me=${me} /><${Claims} me=${me} /><${Consents} me=${me} />
      </div></div>`}<//>`;
}

// Somebody, as all may see him: what a receipt leads to.
export function PartyPage({ address }) {
  const who = useRpc('id_get', address.toLowerCase());
  const list = useList('market_search', { seller: address.toLowerCase() }, 12);
  return html`<h1><bdi>${who.data ? nameOf(who.data) : t('party.title')}</bdi>
    </h1><p class="row"><${Hash} value=${address} to=${`/address/${address}`} full />
      ${list.data?.items.length > 0 && html`<a class="button"
        href=${shopPath(who.data, address)} target="_blank">${t('shop.open')}</a>`}
      <a href=${`/court/accuse?party=${address}`}>${t('party.report')}</a></p>
    <div class="beside"><div>${who.data ? html`<${Facts} rows=${about(who.data)} />`
      : who.data === null && html`<p class="quiet">${t('party.nobody')}</p>`}</div>
    <${Reputation} party=${address.toLowerCase()} /></div>
    <h2>${t('sell.listings')}</h2><${List} state=${list} empty=${html`<${Empty}
      title=${t('party.none')} next=${['/buy', 'nav.buy']} />`}>${(items) => html`<div class="cards">
      ${items.map((l) => html`<${Card} key=${l.id} listing=${l} />`)}</div>`}
    <//>`;
}

// claims.js - the desk of an issuer, asking for a claim, showing chosen fields
// of one, checking what is shown; and whose guardian one is.
import { useState } from 'preact/hooks';
import { Do, MODULE, act } from '../act.js';
import { Mine } from '../acting.js';
import { rpc } from '../api.js';
import { isRequest, keep, kept, newSalt, pack, proofOf, rootOf, unpack,
  valueBytes, wordOf } from '../claims.js';
import { putDocument } from '../content.js';
import { abiOf, callView } from '../contracts.js';
import { date, isAddress, isolate, number, short } from '../format.js';
import { State, Until, nameOf } from '../goods.js';
import { t } from '../i18n.js';
import { List, useList, useRpc } from '../list.js';
import { Money } from '../money.js';
import { Qr } from '../qr.js';
import { useLoad } from '../signal.js';
import { Empty, Facts, Field, Hash, Loaded, Notice, Table, html }
  from '../ui.js';

const DAY = 86400;
const QR_MAX = 1200; // longer ones no phone reads
const soon = (days) => Math.floor(Date.now() / 1000) + Number(days) * DAY;
const must = (address) => {
  if (!isAddress(address)) throw new Error(t('send.bad.to'));
  return address;
};
const names = (text) => [...new Set(text.split(',').map((s) => s.trim())
  .filter(Boolean))];
const view = async (method, values) => callView(MODULE.identity,
  (await abiOf(MODULE.identity)).abi.find((r) => r.type === 'function'
    && r.name === method), values);
const issuers = async () => Promise.all((await rpc('id_issuers',
  { state: 'active', limit: 100 })).items.map(async (i) => ({ ...i,
  name: i.document?.name || await nameOf(i.issuer) || short(i.issuer) })));

// A link for somebody else: as a code while a phone can read it.
const Pass = ({ link, label }) => link.length <= QR_MAX
  ? html`<${Qr} text=${link} label=${label} />`
  : html`<p class="hash" data-test="link">${link}</p>`;

/* -------------------------------------------------------------- asking */

function AskForm({ me, issuers }) {
  const [form, set] = useState({ issuer: issuers[0].issuer, schema: '',
    rows: [['', '']] });
  const [link, show] = useState(null);
  const chosen = issuers.find((i) => i.issuer === form.issuer);
  const schemas = chosen.document?.schemas ?? [];
  const schema = form.schema.trim() || schemas[0];
  const put = (at, k) => (e) => set({ ...form, rows: form.rows.map((r, i) =>
    i === at ? r.map((x, j) => j === k ? e.target.value : x) : r) });
  const make = async () => {
    const leaves = form.rows.filter(([key]) => key.trim()).map(([key, value]) =>
      ({ salt: newSalt(), key: key.trim(), value: value.trim() }));
    const request = { subject: me, issuer: form.issuer, schema, leaves };
    keep(request);
    show(`${location.origin}/issuer#${pack(request)}`);
  };
  return html`<div class="form"><div class="pair">
    <${Field} id="issuer" label=${t('claim.issuer')}><select id="issuer"
      value=${form.issuer} onChange=${(e) => set({ ...form, schema: '',
        issuer: e.target.value })}>${issuers.map((i) => html`
      <option value=${i.issuer}>${isolate(i.name)}</option>`)}</select><//>
    ${schemas.length ? html`<${Field} id="schema" label=${t('claim.schema')}>
        <select id="schema" value=${schema} onChange=${(e) => set({ ...form,
          schema: e.target.value })}>${schemas.map((s) => html`
        <option value=${s}>${isolate(s)}</option>`)}</select><//>`
      : html`<${Field} id="schema" label=${t('claim.schema')}
        hint=${t('claim.schema.none')}><input id="schema" value=${form.schema}
        maxlength="31" aria-describedby="schema-hint" onInput=${(e) =>
          set({ ...form, schema: e.target.value })} /><//>`}</div>
    ${form.rows.map(([key, value], i) => html`<div class="pair" key=${i}>
      <${Field} id=${`key-${i}`} label=${t('claim.key')}><input
        id=${`key-${i}`} value=${key} onInput=${put(i, 0)} /><//>
      <${Field} id=${`value-${i}`} label=${t('claim.value')}><input
        id=${`value-${i}`} value=${value} onInput=${put(i, 1)} /><//></div>`)}
    <p><button type="button" data-test="field" disabled=${
      form.rows.length >= 32} onClick=${() => set({ ...form,
      rows: [...form.rows, ['', '']] })}>${t('claim.more')}</button></p>
    <${Do} kind="main" test="ask" disabled=${!form.rows.some(([k]) => k.trim())
      || !schema} go=${make}>${t('claim.ask')}<//>
    ${link && html`<${Notice} kind="good" title=${t('claim.asked')}>
      <p>${t('claim.asked.how')}</p><${Pass} link=${link}
        label=${t('claim.ask')} /><//>`}</div>`;
}

export function Ask() {
  const state = useLoad(issuers, []);
  return html`<h1>${t('claim.ask.title')}</h1><p>${t('claim.ask.text')}</p>
    <${Mine}>${(me) => html`<${Loaded} state=${state}>${(items) =>
      items.length ? html`<${AskForm} me=${me} issuers=${items} />`
        : html`<${Empty} title=${t('issuer.none')}>${t('issuer.be')}
          ${' '}<a href="/issuer">${t('issuer.title')}</a><//>`}<//>`}<//>`;
}

/* ---------------------------------------------------------------- the desk */

function Apply({ bond }) {
  const [form, set] = useState({ name: '', schemas: '' });
  const apply = async () => {
    const schemas = names(form.schemas);
    const doc = await putDocument({ name: form.name.trim(), schemas });
    await act(t('issuer.apply'), 'identity', 'applyIssuer',
      [schemas.map(wordOf), 0, doc], { value: bond });
  };
  return html`<div class="form"><p>${t('issuer.text')}
    ${' '}${t('issuer.bond')} <${Money} value=${bond} />.</p>
    <${Field} id="issuer-name" label=${t('id.name')}><input id="issuer-name"
      value=${form.name} maxlength="80" onInput=${(e) => set({ ...form,
        name: e.target.value })} /><//>
    <${Field} id="schemas" label=${t('issuer.schemas')}
      hint=${t('issuer.schemas.hint')}><input id="schemas"
      value=${form.schemas} aria-describedby="schemas-hint"
      onInput=${(e) => set({ ...form, schemas: e.target.value })} /><//>
    <${Do} kind="main" test="apply" disabled=${!form.name.trim()
      || !names(form.schemas).length} go=${apply}>${t('issuer.apply')}<//>
    </div>`;
}

// A request, looked through before it is signed for.
function Review({ request, me, done }) {
  const [days, set] = useState('365');
  const root = rootOf(request.leaves);
  const issue = async () => {
    await act(t('issuer.issue'), 'identity', 'issueClaim', [
      must(request.subject), wordOf(request.schema), root, soon(days)]);
    done();
  };
  return html`<div class="card" data-test="request">
    <${Facts} rows=${[['issuer.subject', html`<${Hash} value=${request.subject}
      to=${`/party/${request.subject}`} />`],
    ['claim.schema', html`<bdi>${request.schema}</bdi>`]]} />
    <${Table} caption=${t('issuer.fields')} columns=${['claim.key',
      'claim.value']} rows=${request.leaves.map((l, i) => ({ key: i,
      cells: [html`<bdi>${l.key}</bdi>`, html`<bdi>${l.value}</bdi>`] }))} />
    ${request.issuer !== me && html`<${Notice} title=${t('issuer.other')} />`}
    <${Field} id="valid" label=${t('issuer.days')}><input id="valid"
      inputmode="numeric" value=${days}
      onInput=${(e) => set(e.target.value)} /><//>
    <p>${t('issuer.sure')}</p><div class="row"><${Do} kind="main" test="issue"
      disabled=${!(Number(days) > 0)} go=${issue}>${t('issuer.issue')}<//>
    <button type="button" onClick=${done}>${t('act.not')}</button></div></div>`;
}

function Desk({ me }) {
  const [text, set] = useState(location.hash.slice(1));
  const list = useList('id_claims', { issuer: me });
  const request = unpack(text);
  const row = (c) => ({ key: c.id, cells: [c.id,
    html`<${Hash} value=${c.subject} to=${`/party/${c.subject}`} />`,
    html`<${State} word=${c.state} />`, html`<${Until} at=${c.expires} />`,
    ['offered', 'active'].includes(c.state) && html`<${Do} test="revoke"
      confirm=${t('do.sure')} go=${() => act(t('claim.revokeClaim'), 'identity',
        'revokeClaim', [c.id, 1])}>${t('claim.revokeClaim')}<//>`] });
  return html`<h2>${t('issuer.requests')}</h2>
    ${isRequest(request) ? html`<${Review} request=${request} me=${me}
      done=${() => { history.replaceState(null, '', '/issuer'); set(''); }} />`
      : html`<${Field} id="paste" label=${t('issuer.paste')}
        error=${text && t('issuer.bad')}><textarea id="paste" rows="3"
        value=${text} onInput=${(e) => set(e.target.value)}></textarea><//>`}
    <h2>${t('issuer.given')}</h2><${List} state=${list} row=${row}
      caption=${t('issuer.given')} columns=${['invoice.id', 'issuer.subject',
        'list.state', 'invoice.until', 'sell.acts']}
      empty=${html`<p class="quiet">${t('claim.none')}</p>`} />`;
}

function IssuerOf({ me }) {
  const state = useRpc('id_issuers', { issuer: me, limit: 200 });
  const id = useRpc('id_get', me);
  const params = useRpc('id_params');
  if (id.data === null) {
    return html`<${Empty} title=${t('issuer.first')}>
      <a href="/identity">${t('nav.identity')}</a><//>`;
  }
  return html`<${Loaded} state=${state}>${({ items }) => {
    const mine = items.find((i) => i.issuer === me && i.state !== 'retired');
    if (!mine) {
      return html`<${Loaded} state=${params}>${(list) => html`<${Apply}
        bond=${BigInt(list.find((p) => p.name === 'issuerBond').value)} />`}
      <//>`;
    }
    return html`<${Facts} rows=${[['id.name', html`<bdi>${mine.document?.name
      || me}</bdi>`], ['list.state', html`<${State} word=${mine.state} />`],
    ['issuer.schemas', html`<bdi>${(mine.document?.schemas ?? []).join(', ')}
      </bdi>`], ['issuer.from', mine.state === 'applied'
      ? html`<${Until} at=${mine.deadline?.at ?? mine.deadline} />` : null]]} />
      ${mine.state === 'active' && html`<${Desk} me=${me} />`}
      <p><${Do} confirm=${t('do.sure')} go=${() => act(t('issuer.retire'),
        'identity', 'retireIssuer', [])}>${t('issuer.retire')}<//></p>`;
  }}<//>`;
}

export const Issuer = () => html`<h1>${t('issuer.title')}</h1>
  <${Mine}>${(me) => html`<${IssuerOf} me=${me} />`}<//>`;

/* ------------------------------------------------------------- disclosure */

function Choose({ claim, request, me }) {
  const [keys, tick] = useState([]);
  const [form, set] = useState({ verifier: '', days: '30', why: '' });
  const [link, show] = useState(null);
  const put = (name) => (e) => set({ ...form, [name]: e.target.value });
  const go = async () => {
    const scope = await putDocument({ claim: claim.id, why: form.why.trim(),
      keys: keys.map((i) => request.leaves[i].key) });
    const { events } = await act(t('consent.give'), 'identity', 'giveConsent',
      [must(form.verifier.trim()), scope, 1, [claim.id], soon(form.days)]);
    const leaves = keys.map((index) => ({ index, ...request.leaves[index],
      proof: proofOf(request.leaves, index) }));
    show(`${location.origin}/verify#${pack({ claim: claim.id,
      consent: Number(events.find((e) => e.name === 'ConsentSaved').id),
      subject: me, leaves })}`);
  };
  return html`<div class="form"><fieldset><legend>${t('show.fields')}</legend>
    ${request.leaves.map((l, i) => html`<label class="tick" key=${i}>
      <input type="checkbox" name=${l.key} checked=${keys.includes(i)}
        onChange=${() => tick(keys.includes(i) ? keys.filter((k) => k !== i)
          : [...keys, i])} /><bdi>${l.key}: ${l.value}</bdi></label>`)}
    </fieldset><${Field} id="verifier" label=${t('consent.who')}><input
      id="verifier" value=${form.verifier} placeholder="0x…"
      spellcheck=${false} onInput=${put('verifier')} /><//>
    <div class="pair"><${Field} id="why" label=${t('show.why')}><input id="why"
        value=${form.why} onInput=${put('why')} /><//>
      <${Field} id="days" label=${t('show.days')}><input id="days"
        inputmode="numeric" value=${form.days} onInput=${put('days')} /><//>
    </div><p>${t('show.how')}</p>
    <${Do} kind="main" test="show" disabled=${!keys.length || !form.verifier}
      go=${go}>${t('show.go')}<//>
    ${link && html`<${Notice} kind="good" title=${t('show.done')}>
      <${Pass} link=${link} label=${t('show.go')} /><//>`}</div>`;
}

function Own({ id, me }) {
  const list = useRpc('id_claims', { subject: me, limit: 200 });
  const [file, set] = useState('');
  return html`<${Loaded} state=${list}>${({ items }) => {
    const claim = items.find((c) => c.id === Number(id));
    const request = claim && kept()[claim.root];
    if (!claim) return html`<${Empty} title=${t('show.none')} next=${[
      '/identity', 'nav.identity']} />`;
    const load = async () => {
      const r = unpack(file);
      if (!isRequest(r) || rootOf(r.leaves) !== claim.root) {
        throw new Error(t('show.bad'));
      }
      keep(r);
      set('');
      list.again();
    };
    return html`<${Facts} rows=${[['claim.issuer', html`<${Hash}
      value=${claim.issuer} to=${`/party/${claim.issuer}`} />`],
    ['list.state', html`<${State} word=${claim.state} />`],
    ['invoice.until', date(claim.expires)]]} />
    ${request ? html`<${Choose} claim=${claim} request=${request} me=${me} />
      <details class="read"><summary>${t('show.keep')}</summary>
        <p>${t('show.keep.how')}</p><p class="hash" data-test="kept">${
          pack(request)}</p></details>`
      : html`<${Notice} title=${t('show.lost')}><p>${t('show.lost.how')}</p><//>
        <${Field} id="kept" label=${t('show.keep')}><textarea id="kept" rows="3"
          value=${file} onInput=${(e) => set(e.target.value)}></textarea><//>
        <${Do} disabled=${!file} go=${load}>${t('show.load')}<//>`}`;
  }}<//>`;
}

export const Disclose = ({ id }) => html`<h1>${t('show.title', { id })}</h1>
  <${Mine}>${(me) => html`<${Own} id=${id} me=${me} />`}<//>`;

/* --------------------------------------------------------------- checking */

async function judge(told) {
  const { items } = await rpc('id_claims', { subject: told.subject,
    limit: 200 });
  const claim = items.find((c) => c.id === told.claim) ?? null;
  const holds = await Promise.all(told.leaves.map((l) => view(
    'checkClaim', [told.claim, l.index, l.salt, l.key,
      valueBytes(l.value), l.proof]).then(([ok]) => ok, () => false)));
  return { claim, holds };
}

function Verdict({ told }) {
  const state = useLoad(() => judge(told), [JSON.stringify(told)]);
  return html`<${Loaded} state=${state}>${({ claim, holds }) => html`
    <${Facts} rows=${[['issuer.subject', html`<${Hash} value=${told.subject}
      to=${`/party/${told.subject}`} />`], ['claim.issuer', claim && html`
      <${Hash} value=${claim.issuer} to=${`/party/${claim.issuer}`} />`],
    ['list.state', claim && html`<${State} word=${claim.state} />`],
    ['check.consent', number(told.consent)]]} />
    <${Table} caption=${t('check.title')} columns=${['claim.key', 'claim.value',
      'check.holds']} rows=${told.leaves.map((l, i) => ({ key: i, cells: [
      html`<bdi>${l.key}</bdi>`, html`<bdi>${l.value}</bdi>`,
      html`<strong data-test="holds" class=${holds[i] && claim ? 'good'
        : 'wrong'}>${t(holds[i] && claim ? 'check.yes' : 'check.no')}
      </strong>`] }))} />`}<//>`;
}

export function Verify() {
  const [text, set] = useState(location.hash.slice(1));
  const told = unpack(text);
  const good = isRequest(told) && isAddress(told.subject)
    && Number.isSafeInteger(told.claim) && told.leaves.every((l) =>
    Number.isSafeInteger(l.index) && Array.isArray(l.proof));
  return html`<h1>${t('check.title')}</h1><p>${t('check.text')}</p>
    <${Field} id="shown" label=${t('check.paste')}
      error=${text && !good && t('issuer.bad')}><textarea id="shown" rows="3"
      value=${text} onInput=${(e) => set(e.target.value)}></textarea><//>
    ${good && html`<${Verdict} told=${told} />`}`;
}

/* -------------------------------------------------------------- guardians */

function Ward({ anchor }) {
  const [next, set] = useState('');
  const who = useRpc('id_get', anchor);
  return html`<section class="card" data-test="ward"><${Loaded} state=${who}>
    ${(id) => id && html`<h2><bdi>${id.document?.name || id.handle
      || t('party.title')}</bdi></h2>
    <p><${Hash} value=${anchor} to=${`/party/${anchor}`} full /></p>
    <p><${State} word=${id.state} /> ${t('guard.now', {
      n: id.guardianCnt, need: number(id.threshold) })}</p>
    ${id.state === 'recovering' ? html`<${Notice} title=${t('ward.running')}
      action=${html`<${Do} kind="main" test="approve" go=${() => act(
        t('ward.approve'), 'identity', 'approveRecovery', [anchor])}>
        ${t('ward.approve')}<//>`}><p>${t('ward.until')}
        ${' '}<${Until} at=${id.deadline?.at} /></p>
        <p>${t('ward.check')}</p><//>`
      : html`<${Field} id=${`next-${anchor}`} label=${t('ward.next')}
        hint=${t('ward.check')}><input id=${`next-${anchor}`} value=${next}
        placeholder="0x…" spellcheck=${false}
        aria-describedby=${`next-${anchor}-hint`}
        onInput=${(e) => set(e.target.value)} /><//>
      <${Do} disabled=${!next.trim()} test="recover" confirm=${t('do.sure')}
        go=${() => act(t('ward.start'), 'identity', 'startRecovery', [anchor,
          must(next.trim())])}>${t('ward.start')}<//>`}`}<//></section>`;
}

function Wards({ me }) {
  const state = useRpc('id_guardianOf', me);
  return html`<${Loaded} state=${state}>${({ items }) => items.length
    ? [...new Set(items.map((g) => g.anchor))].map((a) => html`
      <${Ward} key=${a} anchor=${a} />`)
    : html`<${Empty} title=${t('ward.none')} next=${['/identity',
      'nav.identity']}>${t('ward.what')}<//>`}<//>`;
}

export const Guarding = () => html`<h1>${t('ward.title')}</h1>
  <${Mine}>${(me) => html`<${Wards} me=${me} />`}<//>`;

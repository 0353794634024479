// court.js - the court: what a juror has to do, cases, accusing, case law, the
// jurors' stake; court_case.js is one case.
import { useState } from 'preact/hooks';
import { Do, May, act } from '../act.js';
import { Mine } from '../acting.js';
import { putDocument } from '../content.js';
import { useSend } from '../form.js';
import { clipped, isAddress, isolate, number, short } from '../format.js';
import { Party, State, Until } from '../goods.js';
import { t } from '../i18n.js';
import { List, Tabs, useList, useRpc } from '../list.js';
import { Money } from '../money.js';
import { go } from '../router.js';
import { useLoad } from '../signal.js';
import { Empty, Failure, Field, Loaded, Notice, Submit, html } from '../ui.js';
import { APPEAL, verdict, view } from '../verdict.js';

const COURTS = [1, 2, 3, 4, 5];

const CourtTabs = () => html`<${Tabs} label=${t('nav.court')} rows=${[
  ['/court', 'nav.court'], ['/court/accuse', 'court.accuse'],
  ['/court/law', 'court.law']]} />`;

/* --------------------------------------------------------------- my duty */

function Duty({ me }) {
  const { data } = useRpc('court_myDuty', me);
  if (!data) return null;
  return html`<section><h2>${t('duty.mine')}</h2>${data.items.length === 0
    ? html`<p class="quiet">${t('duty.none')}</p>`
    : data.items.map((d) => html`<${Notice} key=${d.case.id}
      title=${t(`duty.${d.duty}.now`)}><p><a href=${`/court/${d.case.id}`}>
      ${t('court.number', { id: d.case.id })}</a>, <${Until}
      at=${d.case.deadline?.at} /></p><//>`)}</section>`;
}

/* ----------------------------------------------------------------- stake */

function Stake({ me }) {
  const juror = useRpc('court_jurorStats', me);
  const courts = useRpc('court_courts').data?.items ?? [];
  const [mask, set] = useState(null);
  const odds = useLoad(() => view('odds', me), [me, juror.data?.courts]).data;
  const now = juror.data;
  const chosen = mask ?? now?.courts ?? 0;
  const least = courts.filter((c) => chosen >> c.id & 1).reduce((n, c) =>
    BigInt(c.minStake) > n ? BigInt(c.minStake) : n, 0n);
  const due = least - BigInt(now?.stake ?? 0);
  const active = now?.state === 'active';
  return html`<section class="card"><h2 id="stake" tabindex="-1">${t('stake.title')}</h2>
    <p>${t('stake.how')}</p>${now && html`<p><${State} word=${now.state} />${' '}
      <${Money} value=${now.stake} />. ${t('stake.record', { yes:
        number(now.coherent), no: number(now.incoherent) })}
      ${odds !== undefined && ` ${t('stake.odds', { ppm:
        number(Number(odds) / 10000) })}`}</p>`}
    <fieldset class="row"><legend>${t('stake.courts')}</legend>
      ${COURTS.map((c) => html`<label class="tick"><input type="checkbox"
        checked=${Boolean(chosen >> c & 1)} onChange=${() =>
          set(chosen ^ 1 << c)} />${t(`court.name.${c}`)}</label>`)}</fieldset>
    <p class="row"><${Do} kind="main" disabled=${!chosen} test="stake"
      call="court.stake"
      go=${() => act(t('stake.go'), 'court', 'stake', [chosen],
        { value: due > 0n ? due : 0n })}>${t('stake.go')} ${due > 0n
        ? html`<${Money} value=${due} />` : ''}<//>
    ${active && html`<${Do} call="court.leaveJury" confirm=${t('do.sure')} go=${() => act(
      t('stake.leave'), 'court', 'leaveJury', [])}>${t('stake.leave')}<//>`}</p>
  </section>`;
}

/* ----------------------------------------------------------------- lists */

const COLUMNS = ['court.case', 'court.accused', 'court.rule', 'list.state',
  'order.until'];
const row = (k) => ({ key: k.id, cells: [
  html`<a href=${`/court/${k.id}`}>${t('court.number', { id: k.id })}</a>`,
  html`<${Party} value=${k.accused} />`, t(k.kind === APPEAL ? 'case.court'
    : 'court.rule.number', { id: k.rule }),
  html`<${State} word=${k.state} />`, html`<${Until} at=${k.deadline?.at} />`] });
// none: what is said, and offered, where there are none.
const Cases = ({ title, filter, none }) => {
  const list = useList('court_list', filter);
  return html`<section><h2>${t(title)}</h2><${List} state=${list}
    caption=${t(title)} columns=${COLUMNS} row=${row} empty=${html`
    <${Empty} title=${t('list.none')}>${none}<//>`} /></section>`;
};
const NoneOpen = () => html`${t('court.none.open')} <a class="button"
  href="/court/accuse">${t('court.accuse')}</a>`;
const toStake = () => document.getElementById('stake')?.focus();

export const Court = () => html`<h1>${t('nav.court')}</h1><${CourtTabs} />
  <p>${t('court.how')}</p><${Mine}>${(me) => html`<${Duty} me=${me} />
    <${Cases} title="court.mine" filter=${{ party: me }} none=${html`<${NoneOpen}
      />`} />
    <${Cases} title="court.seats" filter=${{ juror: me }} none=${html`${t(
      'court.none.seat')} <${May} call="court.stake"><button type="button"
      onClick=${toStake}>${t('stake.title')}</button><//>`} />
    <${May} call="court.stake"><${Stake} key=${me} me=${me} /><//>`}<//>
  <${Cases} title="court.all" filter=${{}} none=${html`<${NoneOpen} />`} />`;

export function Law() {
  const [q, set] = useState('');
  const list = useList('court_rulings', q.trim() ? { q: q.trim() } : {});
  const rules = useRpc('court_rules');
  return html`<h1>${t('court.law')}</h1><${CourtTabs} />
    <${Field} id="q" label=${t('list.find')}><input id="q" type="search"
      value=${q} onInput=${(e) => set(e.target.value)} /><//>
    <${List} state=${list} caption=${t('court.law')} row=${(k) => ({ ...row(k),
      cells: [...row(k).cells.slice(0, 3), verdict(k, k.result)] })}
      columns=${[...COLUMNS.slice(0, 3), 'case.result']}
      empty=${q.trim() ? html`<${Empty} title=${t('court.law.none')}><button
        type="button" class="main" onClick=${() => set('')}>${t('court.law.all')}
        </button><//>` : html`<${Empty} title=${t('court.norulings')}
        next=${['/court', 'court.all']} />`} />
    <h2>${t('court.rules')}</h2><${Loaded} state=${rules}>${({ items }) =>
      items.map((r) => html`<section class="card" key=${r.id}><h3>${t(
        'court.rule.number', { id: r.id })}: ${t(`court.name.${r.court}`)}</h3>
      <p><bdi>${r.document?.text ?? short(r.docHash)}</bdi></p>
      <p><small>${t('court.most')} ${t(`court.level.${r.maxLevel}`)}</small></p>
      </section>`)}<//>`;
}

/* --------------------------------------------------------------- accusing */

// What can be accused: module, type of record, whether it has a number.
const SUBJECTS = { account: [0x1010, 1, false], listing: [0x1012, 1, true],
  platform: [0x1011, 1, true], issuer: [0x1010, 5, false] };

function AccuseForm({ me }) {
  const at = new URLSearchParams(location.search);
  const [form, set] = useState({ rule: '1', what: at.has('listing') ? 'listing'
    : 'account', subject: at.get('listing') ?? '', accused: at.get('party')
    ?? '', text: '', emergency: false });
  const rules = useRpc('court_rules').data?.items ?? [];
  const rule = rules.find((r) => r.id === Number(form.rule));
  const cost = useLoad(() => view('accuseCost', Number(form.rule), me,
    form.emergency && Boolean(rule?.severe)), [form.rule, me, form.emergency,
    rule?.severe]).data;
  const [module, type, numbered] = SUBJECTS[form.what];
  const put = (name) => (e) => set({ ...form, [name]: e.target.value });
  const { busy, error, send: submit } = useSend(async () => {
    if (!isAddress(form.accused.trim())) throw new Error(t('send.bad.to'));
    const { events } = await act(t('court.accuse'), 'court', 'accuse',
      [Number(form.rule), module, type, numbered ? Number(form.subject) : 0,
        form.accused.trim(), await putDocument({ text: form.text.trim() }),
        form.emergency && rule.severe], { value: cost });
    go(`/court/${events.find((x) => x.name === 'CourtCaseSaved').id}`);
  });
  return html`<form class="form" onSubmit=${submit}><p>${t('accuse.how')}</p>
    <${Field} id="rule" label=${t('court.rule')}><select id="rule"
      value=${form.rule} onChange=${put('rule')}>${rules.map((r) => html`
      <option value=${String(r.id)}>${isolate(`${r.id}. ${clipped(
        r.document?.text ?? t(`court.name.${r.court}`), 60)}`)}</option>`)}
      </select><//>
    ${rule && html`<blockquote><bdi>${rule.document?.text}</bdi></blockquote>`}
    <${Field} id="what" label=${t('accuse.what')}><select id="what"
      value=${form.what} onChange=${put('what')}>${Object.keys(SUBJECTS).map(
        (s) => html`<option value=${s}>${t(`accuse.${s}`)}</option>`)}
      </select><//>
    ${numbered && html`<${Field} id="subject" label=${t('accuse.number')}>
      <input id="subject" required inputmode="numeric" pattern="[0-9]+"
        value=${form.subject} onInput=${put('subject')} /><//>`}
    <${Field} id="accused" label=${t('court.accused')}><input id="accused"
      required value=${form.accused} placeholder="0x…" spellcheck=${false}
      onInput=${put('accused')} /><//>
    <${Field} id="text" label=${t('accuse.text')} hint=${t('case.public')}>
      <textarea id="text" rows="5" required maxlength="4000" value=${form.text}
        aria-describedby="text-hint" onInput=${put('text')}></textarea><//>
    ${rule?.severe && html`<label class="tick"><input type="checkbox"
      checked=${form.emergency} onChange=${(e) => set({ ...form,
        emergency: e.target.checked })} />${t('accuse.emergency')}</label>`}
    <p data-test="cost">${t('accuse.cost')} <strong><${Money} value=${cost} />
      </strong></p>
    ${error && html`<${Failure} error=${error} />`}
    <${Submit} busy=${busy} disabled=${cost === undefined}>
      ${t(busy ? 'act.busy' : 'court.accuse')}<//></form>`;
}
export const Accuse = () => html`<h1>${t('court.accuse')}</h1><${CourtTabs} />
  <${Mine}>${(me) => html`<${AccuseForm} me=${me} />`}<//>`;

// court.js - the court: what a juror has to do, with the vote sealed and opened
// for him; the cases, their rooms, accusing; case law; the jurors' stake.
import { useState } from 'preact/hooks';
import { Do, MODULE, ZERO32, act } from '../act.js';
import { Mine, acting, status } from '../acting.js';
import { commitHash, keepVote, keptVote, newSalt, readVote } from '../ballot.js';
import { putDocument } from '../content.js';
import { abiOf, callView } from '../contracts.js';
import { date, isAddress, number, short } from '../format.js';
import { Party, State, Until } from '../goods.js';
import { has, t } from '../i18n.js';
import { List, Tabs, useList, useRpc } from '../list.js';
import { Money } from '../money.js';
import { go } from '../router.js';
import { useLoad, useSignal } from '../signal.js';
import { percent } from '../split.js';
import { Step, note } from '../steps.js';
import { Ago, Copy, Empty, Facts, Failure, Field, Loaded, Notice, html }
  from '../ui.js';
import { Brought, Words } from './case.js';

const APPEAL = 2, CHALLENGE = 3, STEP_BPS = 500;
const COURTS = [1, 2, 3, 4, 5];

const CourtTabs = () => html`<${Tabs} label=${t('nav.court')} rows=${[
  ['/court', 'nav.court'], ['/court/accuse', 'court.accuse'],
  ['/court/law', 'court.law']]} />`;

const view = async (method, ...values) => {
  const { abi } = await abiOf(MODULE.court);
  return (await callView(MODULE.court, abi.find((r) => r.type === 'function'
    && r.name === method), values))[0];
};
const useRule = (id) => useRpc('court_rules').data?.items.find((r) =>
  r.id === id);

// A vote or a result in words.
const verdict = (k, n) => k.kind === APPEAL ? t('court.share',
  { bps: percent(n) }) : k.kind === CHALLENGE ? t(n ? 'court.upheld'
  : 'court.dismissed') : t(`court.level.${n}`);
const voteWords = (k, v) => verdict(k, k.kind === APPEAL ? v * STEP_BPS : v);
const votesOf = (k) => Array.from({ length: k.kind === APPEAL ? 21
  : k.kind === CHALLENGE ? 2 : k.maxLevel + 1 }, (_, i) => i);

/* --------------------------------------------------------------- my duty */

function Commit({ k, seat, again }) {
  const [form, set] = useState({ vote: '0', frivolous: false, reasons: '' });
  const commit = async () => {
    const vote = { vote: Number(form.vote), frivolous: form.frivolous,
      salt: newSalt(), reasons: await note(form.reasons) };
    keepVote(seat, vote); // before it is sent: without it nothing is revealed
    await act(t('duty.commit'), 'court', 'commit', [k.id,
      commitHash(seat, vote)]);
    again();
  };
  return html`<p>${t('duty.how')}</p><${Field} id="vote" label=${t('duty.vote')}>
    <select id="vote" value=${form.vote} onChange=${(e) => set({ ...form,
      vote: e.target.value })}>${votesOf(k).map((v) => html`
      <option value=${String(v)}>${voteWords(k, v)}</option>`)}</select><//>
    <${Field} id="reasons" label=${t('duty.reasons')} hint=${t('duty.public')}>
      <textarea id="reasons" rows="4" maxlength="4000" value=${form.reasons}
        aria-describedby="reasons-hint" onInput=${(e) => set({ ...form,
          reasons: e.target.value })}></textarea><//>
    ${k.kind !== APPEAL && html`<label class="tick"><input type="checkbox"
      checked=${form.frivolous} onChange=${(e) => set({ ...form,
        frivolous: e.target.checked })} />${t('duty.frivolous')}</label>`}
    <p class="row"><${Do} kind="main" test="commit" go=${commit}>
      ${t('duty.commit')}<//><${Do} confirm=${t('do.sure')} go=${async () => {
      await act(t('duty.decline'), 'court', 'declineSeat', [k.id]);
      again();
    }}>${t('duty.decline')}<//></p>`;
}

// What was voted, for saving elsewhere.
const Kept = ({ k, vote }) => html`<p>${t('duty.kept',
  { vote: voteWords(k, vote.vote) })}</p><p class="hash">
  ${JSON.stringify(vote)} <${Copy} text=${JSON.stringify(vote)} /></p>`;

function Reveal({ k, seat, again }) {
  const [text, set] = useState('');
  const vote = keptVote(seat) ?? readVote(text);
  const reveal = async () => {
    await act(t('duty.reveal'), 'court', 'reveal', [k.id, vote.vote,
      vote.frivolous, vote.salt, vote.reasons]);
    again();
  };
  return html`${vote ? html`<${Kept} k=${k} vote=${vote} />` : html`
    <${Field} id="kept" label=${t('duty.paste')}><textarea id="kept" rows="3"
      value=${text} onInput=${(e) => set(e.target.value)}></textarea><//>`}
    <${Do} kind="main" test="reveal" disabled=${!vote} go=${reveal}>
      ${t('duty.reveal')}<//>`;
}

function Ballot({ k, me, again }) {
  const chainId = useSignal(status)?.chainId;
  const mine = (k.seats ?? []).find((s) => s.juror === me
    && s.round === k.round);
  if (!mine || !chainId || !['commit', 'reveal'].includes(k.state)) return null;
  const seat = { chainId, id: k.id, round: k.round, juror: me };
  const vote = keptVote(seat);
  const done = k.state === 'commit' && mine.hash && mine.hash !== ZERO32;
  return html`<section class="card" data-test="ballot"><h2>${t('duty.title')}
    </h2>${done ? html`<p>${t('duty.done')}</p>${vote && html`<${Kept} k=${k}
      vote=${vote} />`}` : k.state === 'commit' ? html`<${Commit} k=${k}
      seat=${seat} again=${again} />` : html`<${Reveal} k=${k} seat=${seat}
      again=${again} />`}</section>`;
}

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
  return html`<section class="card"><h2>${t('stake.title')}</h2>
    <p>${t('stake.how')}</p>${now && html`<p><${State} word=${now.state} />
      <${Money} value=${now.stake} />. ${t('stake.record', { yes:
        number(now.coherent), no: number(now.incoherent) })}
      ${odds !== undefined && ` ${t('stake.odds', { ppm:
        number(Number(odds) / 10000) })}`}</p>`}
    <fieldset class="row"><legend>${t('stake.courts')}</legend>
      ${COURTS.map((c) => html`<label class="tick"><input type="checkbox"
        checked=${Boolean(chosen >> c & 1)} onChange=${() =>
          set(chosen ^ 1 << c)} />${t(`court.name.${c}`)}</label>`)}</fieldset>
    <p class="row"><${Do} kind="main" disabled=${!chosen} test="stake"
      go=${() => act(t('stake.go'), 'court', 'stake', [chosen],
        { value: due > 0n ? due : 0n })}>${t('stake.go')} ${due > 0n
        ? html`<${Money} value=${due} />` : ''}<//>
    ${active && html`<${Do} confirm=${t('do.sure')} go=${() => act(
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
const Cases = ({ title, filter }) => {
  const list = useList('court_list', filter);
  return html`<section><h2>${t(title)}</h2><${List} state=${list}
    caption=${t(title)} columns=${COLUMNS} row=${row} empty=${html`
    <p class="quiet">${t('list.none')}</p>`} /></section>`;
};

export const Court = () => html`<h1>${t('nav.court')}</h1><${CourtTabs} />
  <p>${t('court.how')}</p><${Mine}>${(me) => html`<${Duty} me=${me} />
    <${Cases} title="court.mine" filter=${{ party: me }} />
    <${Cases} title="court.seats" filter=${{ juror: me }} />
    <${Stake} key=${me} me=${me} />`}<//>
  <${Cases} title="court.all" filter=${{}} />`;

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
      empty=${html`<${Empty} title=${t('court.norulings')} />`} />
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
  const [error, setError] = useState(null);
  const rules = useRpc('court_rules').data?.items ?? [];
  const rule = rules.find((r) => r.id === Number(form.rule));
  const cost = useLoad(() => view('accuseCost', Number(form.rule), me,
    form.emergency && Boolean(rule?.severe)), [form.rule, me, form.emergency,
    rule?.severe]).data;
  const [module, type, numbered] = SUBJECTS[form.what];
  const put = (name) => (e) => set({ ...form, [name]: e.target.value });
  const submit = async (e) => {
    e.preventDefault();
    setError(null);
    try {
      if (!isAddress(form.accused.trim())) throw new Error(t('send.bad.to'));
      const { events } = await act(t('court.accuse'), 'court', 'accuse',
        [Number(form.rule), module, type, numbered ? Number(form.subject) : 0,
          form.accused.trim(), await putDocument({ text: form.text.trim() }),
          form.emergency && rule.severe], { value: cost });
      go(`/court/${events.find((x) => x.name === 'CourtCaseSaved').id}`);
    } catch (x) { setError(x); }
  };
  return html`<form class="form" onSubmit=${submit}><p>${t('accuse.how')}</p>
    <${Field} id="rule" label=${t('court.rule')}><select id="rule"
      value=${form.rule} onChange=${put('rule')}>${rules.map((r) => html`
      <option value=${String(r.id)}>${r.id}. ${(r.document?.text ?? '')
        .slice(0, 60)}</option>`)}</select><//>
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
    <button class="main" type="submit" disabled=${cost === undefined}>
      ${t('court.accuse')}</button></form>`;
}
export const Accuse = () => html`<h1>${t('court.accuse')}</h1><${CourtTabs} />
  <${Mine}>${(me) => html`<${AccuseForm} me=${me} />`}<//>`;

/* --------------------------------------------------------------- one case */

const CALL = (method, args, options) => ['court', method, args, options];
const AppealCost = ({ of: k }) => {
  const { data } = useLoad(() => view('appealCost', k.id), [k.id, k.round]);
  return data !== undefined && html`<p>${t('court.appealcost')} <strong>
    <${Money} value=${data} /></strong></p>`;
};
const party = (k, me) => me === k.claimant || me === k.accused;
const lost = (k, me) => k.kind === APPEAL ? party(k, me)
  : me === (k.result === 0 ? k.claimant : k.accused);
const STEPS = [
  { id: 'reply', when: ['filed'], main: true, form: ['note'],
    can: (k, me) => me === k.accused,
    send: async (k, f) => CALL('reply', [k.id, await note(f.note)]) },
  { id: 'withdrawCase', when: ['filed'], sure: true,
    can: (k, me) => me === k.claimant,
    send: (k) => CALL('withdrawCase', [k.id]) },
  { id: 'evidence', when: ['evidence'], main: true, form: ['note'],
    can: (k, me) => k.kind === CHALLENGE || party(k, me),
    send: async (k, f) => {
      if (!f.note.trim()) throw new Error(t('case.nothing'));
      return CALL('submit', [k.id, await note(f.note), 1]);
    } },
  { id: 'appeal', when: ['appeal'], form: ['note'], Cost: AppealCost, can: lost,
    send: async (k, f) => CALL('appeal', [k.id, await note(f.note)],
      { value: await view('appealCost', k.id) }) },
];

const told = (hash) => hash && hash !== ZERO32
  ? html`<${Words} content=${hash} />` : null;
const facts = (k, rule) => [
  ['court.rule', k.kind === APPEAL ? t('court.kind.2') : html`<bdi>
    ${rule?.document?.text ?? k.rule}</bdi>`],
  ['court.claimant', html`<${Party} value=${k.claimant} />`],
  ['court.accused', html`<${Party} value=${k.accused} />`],
  ['court.subject', k.kind === APPEAL ? html`<a href=${`/case/${k.subject}`}>
    ${t('case.number', { id: k.subject })}</a>` : k.subject
    ? `${t('accuse.number')} ${k.subject}` : null],
  ['court.grounds', told(k.docHash)],
  ['court.reply', told(k.replyHash ?? k.reply)],
  ['court.round', k.round ? number(k.round) : null],
  ['case.result', ['appeal', 'enforced', 'closed'].includes(k.state)
    ? html`<strong>${verdict(k, k.result)}</strong>` : null],
];

function Body({ k, again }) {
  const me = useSignal(acting)?.address;
  const rule = useRule(k.rule);
  const mine = STEPS.filter((s) => s.when.includes(k.state) && s.can(k, me));
  const { at, owner } = k.deadline ?? {};
  return html`<p><${State} word=${k.state} /></p><div class="beside"><div>
    <section class="card escrow">${at && html`<p data-test="clock">
      ${t('escrow.turn', { who: t(`who.${owner}`) })} <strong><${Until}
        at=${at} /></strong> (${date(at)}). ${has(`court.then.${k.state}`)
        && t(`court.then.${k.state}`)}</p>`}
      ${me === k.accused && k.state !== 'closed' && html`<${Notice}
        title=${t('court.stay')} />`}
      ${mine.map((s) => html`<${Step} key=${s.id + k.state} step=${s} of=${k}
        again=${again} />`)}</section>
    <${Ballot} k=${k} me=${me} again=${again} />
    ${(k.evidenceList ?? []).length > 0 && html`<section class="card"
      data-test="evidence"><h2>${t('case.evidence')}</h2>
      ${k.evidenceList.map((e, i) => html`<article class="review" key=${i}>
        <p><${Party} value=${e.by} /> <small><${Ago} ms=${e.time * 1000} />
        </small></p><${Brought} item=${e} /></article>`)}</section>`}
    </div><div><${Facts} rows=${facts(k, rule)} />
    ${(k.seats ?? []).length > 0 && html`<section class="card">
      <h2>${t('court.jurors')}</h2><ul>${k.seats.map((s, i) => html`
        <li key=${i}><${Party} value=${s.juror} />${s.reasons
          && s.reasons !== ZERO32 && typeof s.reasons === 'string' ? html`:
          ${voteWords(k, s.vote)}. ${told(s.reasons)}` : ''}</li>`)}</ul>
      </section>`}</div></div>`;
}

export function CourtCase({ id }) {
  const state = useRpc('court_get', Number(id));
  return html`<h1>${t('court.number', { id })}</h1><${Loaded} state=${state}
    rows=${8}>${(k) => k === null ? html`<${Empty} title=${t('court.none')} />`
    : html`<${Body} k=${k} again=${state.again} />`}<//>`;
}

// court_case.js - the room of a court case: whose turn it is, what was brought,
// the vote (sealed and opened for the juror), what each round ruled, what of it
// is in force, and the ways on: appeal, fine, rehearing.
import { useState } from 'preact/hooks';
import { Do, ZERO32, act, useMayCall } from '../act.js';
import { acting, status } from '../acting.js';
import { rpc } from '../api.js';
import { commitHash, keepVote, keptVote, newSalt, readVote, tipHash }
  from '../ballot.js';
import { Ladder, Tallies, Turnout } from '../dispute_plots.js';
import { date, number } from '../format.js';
import { Party, State, Until } from '../goods.js';
import { has, t } from '../i18n.js';
import { useRpc } from '../list.js';
import { Money } from '../money.js';
import { useClock, useLoad, useSignal } from '../signal.js';
import { Step, note } from '../steps.js';
import { Ago, Copy, Empty, Facts, Field, Loaded, Notice, html } from '../ui.js';
import { APPEAL, CHALLENGE, useRule, verdict, view, viewAll, voteWords, votesOf }
  from '../verdict.js';
import { Brought, Picked, Words } from './case.js';

const PANEL = 255;                    // the round of an emergency's seats
const REHEAR = 4, REHEARD = 8;        // of flags
const TIP = 60;                       // seconds between a tip and its proof
const FINE = 2, BAN = 5, WAIT_DAYS = 180, DAY = 86400;
const TEXT = 1, PICTURE = 2;          // kinds of evidence
const RULED = ['appeal', 'enforced', 'closed'];

const told = (hash) => hash && hash !== ZERO32
  ? html`<${Words} content=${hash} />` : null;

/* ------------------------------------------------------------- the ballot */

function Commit({ k, seat, again }) {
  const [form, set] = useState({ vote: '', frivolous: false, reasons: '' });
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
      vote: e.target.value })}><option value="" disabled>${t('duty.choose')}
      </option>${votesOf(k).map((v) => html`
      <option value=${String(v)}>${voteWords(k, v)}</option>`)}</select><//>
    <${Field} id="reasons" label=${t('duty.reasons')} hint=${t('duty.public')}>
      <textarea id="reasons" rows="4" maxlength="4000" value=${form.reasons}
        aria-describedby="reasons-hint" onInput=${(e) => set({ ...form,
          reasons: e.target.value })}></textarea><//>
    ${k.kind !== APPEAL && html`<label class="tick"><input type="checkbox"
      checked=${form.frivolous} onChange=${(e) => set({ ...form,
        frivolous: e.target.checked })} />${t('duty.frivolous')}</label>`}
    <p class="row"><${Do} kind="main" test="commit" call="court.commit" go=${commit}
      disabled=${form.vote === ''}>
      ${t('duty.commit')}<//><${Do} call="court.declineSeat" confirm=${t('do.sure')} go=${async () => {
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
    <${Do} kind="main" test="reveal" call="court.reveal" disabled=${!vote} go=${reveal}>
      ${t('duty.reveal')}<//>`;
}

function Ballot({ k, rule, me, again }) {
  const chainId = useSignal(status)?.chainId;
  const mine = (k.seats ?? []).find((s) => s.juror === me
    && s.round === k.round);
  const open = { commit: ['drawn', 'committed'], reveal: ['committed'] };
  if (!chainId || !open[k.state]?.includes(mine?.state)) return null;
  const seat = { chainId, id: k.id, round: k.round, juror: me };
  const vote = keptVote(seat);
  return html`<section class="card" data-test="ballot"><h2>${t('duty.title')}
    </h2>${rule?.document?.text && html`<blockquote><bdi>${rule.document.text}
      </bdi></blockquote>`}
    ${k.state === 'reveal' ? html`<${Reveal} k=${k} seat=${seat}
        again=${again} />`
      : mine.state === 'committed' ? html`<p>${t('duty.done')}</p>${vote
        && html`<${Kept} k=${k} vote=${vote} />`}`
      : html`<${Commit} k=${k} seat=${seat} again=${again} />`}</section>`;
}

// The vote of an emergency's panel is open, and paid at once.
function PanelBallot({ k, me, again }) {
  const mine = (k.seats ?? []).find((s) => s.juror === me
    && s.round === PANEL);
  if (k.panel?.state !== 'voting' || mine?.state !== 'drawn') return null;
  const vote = (yes) => async () => {
    await act(t('panel.title'), 'court', 'emergencyVote', [k.id, yes]);
    again();
  };
  return html`<section class="card" data-test="panel"><h2>${t('panel.title')}
    </h2><p>${t('panel.how')} <strong><${Until} at=${k.panel.deadline?.at} />
    </strong></p><p class="row"><${Do} kind="main" test="panel-yes" call="court.emergencyVote"
      go=${vote(true)}>${t('panel.yes')}<//><${Do} test="panel-no" call="court.emergencyVote"
      go=${vote(false)}>${t('panel.no')}<//></p></section>`;
}

// Who was told a vote before its time has half of that juror's surety.  He gives
// notice of it first, by a hash, so that nobody takes the proof from the pool.
function Tell({ k, me, again }) {
  const [form, set] = useState({ juror: '', text: '' });
  const now = useClock(5000) / 1000, chainId = useSignal(status)?.chainId;
  const rows = (k.seats ?? []).filter((s) => s.round === k.round
    && s.state === 'committed' && s.juror !== me);
  if (k.state !== 'commit' || !me || rows.length === 0) return null;
  const vote = readVote(form.text);
  const juror = form.juror || rows[0].juror;
  const hash = vote && chainId && tipHash({ chainId, id: k.id, round: k.round,
    juror }, vote, me);
  const since = hash && (k.timeline ?? []).findLast((e) => e.event === 'Tipped'
    && e.hash === hash)?.time;
  const tip = async () => {
    await act(t('tell.tip'), 'court', 'tip', [k.id, hash]);
    again();
  };
  const tell = async () => {
    await act(t('tell.title'), 'court', 'snitch', [k.id, juror, vote.vote,
      vote.frivolous, vote.salt]);
    again();
  };
  return html`<details class="read"><summary data-test="open-tell">
    ${t('tell.title')}</summary><div class="form bare"><p>${t('tell.how')}</p>
    <${Field} id="tell-juror" label=${t('tell.juror')}><select id="tell-juror"
      value=${juror} onChange=${(e) => set({ ...form, juror: e.target.value })}>
      ${rows.map((s) => html`<option value=${s.juror}>${s.juror}</option>`)}
      </select><//>
    <${Field} id="tell-text" label=${t('tell.text')}><textarea id="tell-text"
      rows="3" spellcheck=${false} value=${form.text} onInput=${(e) =>
        set({ ...form, text: e.target.value })}></textarea><//>
    ${since ? html`<p data-test="tipped">${t('tell.tipped')}${' '}
        <strong><${Until} at=${since + TIP} /></strong></p>
      <${Do} test="do-tell" call="court.snitch" disabled=${now < since + TIP}
        confirm=${t('do.sure')} go=${tell}>${t('tell.title')}<//>`
      : html`<${Do} test="do-tip" call="court.tip" disabled=${!hash}
        go=${tip}>${t('tell.tip')}<//>`}</div></details>`;
}

/* ------------------------------------------------------------------ steps */

const CALL = (method, args, options) => ['court', method, args, options];
const Pays = ({ text, value }) => value !== undefined && html`<p>${t(text)}
  ${' '}<strong><${Money} value=${value} /></strong></p>`;
const AppealCost = ({ of: k }) => html`<${Pays} text="court.appealcost"
  value=${useLoad(() => view('appealCost', k.id), [k.id, k.round]).data} />`;
const FineCost = ({ of: k }) => html`<${Pays} text="court.finecost"
  value=${k.fineDue} />`;

// As the module counts it: the dearest of the rule's bond, the least bond, and
// the first jury's fees.
async function rehearBond(k) {
  const [rules, courts, params] = await Promise.all([rpc('court_rules'),
    rpc('court_courts'), rpc('court_params')]);
  const court = courts.items.find((c) => c.id === k.court);
  return [rules.items.find((r) => r.id === k.rule).bond,
    params.find((p) => p.name === 'accuseBond').value,
    BigInt(court.jurorFee) * BigInt(court.jurors0)].map(BigInt)
    .reduce((a, b) => a > b ? a : b);
}
const RehearCost = ({ of: k }) => html`<p>${t('court.rehear.how',
  { date: date(k.updatedAt + WAIT_DAYS * DAY) })}</p><${Pays}
  text="court.rehearcost" value=${useLoad(() => rehearBond(k), [k.id]).data} />`;

const party = (k, me) => me === k.claimant || me === k.accused;
const lost = (k, me) => k.kind === APPEAL ? party(k, me)
  : me === ((k.flags & REHEAR ? k.result === BAN : k.result === 0)
    ? k.claimant : k.accused);
const STEPS = [
  { id: 'reply', call: 'court.reply', when: ['filed'], main: true, form: ['note'],
    can: (k, me) => me === k.accused,
    send: async (k, f) => CALL('reply', [k.id, await note(f.note)]) },
  { id: 'withdrawCase', call: 'court.withdrawCase', when: ['filed'], sure: true,
    can: (k, me) => me === k.claimant,
    send: (k) => CALL('withdrawCase', [k.id]) },
  { id: 'evidence', call: 'court.submit', when: ['evidence'], main: true, form: ['note'],
    Cost: Picked, can: (k, me) => k.kind === CHALLENGE || party(k, me),
    send: async (k, f) => {
      if (!f.picture && !f.note.trim()) throw new Error(t('case.nothing'));
      return CALL('submit', [k.id, f.picture ?? await note(f.note),
        f.picture ? PICTURE : TEXT]);
    } },
  { id: 'appeal', call: 'court.appeal', when: ['appeal'], form: ['note'], Cost: AppealCost, can: lost,
    send: async (k, f) => CALL('appeal', [k.id, await note(f.note)],
      { value: await view('appealCost', k.id) }) },
  { id: 'payFine', call: 'court.payFine', when: ['closed'], main: true, sure: true, Cost: FineCost,
    can: (k, me) => me && k.result === FINE && BigInt(k.fineDue) > 0n,
    send: (k) => CALL('payFine', [k.id], { value: BigInt(k.fineDue) }) },
  { id: 'rehear', call: 'court.rehear', when: ['closed'], form: ['note'], Cost: RehearCost,
    can: (k, me) => me === k.accused && k.kind === 1 && k.result === BAN
      && !(k.flags & (REHEAR | REHEARD)) && k.sanction?.level === BAN,
    send: async (k, f) => CALL('rehear', [k.id, await note(f.note)],
      { value: await rehearBond(k) }) },
];

/* ----------------------------------------------------------- what is ruled */

// { level, until }: what is in force against a party.
const useSanction = (who, turn) => useLoad(async () => {
  const [level, until] = await viewAll('identity', 'sanctionOf', who);
  return { level: Number(level), until: Number(until) };
}, [who, turn]).data;

function Rulings({ k }) {
  const rounds = (k.rounds ?? []).filter((r) => r.decided);
  if (!rounds.length && !RULED.includes(k.state)) return null;
  const first = rounds[0]?.result, final = k.isFinal;
  return html`<section class="card" data-test="rulings"><h2>${t(
    'court.rulings')}</h2>
    <ol class="timeline">${rounds.map((r) => html`<li key=${r.round}>
      ${t('court.round', { n: number(r.round) })}: <strong>${verdict(k,
        r.result)}</strong></li>`)}
      ${final && html`<li>${t('court.final')} <strong data-test="final">${
        verdict(k, k.result)}</strong></li>`}</ol>
    ${k.state === 'appeal' && k.kind !== APPEAL && k.result > 0 && html`<p>
      ${t('court.inforce', { date: date(k.deadline.at) })}</p>`}
    ${rounds.length > 1 && final && first > 0 && k.result === 0 && html`
      <p>${t('court.reversed')}</p>`}
    ${k.kind === 1 && html`<p data-test="sanction" data-level=${
      k.sanction?.level}>${k.sanction?.level ? t('court.sanction', { what:
      t(`court.level.${k.sanction.level}`), date: date(k.sanction.until) })
      : t('court.nosanction')}</p>`}</section>`;
}

// What a juror gained or lost, from the events.
const signed = (hex) => hex[0] === '-' ? -BigInt(hex.slice(1)) : BigInt(hex);
const gains = (k) => (k.timeline ?? []).filter((e) => e.event === 'JurorPaid')
  .reduce((sum, e) => sum.set(e.juror, (sum.get(e.juror) ?? 0n)
    + signed(e.amount)), new Map());

function Seats({ k }) {
  const paid = gains(k);
  const rounds = [...new Set(k.seats.map((s) => s.round))];
  return html`<section class="card" data-test="jurors"><h2>${t('court.jurors')}
    </h2>${rounds.map((n) => html`<h3 key=${n}>${n === PANEL ? t('panel.title')
      : t('court.round', { n: number(n) })}</h3><ul class="plain">${k.seats
      .filter((s) => s.round === n).map((s) => html`<li class="review"
        key=${s.juror}><${Party} value=${s.juror} /> <${State} word=${s.state} />
        ${s.state === 'revealed' && n !== PANEL && html`<br /><strong>${
          voteWords(k, s.vote)}</strong> ${told(s.reasons)}`}
        ${s.state === 'revealed' && n === PANEL && html`<br /><strong>${t(
          s.vote ? 'panel.yes' : 'panel.no')}</strong>`}
        ${paid.has(s.juror) && html`<br /><small>${t(paid.get(s.juror) < 0n
          ? 'court.loss' : 'court.gain')} <${Money} value=${paid.get(s.juror)
          < 0n ? -paid.get(s.juror) : paid.get(s.juror)} /></small>`}
      </li>`)}</ul>`)}</section>`;
}

/* ---------------------------------------------------------------- the room */

const facts = (k, rule) => [
  ['court.rule', k.kind === APPEAL ? t('court.kind.2') : html`<bdi>
    ${rule?.document?.text ?? k.rule}</bdi>`],
  ['court.claimant', html`<${Party} value=${k.claimant} />`],
  ['court.accused', html`<${Party} value=${k.accused} />`],
  ['court.subject', k.kind === APPEAL ? html`<a href=${`/case/${k.origin}`}>
    ${t('case.number', { id: k.origin })}</a>` : k.subject
    ? html`${t('accuse.number')} ${k.subject}` : null],
  ['court.again', k.flags & REHEAR ? html`<a href=${`/court/${k.origin}`}>
    ${t('court.number', { id: k.origin })}</a>` : null],
  ['court.grounds', told(k.docHash)],
  ['court.reply', told(k.replyHash ?? k.reply)],
  ['court.panel', k.panel ? html`<${State} word=${k.panel.state} /> ${t(
    'panel.count', { yes: k.panel.yes, votes: k.panel.votes })}` : null],
];

function Body({ k: found, again }) {
  const me = useSignal(acting)?.address;
  const rule = useRule(found.rule);
  const k = { ...found, sanction: useSanction(found.accused, found.updatedAt
    + (found.timeline?.length ?? 0)) };
  const offered = useMayCall();
  const mine = STEPS.filter((s) => s.when.includes(k.state) && s.can(k, me)
    && offered(s.call));
  const { at, owner } = k.deadline ?? {};
  return html`<p><${State} word=${k.state} /></p><div class="beside"><div>
    ${(at || mine.length > 0) && html`<section class="card escrow">
      ${at && html`<p data-test="clock">
      ${t('escrow.turn', { who: t(has(`court.turn.${k.state}`)
        ? `court.turn.${k.state}` : `who.${owner}`) })} <strong><${Until}
        at=${at} /></strong> (${date(at)}). ${has(`court.then.${k.state}`)
        && t(`court.then.${k.state}`)}</p>`}
      ${me === k.accused && k.state !== 'closed' && html`<${Notice}
        title=${t('court.stay')} />`}
      ${mine.map((s) => html`<${Step} key=${s.id + k.state} step=${s} of=${k}
        again=${again} />`)}</section>`}
    <${Turnout} k=${k} /><${Rulings} k=${k} /><${Tallies} k=${k} />
    <${PanelBallot} k=${k} me=${me} again=${again} />
    <${Ballot} k=${k} rule=${rule} me=${me} again=${again} />
    ${(k.evidenceList ?? []).length > 0 && html`<section class="card"
      data-test="evidence"><h2>${t('case.evidence')}</h2>
      ${k.evidenceList.map((e, i) => html`<article class="review" key=${i}>
        <p><${Party} value=${e.by} /> <small><${Ago} ms=${e.time * 1000} />
        </small></p><${Brought} item=${e} /></article>`)}</section>`}
    </div><div><${Facts} rows=${facts(k, rule)} /><${Ladder} k=${k} />
    ${(k.seats ?? []).length > 0 && html`<${Seats} k=${k} />`}
    <${Tell} k=${k} me=${me} again=${again} /></div></div>`;
}

export function CourtCase({ id }) {
  const state = useRpc('court_get', Number(id));
  return html`<h1>${t('court.number', { id })}</h1><${Loaded} state=${state}
    rows=${8}>${(k) => k === null ? html`<${Empty} title=${t('court.none')}
      next=${['/court', 'nav.court']} />`
    : html`<${Body} k=${k} again=${state.again} />`}<//>`;
}

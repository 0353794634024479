// dispute_plots.js - charts of disputes: how far a jury is and how it voted, the
// rounds that a case may go through, how the offers of two sides came together.
import { chainS } from './clock.js';
import { date, number, short } from './format.js';
import { Party, State, Until } from './goods.js';
import { has, t } from './i18n.js';
import { Bars, Chart, Levels, useReading } from './plot.js';
import { useClock } from './signal.js';
import { percent } from './split.js';
import { html } from './ui.js';
import { APPEAL, STEP_BPS, verdict, voteWords, votesOf } from './verdict.js';

const WIDE = 100, HIGH = 30, LEAST = 3;
const nOf = (n, of) => t('jury.of', { n: number(n), of: number(of) });

/* ------------------------------------------------------------- a jury's work */

// What is left of the time, from when it began to run until its deadline.
function Left({ k }) {
  useClock(30000);
  const { at } = k.deadline ?? {};
  const since = k.timeline?.findLast((e) => e.event === 'CasePeriod')?.time;
  if (!at || !since || at <= since) return null;
  const part = Math.min(1, Math.max(0, (at - chainS()) / (at - since)));
  return html`<p class="axis"><span>${t('jury.left')}</span><span><${Until}
    at=${at} /></span></p><svg class="left" viewBox="0 0 100 1"
    preserveAspectRatio="none" aria-hidden="true" data-test="left"><rect
    class="free" width="100" height="1" /><rect class="bar" height="1"
    width=${part * 100} /></svg>`;
}

const CELL = 10, RANK = { drawn: 1, absent: 1, committed: 2, revealed: 3 };
const rank = (s) => RANK[s.state] ?? 0;
const wordOf = (s) => has(`state.${s.state}`) ? t(`state.${s.state}`) : s.state;

// A cell a seat: above those who voted, below those whose vote is open; a line
// at as many open votes as a ruling needs.
export function Turnout({ k }) {
  const round = k.rounds?.at(-1);
  const seats = (k.seats ?? []).filter((s) => s.round === round?.round
    && rank(s)).sort((a, b) => rank(b) - rank(a));
  const of = Math.max(round?.n ?? 0, seats.length);
  const { at, on } = useReading(of, (x) => Math.floor(x * of));
  if (!round?.cnt) return null;
  const { commits, reveals } = round, enough = Math.ceil(2 * round.n / 3);
  const title = t('jury.title', { n: number(round.round) });
  const seat = (s, i) => `${t('jury.seat', { n: number(i + 1) })}: ${s
    ? `${short(s.juror)}, ${wordOf(s)}` : t('jury.free')}`;
  const row = (cnt, y, kind) => Array.from({ length: of }, (_, i) => html`<rect
    x=${i * CELL + 0.4} y=${y} width=${CELL - 0.8} height="8" class=${`${i < cnt
      ? kind : 'free'}${i === at ? ' read' : ''}`} />`);
  return html`<${Chart} title=${title} enough test="turnout"
      said=${at !== null ? seat(seats[at], at) : reveals || k.state === 'reveal'
        ? `${t('jury.opened')}: ${nOf(reveals, of)}`
        : `${t('jury.voted')}: ${nOf(commits, of)}`}
      columns=${['court.juror', 'list.state']}
      rows=${seats.map((s) => [html`<${Party} value=${s.juror} />`,
        html`<${State} word=${s.state} />`])}
      raw=${seats.map((s) => [s.juror, s.state])}>
    <svg class="jury" viewBox=${`0 0 ${of * CELL} 20`} preserveAspectRatio="none"
      aria-label=${`${title}. ${t('jury.voted')}: ${nOf(commits, of)}. ${t(
        'jury.opened')}: ${nOf(reveals, of)}. ${t('jury.quorum', { n:
        number(enough) })}`} ...${on}>
      ${row(commits, 1, 'bar')}${row(reveals, 11, 'opened')}
      <line class="quorum" x1=${enough * CELL} x2=${enough * CELL} y1="10"
        y2="20" /></svg>
    <p class="row legend"><span><i></i>${t('jury.voted')}: ${nOf(commits, of)}
      </span><span><i class="late"></i>${t('jury.opened')}: ${nOf(reveals, of)}
      </span><span><i class="quorum"></i>${t('jury.quorum', { n:
      number(enough) })}</span></p><${Left} k=${k} /><//>`;
}

// round.votes: a byte for each vote that there may be, how many gave it.
const counted = (votes, i) => parseInt(votes.slice(2 + 2 * i, 4 + 2 * i), 16);

// How often each ruling was voted for, in each round that was decided.
export const Tallies = ({ k }) => (k.rounds ?? []).filter((r) => r.decided)
  .map((r) => {
    const rows = votesOf(k).map((v) => ({ key: v, label: voteWords(k, v),
      value: counted(r.votes, v), mark: v === (k.kind === APPEAL ? r.result
        / STEP_BPS : r.result) }));
    const [title, said] = [t('tally.title', { n: number(r.round) }), r.reveals
      ? t('tally.ruling', { what: verdict(k, r.result) }) : t('tally.none')];
    return k.kind === APPEAL ? html`<${Bars} key=${r.round} title=${title}
        points=${rows} said=${said} label="duty.vote" test="tally" />`
      : html`<${Levels} key=${r.round} title=${title} rows=${rows} said=${said}
        say=${(v) => number(v.value)} label="duty.vote" test="tally" />`;
  });

/* ---------------------------------------------------------- ladder of appeals */

// Each round that the case may have, as a step with its jurors: what was ruled,
// what is under way, what an appeal would bring.
export function Ladder({ k }) {
  const rounds = k.rounds ?? [];
  const rungs = Array.from({ length: k.maxRounds ?? 0 }, (_, i) => {
    const r = rounds[i];
    return r?.n ? { n: r.n, kind: r.decided ? 'bar' : 'bar on',
      words: r.decided ? verdict(k, r.result) : t('ladder.now') }
      : { kind: 'free', words: t(k.isFinal ? 'ladder.never' : 'ladder.next') };
  });
  rungs.forEach((r, i) => { r.n ??= 2 * (rungs[i - 1]?.n ?? k.n) + 1; });
  if (!rounds[0]?.n) rungs.forEach((r, i) => { r.n = (k.n + 1) * 2 ** i - 1; });
  const cnt = rungs.length;
  const { at, on } = useReading(cnt, (x) => Math.floor(x * cnt));
  if (cnt < LEAST - 1) return null;
  const top = rungs.at(-1).n, step = WIDE / cnt;
  const told = (r, i) => t('ladder.rung', { round: number(i + 1),
    n: number(r.n), what: r.words });
  const here = Math.max(0, rungs.findLastIndex((r) => r.kind !== 'free'));
  return html`<${Chart} title=${t('ladder.title')} enough test="ladder"
      said=${told(rungs[at ?? here], at ?? here)}
      columns=${['ladder.round', 'court.jurors', 'case.result']}
      rows=${rungs.map((r, i) => [number(i + 1), number(r.n), r.words])}
      raw=${rungs.map((r, i) => [i + 1, r.n, r.words])}>
    <svg class="ladder" viewBox=${`0 0 ${WIDE} ${HIGH}`} aria-label=${
      rungs.map(told).join('. ')} preserveAspectRatio="none" ...${on}>
      ${rungs.map((r, i) => {
        const high = 3 + r.n / top * (HIGH - 4);
        return html`<rect class=${`${r.kind}${i === at ? ' read' : ''}`}
          x=${i * step + 1} width=${step - 2} y=${HIGH - high} height=${high - 0.5}
          />`;
      })}</svg>
    <ol class="rungs" aria-hidden="true">${rungs.map((r, i) => html`<li>
      <strong>${number(i + 1)}</strong> ${r.words}</li>`)}</ol><//>`;
}

/* ----------------------------------------------------------- offers over time */

const NONE = 65535; // no offer yet

// What each side stands by after an offer, and when: [{ at, buyer, seller }] in
// 1/10,000 for the buyer.  isBuyer(address).
function standing(k, isBuyer) {
  let now = { buyer: NONE, seller: NONE };
  return (k.offers ?? []).map((o) => {
    now = { ...now, at: o.time, [isBuyer(o.by) ? 'buyer' : 'seller']:
      o.buyerBps };
    return now;
  });
}

// Two lines of steps: what the buyer asks for, what the seller offers.
export function Offering({ k, isBuyer }) {
  const list = standing(k, isBuyer);
  const [first, last] = [list[0]?.at, Math.max(list.at(-1)?.at ?? 0,
    k.updatedAt ?? 0)];
  const x = (s) => (s - first) / (last - first || 1) * WIDE;
  const y = (bps) => 1 + (1 - bps / 10000) * (HIGH - 2);
  const { at, on } = useReading(list.length, (part) => Math.max(0,
    list.findLastIndex((p) => x(p.at) <= part * WIDE)));
  if (!list.length) return null;
  const side = (p, who) => p[who] === NONE ? t(`offering.${who}.none`)
    : t(`offering.${who}`, { bps: percent(p[who]) });
  const told = (p) => `${side(p, 'buyer')}, ${side(p, 'seller')}`;
  const apart = (p) => p.buyer === NONE || p.seller === NONE ? told(p)
    : t('offering.apart', { bps: percent(Math.max(0, p.buyer - p.seller)) });
  const steps = (who) => {
    const known = list.filter((p) => p[who] !== NONE);
    return [...known.flatMap((p, i) => [...i ? [[x(p.at), y(known[i - 1][who])]]
      : [], [x(p.at), y(p[who])]]), ...known.length ? [[WIDE, y(
      known.at(-1)[who])]] : []].map((c) => c.map((v) => v.toFixed(2)).join())
      .join(' ');
  };
  const proposed = ['proposed', 'atCourt'].includes(k.state) && k.proposalBps;
  return html`<${Chart} title=${t('offering.title')} test="offering"
      enough=${list.length >= LEAST} said=${at === null ? apart(list.at(-1))
        : `${date(list[at].at)}: ${told(list[at])}`}
      columns=${['plot.time', 'who.buyer', 'who.seller']}
      rows=${list.toReversed().map((p) => [date(p.at), ...['buyer', 'seller'].map(
        (who) => p[who] === NONE ? '–' : percent(p[who]))])}
      raw=${list.map((p) => [new Date(p.at * 1000).toISOString(), ...[p.buyer,
        p.seller].map((v) => v === NONE ? '' : v / 100)])}>
    <svg viewBox=${`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none"
      class="offers" aria-label=${`${t('offering.title')}: ${told(list.at(-1))}`}
      ...${on}>
      <polyline points=${steps('buyer')} />
      <polyline class="seller" points=${steps('seller')} />
      ${proposed && html`<line class="before" x1="0" x2=${WIDE}
        y1=${y(k.proposalBps)} y2=${y(k.proposalBps)} />`}
      ${at !== null && html`<line x1=${x(list[at].at)} x2=${x(list[at].at)}
        y1="0" y2=${HIGH} />`}</svg>
    <p class="row legend"><span><i class="solid"></i>${side(list.at(-1), 'buyer')}
      </span><span><i class="dash"></i>${side(list.at(-1), 'seller')}</span>
      ${proposed && html`<span><i class="thin"></i>${t('case.proposal')}:${' '}
        ${percent(k.proposalBps)}</span>`}</p><//>`;
}

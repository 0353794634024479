// case.js - the room of a dispute: what is asked and offered, who mediates,
// what was brought as evidence, whose turn it is and what silence means; the
// letters of the parties.
import { useState } from 'preact/hooks';
import { NOBODY, ZERO32, useMayCall } from '../act.js';
import { acting } from '../acting.js';
import { rpc } from '../api.js';
import { getDocument, putPicture } from '../content.js';
import { Offering } from '../dispute_plots.js';
import { inWords } from '../fault.js';
import { date, number } from '../format.js';
import { Party, Picture, State, Until } from '../goods.js';
import { has, t } from '../i18n.js';
import { Letters } from '../letters.js';
import { useRpc } from '../list.js';
import { Money, tokenOf } from '../money.js';
import { useLoad, useSignal } from '../signal.js';
import { Split, percent, shares } from '../split.js';
import { Step, note } from '../steps.js';
import { Ago, Empty, Facts, Field, Loaded, html } from '../ui.js';

// A: who opened it; B: the other; M: the mediator.  Bits of flags:
const JOINED = 1, COUNTERED = 2, BY_SELLER = 4, DRAWING = 8,
  RESTED = { A: 16, B: 32 }, AGREED = { A: 128, B: 256 };
const NONE = 65535, PICTURE = 2, TEXT = 1;
const TALKING = ['negotiation', 'choosing', 'invited', 'evidence', 'proposing',
  'proposed'];

export const sideIn = (k, me) => me === k.opener ? 'A'
  : me === k.respondent ? 'B' : me === k.mediator ? 'M' : null;
const isBuyer = (k, side) => (side === 'A') === !(k.flags & BY_SELLER);
const roleOf = (k, side) => side === 'M' ? 'mediator'
  : isBuyer(k, side) ? 'buyer' : 'seller';
const offerOf = (k, side) => side === 'A' ? k.offerA : k.offerB;
const other = (side) => side === 'A' ? 'B' : 'A';
const half = (cap) => (BigInt(cap) + 1n) / 2n;

/* --------------------------------------------------------------- steps */

const CASE = (method, args, options) => ['mediation', method, args, options];

// A fee, shown above the button that pays it.
const Pays = ({ text, value }) => html`<p>${t(text)}${' '}
  <strong><${Money} value=${value} /></strong></p>`;
const Deposit = ({ of: k }) => html`<${Pays} text="case.deposit"
  value=${half(k.feeCap)} />`;
const courtFee = async () => {
  const [trade] = (await rpc('court_courts')).items;
  return BigInt(trade.jurorFee) * BigInt(trade.jurors0);
};
function CourtFee() {
  const { data } = useLoad(courtFee, []);
  return data !== undefined && html`<${Pays} text="case.courtfee"
    value=${data} />`;
}

// Who may be chosen: as the chain sees it for this case.
function Names({ of: k, form, put }) {
  const { data } = useRpc('mediation_mediators', { available: true,
    sort: 'fee', limit: 50 });
  const chosen = form.names ?? [];
  const flip = (who) => put({ ...form, names: chosen.includes(who)
    ? chosen.filter((x) => x !== who) : [...chosen, who].slice(-3) });
  const rows = (data?.items ?? []).filter((m) => BigInt(m.fee)
    <= BigInt(k.feeCap) && ![k.opener, k.respondent].includes(m.party));
  return html`<fieldset><legend>${t('case.names')}</legend>
    ${rows.length === 0 && html`<p>${t('case.nomediator')}</p>`}
    ${rows.map((m) => html`<p key=${m.party}><label class="tick">
      <input type="checkbox" checked=${chosen.includes(m.party)}
        onChange=${() => flip(m.party)} />
      <bdi>${m.document?.name ?? m.party}</bdi></label>${' '}
      <${Money} value=${m.fee} /> <small>${rating(m)}</small></p>`)}
    <p><a href="/mediators">${t('med.title')}</a></p></fieldset>`;
}
export const rating = (m) => m.ratingN
  ? t('med.rated', { stars: number(Math.round(m.ratingSum * 10 / m.ratingN)
    / 10), n: m.ratingN }) : t('goods.unrated');

export function Picked({ form, put }) {
  const [problem, say] = useState('');
  const pick = async (e) => {
    const [file] = e.target.files;
    say('');
    try {
      put({ ...form, picture: file ? (await putPicture(file)).picture : null });
    } catch (x) { say(inWords(x)); }
  };
  return html`<${Field} id="submit-picture" label=${t('case.picture')}
    hint=${t('case.public')} error=${problem}><input id="submit-picture"
      type="file" accept="image/*" onChange=${pick} /><//>
    ${form.picture && html`<${Picture} hash=${form.picture} size=${96} />`}`;
}

const REASONS = [1, 2, 3, 4];
function Ruling({ of: k, form, put }) {
  return html`<${Split} id="propose-fee" label=${t('case.feesplit')}
      held=${k.fee} value=${form.fee ?? 5000}
      set=${(fee) => put({ ...form, fee })} />
    <${Field} id="propose-template" label=${t('case.template')}>
      <select id="propose-template" value="" onChange=${(e) =>
        put({ ...form, note: `${form.note}${form.note ? '\n' : ''}${
          e.target.value}` })}><option value="">–</option>
        ${REASONS.map((n) => html`<option value=${t(`case.template.${n}`)}>
          ${t(`case.template.${n}`)}</option>`)}</select><//>`;
}
const Silent = () => html`<p>${t('case.agree.how')}</p>`;

const STEPS = [
  { id: 'join', call: 'mediation.join', by: 'B', when: ['negotiation', 'choosing'], main: true,
    can: (k) => !(k.flags & JOINED), Cost: Deposit,
    send: (k) => CASE('join', [k.id], { value: half(k.feeCap) }) },
  { id: 'acceptOffer', call: 'mediation.acceptOffer', by: 'AB', when: TALKING, main: true, sure: true,
    can: (k, side) => offerOf(k, other(side)) !== NONE, Cost: Theirs,
    send: (k) => CASE('acceptOffer', [k.id, offerOf(k, other(k.side))]) },
  { id: 'offer', call: 'mediation.offer', by: 'AB', when: TALKING, form: ['split'],
    first: (k) => ({ split: offerOf(k, k.side) === NONE ? 5000
      : offerOf(k, k.side) }),
    send: (k, f) => CASE('offer', [k.id, Number(f.split)]) },
  { id: 'escalate', call: 'mediation.escalate', by: 'AB', when: ['negotiation'],
    can: (k) => BigInt(k.depositB) > 0n,
    send: (k) => CASE('escalate', [k.id]) },
  { id: 'prefer', call: 'mediation.prefer', by: 'AB', when: ['choosing'], form: [], Cost: Names,
    can: (k, side) => !(k.flags & DRAWING)
      && (side === 'A' || BigInt(k.depositB) > 0n), main: true,
    send: (k, f) => CASE('prefer', [k.id, f.names ?? []]) },
  { id: 'strike', call: 'mediation.strike', by: 'AB', when: ['choosing'], form: [], Cost: Names,
    can: (k, side) => !(k.flags & DRAWING)
      && (side === 'A' ? k.struckA : k.struckB) === NOBODY
      && (side === 'A' || BigInt(k.depositB) > 0n),
    send: (k, f) => {
      if (f.names?.length !== 1) throw new Error(t('case.strike.one'));
      return CASE('strike', [k.id, f.names[0]]);
    } },
  { id: 'acceptCase', call: 'mediation.acceptCase', by: 'M', when: ['invited'], main: true,
    send: (k) => CASE('acceptCase', [k.id]) },
  { id: 'declineCase', call: 'mediation.declineCase', by: 'M', when: ['invited'], sure: true,
    send: (k) => CASE('declineCase', [k.id]) },
  { id: 'evidence', call: 'mediation.submit', by: 'AB', when: ['evidence'], form: ['note'], main: true,
    Cost: Picked, send: async (k, f) => {
      if (!f.picture && !f.note.trim()) throw new Error(t('case.nothing'));
      return CASE('submit', [k.id, f.picture ?? await note(f.note),
        f.picture ? PICTURE : TEXT]);
    } },
  { id: 'rest', call: 'mediation.rest', by: 'AB', when: ['evidence'], sure: true,
    can: (k, side) => !(k.flags & RESTED[side]),
    send: (k) => CASE('rest', [k.id]) },
  { id: 'propose', call: 'mediation.propose', by: 'M', when: ['proposing'], main: true,
    form: ['split', 'note'], Cost: Ruling, first: () => ({ split: 5000 }),
    send: async (k, f) => CASE('propose', [k.id, Number(f.split),
      Number(f.fee ?? 5000), await note(f.note)]) },
  { id: 'agree', call: 'mediation.agree', by: 'AB', when: ['proposed'], main: true, Cost: Silent,
    can: (k, side) => !(k.flags & AGREED[side]),
    send: (k) => CASE('agree', [k.id]) },
  { id: 'reject', call: 'mediation.reject', by: 'AB', when: ['proposed'], form: ['note'],
    can: (k, side) => !(k.flags & AGREED[side]), Cost: CourtFee,
    send: async (k, f) => CASE('reject', [k.id, await note(f.note)],
      { value: await courtFee() }) },
  { id: 'rate', call: 'mediation.rate', by: 'AB', when: ['settled'], form: ['stars', 'note'],
    can: (k, side) => k.mediator !== NOBODY && !k.ratings?.some((r) =>
      (r.by ?? r.party) === (side === 'A' ? k.opener : k.respondent)),
    send: async (k, f) => CASE('rate', [k.id, Number(f.stars),
      await note(f.note)]) },
];
function Theirs({ of: k }) {
  const token = useLoad(() => tokenOf(k.token), [k.token]).data;
  return token && html`<p>${t('case.theirs')} <strong>${shares(offerOf(k,
    other(k.side)), k.held, token)}</strong></p>`;
}

/* ------------------------------------------------------------- its parts */

const OVER = ['settled', 'dropped']; // nothing is locked any more

// What happens when nobody does anything.
function silence(k) {
  if (k.state !== 'negotiation') return `silence.${k.state}`;
  return `silence.negotiation.${k.flags & (JOINED | COUNTERED) ? 'answered'
    : k.flags & BY_SELLER ? 'seller' : 'buyer'}`;
}
function Clock({ k }) {
  const key = silence(k);
  const { at, owner } = k.deadline ?? {};
  if (!at) return has(key) && html`<p>${t(key)}</p>`;
  const who = owner === 'owner' ? 'both' : owner;
  return html`<p data-test="clock">${t('escrow.turn', { who: t(`who.${who}`) })}
    ${' '}<strong><${Until} at=${at} /></strong> (${date(at)}).${' '}
    ${has(key) && t(key, { bps: percent(Math.min(k.offerA, k.demandBps)) })}
  </p>`;
}

function Turn({ k, side, token, again }) {
  const offered = useMayCall();
  const mine = side ? STEPS.filter((s) => s.by.includes(side)
    && s.when.includes(k.state) && (s.can?.(k, side) ?? true)
    && offered(s.call)) : [];
  const of = { ...k, side };
  return html`<section class="card escrow" data-test="turn">
    <h2>${t(OVER.includes(k.state) ? 'case.about' : 'case.money')}</h2>
    <p class="big"><${Money} value=${k.held} token=${k.token} />
      ${!OVER.includes(k.state) && html` <small>${t('case.held')}</small>`}</p>
    <${Clock} k=${k} />
    ${mine.length > 0 && html`<h3>${t('escrow.you')}</h3>${mine.map((s) =>
      html`<${Step} key=${`${s.id}-${k.state}`} step=${s} of=${of}
        token=${token} again=${again} />`)}`}</section>`;
}

function Offers({ k, token }) {
  return html`<section class="card"><h2>${t('case.offers')}</h2>
    <ol class="timeline">${(k.offers ?? []).map((o, i) => html`<li key=${i}>
      <strong>${t(`who.${roleOf(k, sideIn(k, o.by))}`)}</strong>${': '}
      ${shares(o.buyerBps, k.held, token)}
      <small> <${Ago} ms=${o.time * 1000} /></small></li>`)}</ol></section>`;
}

// A document's text by its hash.
export function Words({ content }) {
  const { data } = useLoad(() => getDocument(content), [content]);
  return html`<span class="wrap"><bdi>${data === undefined ? '…'
    : data?.text ?? t('content.missing')}</bdi></span>`;
}
export const Brought = ({ item }) => item.kind === PICTURE
  ? html`<${Picture} hash=${item.content} size=${320}
    alt=${t('case.picture')} />` : html`<${Words} content=${item.content} />`;
// The mediator's, of his last proposal.
const reasonsOf = (k) => {
  const told = k.timeline?.findLast((e) => e.event === 'Proposed')?.reasons;
  return told && told !== ZERO32 ? told : null;
};
const Evidence = ({ k }) => (k.evidenceList ?? []).length > 0 && html`
  <section class="card" data-test="evidence"><h2>${t('case.evidence')}</h2>
  ${k.evidenceList.map((e, i) => html`<article class="review" key=${i}>
    <p><strong>${t(`who.${roleOf(k, sideIn(k, e.by))}`)}</strong>
      <small> <${Ago} ms=${e.time * 1000} /></small></p>
    <${Brought} item=${e} /></article>`)}</section>`;

const party = (k, who) => html`<${Party} value=${who} /> (${t(`who.${roleOf(k,
  sideIn(k, who))}`)})`;
const facts = (k, token) => [
  ['order.title', html`<a href=${`/order/${k.subject}`}>${t('order.number',
    { id: k.subject })}</a>`],
  ['case.opener', party(k, k.opener)],
  ['case.respondent', party(k, k.respondent)],
  ['do.wrong', has(`wrong.${k.reason}`) ? t(`wrong.${k.reason}`) : k.reason],
  ['case.demand', shares(k.demandBps, k.held, token)],
  ['case.story', k.docHash === ZERO32 ? null : html`<span class="wrap">
    <bdi>${k.document?.text ?? t('content.missing')}</bdi></span>`],
  ['case.mediated', k.mediator === NOBODY ? null
    : html`<${Party} value=${k.mediator} />`],
  ['case.fee', BigInt(k.fee) ? html`<${Money} value=${k.fee} />` : null],
  ['case.proposal', ['proposed', 'atCourt'].includes(k.state)
    && k.mediator !== NOBODY ? shares(k.proposalBps, k.held, token) : null],
  ['case.why', reasonsOf(k) && html`<${Words} content=${reasonsOf(k)} />`],
  ['case.result', k.state === 'settled' ? html`<strong>${shares(k.resultBps,
    k.held, token)}</strong> ${t(`case.how.${k.how}`)}` : null],
  ['case.court', k.courtCase ? html`<a href=${`/court/${k.courtCase}`}>
    ${t('court.number', { id: k.courtCase })}</a>` : null],
];

function Body({ k, again }) {
  const me = useSignal(acting)?.address;
  const token = useLoad(() => tokenOf(k.token), [k.token]).data;
  const side = sideIn(k, me);
  if (!token) return null;
  return html`<p><${State} word=${k.state} /></p><div class="beside"><div>
      <${Turn} k=${k} side=${side} token=${token} again=${again} />
      <${Evidence} k=${k} />
      ${(side === 'A' || side === 'B') && html`<${Letters} order=${k.subject}
        me=${me} other=${side === 'A' ? k.respondent : k.opener} />`}
    </div><div><${Facts} rows=${facts(k, token)} />
      <${Offering} k=${k} isBuyer=${(by) => isBuyer(k, sideIn(k, by))} />
      <${Offers} k=${k} token=${token} /></div></div>`;
}

export function Case({ id }) {
  const state = useRpc('mediation_get', Number(id));
  return html`<h1>${t('case.number', { id })}</h1><${Loaded} state=${state}
    rows=${8}>${(k) => k === null ? html`<${Empty} title=${t('case.none')}
      next=${['/resolve', 'nav.resolve']} />`
    : html`<${Body} k=${k} again=${state.again} />`}<//>`;
}

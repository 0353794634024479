// order.js - one order: what it is, who can do what until when, what happened,
// letters, reviews, the packing slip.
import { useEffect, useState } from 'preact/hooks';
import { Do, May, NOBODY, ZERO32, act, useMayCall } from '../act.js';
import { acting } from '../acting.js';
import { rpc } from '../api.js';
import { Approx } from '../approx.js';
import { putDocument } from '../content.js';
import { checksum, date, number } from '../format.js';
import { Party, Picture, State, Until, titleOf } from '../goods.js';
import { has, t } from '../i18n.js';
import { Letter, Letters } from '../letters.js';
import { links } from '../links.js';
import { Itemised } from '../lines.js';
import { useRpc } from '../list.js';
import { Money, money, parse, tokenOf, typed } from '../money.js';
import { useLoad, useSignal } from '../signal.js';
import { Progress } from '../progress.js';
import { below } from '../router.js';
import { Step, note } from '../steps.js';
import { Ago, Empty, Facts, Field, Hash, Loaded, Notice, Table, html }
  from '../ui.js';
import { Review } from './sell_more.js';

const FINAL = ['completed', 'cancelled', 'refunded', 'resolved'];
const ORDERS = 0x1013, WHOLE = 255; // of a dispute: module and part
const tracking = (text) => text.trim() ? putDocument({ tracking: text.trim() })
  : ZERO32;

/* --------------------------------------------------------------- steps */

// Whether calling it off counts against the seller (shop_orders.c): a refund of
// all before it is sent does as a cancellation; a wrong zone may not.
const ZONE = '7', ACCEPTED = 1, ZONED = 16;
const CountsAll = (p) => p.of.state === 'paid' && parse(p.form.amount, p.token)
  === BigInt(p.of.held) && html`<${Counts} ...${p} />`;
function Counts({ of: o, form }) {
  const me = useSignal(acting)?.address;
  if (me !== o.seller) return html`<p class="quiet">${t('counts.buyer')}</p>`;
  const why = form.reason !== ZONE ? 'yes' : !(o.flags & ZONED) ? 'noZone'
    : o.flags & ACCEPTED ? 'accepted' : 'zone';
  return html`<${Notice} kind=${why === 'zone' ? 'info' : 'error'}
    title=${t(why === 'zone' ? 'counts.not' : 'counts.yes')}>
    <p data-test="counts">${t(`counts.${why}.why`)}</p><//>`;
}

// What may be done: who, in which state, with what form; send(order, form,
// token) gives the call.
// of: an order, or one with a milestone's part and held.
const DISPUTE = { id: 'dispute', call: 'mediation.open', form: ['wrong', 'split', 'note'],
  Cost: Dispute, send: async (o, f) => ['mediation', 'open', [ORDERS, o.id,
    o.part ?? WHOLE, Number(f.split), Number(f.wrong), await note(f.note)],
  { value: BigInt((await preview(o, f)).deposit) }] };
const ORDER = (method, args, options) => ['orders', method, args, options];
const STEPS = [
  { id: 'accept', call: 'orders.accept', by: 'seller', when: ['paid'], can: (o) => !(o.flags & 1),
    send: (o) => ORDER('accept', [o.id]) },
  { id: 'ship', call: 'orders.ship', by: 'seller', when: ['paid'], main: true, form: ['tracking'],
    send: async (o, f) => ORDER('ship', [o.id, await tracking(f.tracking)]) },
  { id: 'confirm', call: 'orders.confirm', by: 'buyer', when: ['shipped'], main: true, sure: true,
    send: (o) => ORDER('confirm', [o.id]) },
  { id: 'askReturn', call: 'orders.askReturn', by: 'buyer', when: ['shipped'],
    can: (o) => o.returnDays > 0, form: ['reason', 'note'],
    send: async (o, f) => ORDER('askReturn', [o.id, Number(f.reason),
      await note(f.note)]) },
  { id: 'extend', call: 'orders.extend', by: 'both', when: ['shipped'], form: ['days'],
    send: (o, f) => ORDER('extend', [o.id, Number(f.days) * 86400]) },
  { id: 'answerYes', call: 'orders.answerReturn', by: 'seller', when: ['returnAsked'], main: true,
    send: (o) => ORDER('answerReturn', [o.id, true, ZERO32]) },
  { id: 'answerNo', call: 'orders.answerReturn', by: 'seller', when: ['returnAsked'], form: ['note'],
    send: async (o, f) => ORDER('answerReturn', [o.id, false,
      await note(f.note)]) },
  { id: 'sendReturn', call: 'orders.sendReturn', by: 'buyer', when: ['returnOpen'], main: true,
    form: ['tracking'], send: async (o, f) => ORDER('sendReturn', [o.id,
      await tracking(f.tracking)]) },
  { id: 'confirmReturn', call: 'orders.confirmReturn', by: 'seller', when: ['returnSent'], main: true,
    form: ['amount'], first: (o, tok) => ({ amount: dueBack(o, tok) }),
    send: (o, f, tok) => ORDER('confirmReturn', [o.id,
      amount(f.amount, tok)]) },
  { id: 'refund', call: 'orders.refund', by: 'seller', when: ['paid', 'shipped'],
    form: ['amount', 'reason'], Cost: CountsAll,
    send: (o, f, tok) => ORDER('refund', [o.id,
      amount(f.amount, tok), Number(f.reason)]) },
  { id: 'cancel', call: 'orders.cancel', by: 'both', when: ['paid', 'milestones'], form: ['reason'],
    Cost: Counts,
    can: (o, role) => o.state === 'paid' || role === 'seller', sure: true,
    send: (o, f) => ORDER('cancel', [o.id, Number(f.reason)]) },
  { id: 'refundLater', call: 'orders.refundLater', by: 'seller', when: ['completed'], form: ['amount'],
    send: (o, f, tok) => ORDER('refundLater', [o.id, amount(f.amount, tok)],
      { value: o.token === NOBODY ? amount(f.amount, tok) : 0n }) },
  { ...DISPUTE, by: 'both', when: ['paid', 'shipped', 'milestones',
    'returnAsked', 'returnOpen', 'returnSent'],
    can: (o, role) => (o.state !== 'paid' || role === 'buyer') && !o.disputed },
  { id: 'review', call: 'market.review', by: 'both', when: ['completed', 'resolved', 'refunded'],
    can: (o, role) => BigInt(o.released) > 0n
      && !o.reviews?.some((r) => sideOf(r) === role),
    form: ['stars', 'note'], send: async (o, f) => ['market', 'review', [o.id,
      Number(f.stars), await note(f.note)]] },
];
const sideOf = (r) => r.side === 1 || r.side === 'buyer' ? 'buyer' : 'seller';
const amount = (text, token) => {
  const n = parse(text, token);
  if (n === null) throw new Error(t('send.bad.amount'));
  return n;
};
export const dueBack = (o, token) => {
  const due = BigInt(o.goods) - BigInt(o.discount) - BigInt(o.refunded);
  return typed(due < 0n ? 0n : due < BigInt(o.held) ? due : BigInt(o.held),
    token);
};

// What a dispute costs, before it is opened.
const preview = (o, f) => rpc('mediation_preview', { module: ORDERS,
  subject: o.id, part: o.part ?? WHOLE, bps: Number(f.split) });
function Dispute({ of: o, form }) {
  const me = useSignal(acting)?.address;
  const { data } = useLoad(() => preview(o, form), [o.id, o.part,
    form.split]);
  return html`<p>${t('dispute.how')}</p>${data && html`<${Facts} rows=${[
    ['dispute.deposit', html`<strong><${Money} value=${data.deposit} />
      </strong>`], ['dispute.cap', html`<${Money} value=${data.feeCap} />`]]} />`}
    <p>${t(me === o.buyer ? 'dispute.silent.buyer' : 'dispute.silent.seller')}
    </p>`;
}

/* ---------------------------------------------------------- escrow box */

function Escrow({ order, role, token, again }) {
  const steps = STEPS.filter((s) => s.when.includes(order.state)
    && (s.can?.(order, role) ?? true));
  const offered = useMayCall();
  const mine = steps.filter((s) => (s.by === 'both' || s.by === role)
    && offered(s.call));
  const theirs = steps.filter((s) => s.by !== 'both' && s.by !== role);
  const { at, owner } = order.deadline ?? {};
  const key = `exit.${order.state}`;
  return html`<section class="card escrow" data-test="escrow">
    <h2>${t('escrow.title')}</h2>
    ${BigInt(order.held) > 0n && html`<p class="big"><${Money}
      value=${order.held} token=${order.token} /><${Approx}
      value=${order.held} token=${order.token} />
      <small>${t('escrow.held')}</small></p>`}
    ${at ? html`<p>${t('escrow.turn', { who: t(`who.${owner}`) })}
        ${' '}<strong><${Until} at=${at} /></strong> (${date(at)}).
        ${has(key) && html` ${t(key)}`}</p>`
      : order.state === 'disputed' && order.cases?.length
        ? html`<p>${t('escrow.case')} <a data-test="case"
          href=${`/case/${order.cases[0].id}`}>${t('case.number',
            { id: order.cases[0].id })}</a></p>`
      : order.state === 'milestones' ? html`<p>${t('escrow.parts')}</p>`
        : FINAL.includes(order.state) && html`<p>${t('escrow.over')}</p>`}
    ${role && mine.length > 0 && html`<h3>${t('escrow.you')}</h3>
      ${mine.map((s) => html`<${Step} key=${s.id + order.state} step=${s}
        of=${order} token=${token} again=${again} />`)}`}
    ${role && theirs.length > 0 && html`<h3>${t('escrow.they', { who:
        t(`who.${role === 'buyer' ? 'seller' : 'buyer'}`) })}</h3>
      <ul>${theirs.map((s) => html`<li key=${s.id}>${t(`do.${s.id}`)}</li>`)}
      </ul>`}
  </section>`;
}

/* ---------------------------------------------------------- milestones */

function Milestones({ order, role, token, again }) {
  const list = order.milestones ?? [];
  const [text, set] = useState('');
  const [about, dispute] = useState(null); // the index of a milestone
  const go = (key, method, args) => async () => {
    await act(t(key), 'orders', method, await args());
    again();
  };
  const acts = (m) => html`<span class="row">
    ${role === 'seller' && m.state === 'waiting' && html`<${Do}
      call="orders.submitMilestone" go=${go('do.submit', 'submitMilestone', async () => [order.id, m.index,
        await note(text)])}>${t('do.submit')}<//>`}
    ${role === 'buyer' && m.state === 'submitted' && html`<${Do} kind="main"
      call="orders.acceptMilestone" go=${go('do.acceptWork', 'acceptMilestone',
        () => [order.id, m.index])}>${t('do.acceptWork')}<//><${Do}
      call="orders.rejectMilestone" go=${go('do.rejectWork', 'rejectMilestone',
        async () => [order.id, m.index, await note(text)])}>
        ${t('do.rejectWork')}<//>`}
    ${role && order.state === 'milestones' && ['waiting', 'submitted'].includes(
      m.state) && html`<${May} call=${DISPUTE.call}><button type="button"
        aria-expanded=${about === m.index}
        data-test=${`dispute-${m.index}`} onClick=${() => dispute(
          about === m.index ? null : m.index)}>${t('do.dispute')}</button><//>`}
    ${caseOf(m) && html`<a href=${`/case/${caseOf(m).id}`}>
      ${t('case.number', { id: caseOf(m).id })}</a>`}</span>`;
  const caseOf = (m) => (order.cases ?? []).find((k) => k.sub === m.index);
  const chosen = list.find((m) => m.index === about);
  if (!list.length) return null;
  return html`<section class="card"><h2>${t('order.milestones')}</h2>
    <${Table} caption=${t('order.milestones')} columns=${['milestone.number',
      'sell.price', 'milestone.due', 'list.state', 'sell.acts']}
      rows=${list.map((m) => ({ key: m.index, cells: [number(m.index + 1),
        html`<span><bdi>${m.document?.title ?? ''}</bdi><br />
        ${money(m.amount, token)}</span>`, html`<${Until} at=${m.due} />`,
        html`<${State} word=${m.state} />`, acts(m)] }))} />
    ${chosen && html`<h3>${t('milestone.dispute',
        { n: number(about + 1) })}</h3>
      <${Step} key=${about} token=${token}
        step=${{ ...DISPUTE, id: 'disputePart', main: true }}
        of=${{ ...order, part: about, held: chosen.amount }}
        again=${() => { dispute(null); again(); }} />`}
    ${role && html`<${May} call=${role === 'seller' ? 'orders.submitMilestone'
      : 'orders.rejectMilestone'}><${Field} id="work-note"
      label=${t('do.note')}><textarea id="work-note" rows="2" value=${text}
        onInput=${(e) => set(e.target.value)}></textarea><//><//>`}</section>`;
}

/* ------------------------------------------------------------ the rest */

function useLines(order) {
  return useLoad(async () => Promise.all((order?.lines ?? []).map(async (l) =>
    ({ ...l, listing: await rpc('market_get', l.listing) ?? { id: l.listing },
    }))), [order?.id]);
}

const Lines = ({ state, token }) => html`<${Loaded} state=${state}>
  ${(lines) => lines.length > 0 && html`<${Table} caption=${t('order.lines')}
    columns=${['sell.title', 'order.qty', 'sell.price']}
    rows=${lines.map((l, i) => ({ key: i, cells: [
      html`<a href=${links.listing(l.listing.id)}><bdi>${titleOf(l.listing)}
        </bdi></a>${l.listing.document?.variants?.[l.variant] && html`
        <small> <bdi>${l.listing.document.variants[l.variant]}</bdi></small>`}`,
      number(l.qty), money(l.unit, token)] }))} />`}<//>`;

const amountRow = (o, key, value) => BigInt(value ?? 0) > 0n
  ? [key, html`<${Money} value=${value} token=${o.token} />`] : [key, null];

const sums = (o) => [
  amountRow(o, 'order.goods', o.goods), amountRow(o, 'order.discount',
    o.discount), amountRow(o, 'order.shipping', o.shipping),
  ['order.total', html`<strong><${Money} value=${o.total} token=${o.token} />
    </strong><${Approx} value=${o.total} token=${o.token} />`],
  amountRow(o, 'order.tax', o.tax)];
const facts = (o) => [
  ['order.seller', html`<${Party} value=${o.seller} />`],
  ['order.buyer', html`<${Party} value=${o.buyer} />`],
  ['order.placed', html`<${Ago} ms=${o.createdAt * 1000} />`],
  ...sums(o), amountRow(o, 'order.fees', o.feeTotal),
  amountRow(o, 'order.released', o.released),
  amountRow(o, 'order.refunded', o.refunded),
  amountRow(o, 'order.refundedLater', o.refundedLater),
  ['order.platform', o.platform || null],
];

const eventText = (e) => e.event === 'OrderState'
  && has(`state.${e.stateWord}`) ? t(`state.${e.stateWord}`)
  : has(`event.${e.event}`) ? t(`event.${e.event}`) : e.event;

// What one transaction says twice in the same words is told once.
const told = (events) => events.filter((e, i) => !events.slice(0, i).some((b) =>
  b.tx === e.tx && b.amount === e.amount && eventText(b) === eventText(e)));

const Timeline = ({ order }) => html`<section class="card">
  <h2>${t('order.timeline')}</h2><ol class="timeline">
  ${told(order.timeline ?? []).map((e, i) => html`<li key=${i}>
    <strong>${eventText(e)}</strong>
    ${e.amount && html` <${Money} value=${e.amount} token=${order.token} />`}
    <small> <${Ago} ms=${e.time * 1000} /> · <${Hash} value=${e.tx}
      to=${links.tx?.(e.tx)} /></small></li>`)}</ol></section>`;

// For print alone, under the merchant's name: what is in the parcel, for a buyer
// with what he paid.
function Slip({ order, lines, token, buyer }) {
  const { logo, name, contact } = useRpc('id_get', order.seller).data?.document
    ?? {};
  return html`<section class="slip" data-test="slip"><div class="row">
    ${logo && html`<${Picture} hash=${logo} size=${64} />`}
    <p><strong><bdi>${name ?? checksum(order.seller)}</bdi></strong>
      ${contact && html`<br /><bdi>${contact}</bdi>`}</p></div>
  <h2>${t(buyer ? 'slip.receipt' : 'slip.title', { id: order.id })}</h2>
  <p>${t('order.placed')}: ${date(order.createdAt)}</p>
  <ul>${(lines ?? []).map((l) => html`<li>${number(l.qty)} ×
    <bdi> ${titleOf(l.listing)}</bdi>
    ${' '}<bdi>${l.listing.document?.variants?.[l.variant] ?? ''}</bdi>
    ${buyer && ` · ${money(l.unit, token)}`}</li>`)}</ul>
  ${buyer && html`<${Facts} rows=${sums(order)} />`}</section>`;
}

function Body({ order, again }) {
  const me = useSignal(acting)?.address;
  const token = useLoad(() => tokenOf(order.token), [order.token]).data;
  const lines = useLines(order);
  const role = me === order.seller ? 'seller' : me === order.buyer ? 'buyer'
    : null;
  useEffect(() => {
    below.set(role === 'buyer' ? '/purchases' : null);
    return () => below.set(null);
  }, [role]);
  if (!token) return null;
  return html`<p><${State} word=${order.state} /></p><${Progress} order=${order} />
    <div class="beside"><div>
      <${Escrow} order=${order} role=${role} token=${token} again=${again} />
      <${Milestones} order=${order} role=${role} token=${token}
        again=${again} />
      ${order.shipHash !== ZERO32 && role && html`<section class="card">
        <h2>${t('order.address')}</h2><${Letter} content=${order.shipHash}
          label=${t('order.address.show')} /></section>`}
      ${(order.reviews ?? []).length > 0 && html`<section class="card">
        <h2>${t('sell.reviews')}</h2>${order.reviews.map((r) => html`
        <${Review} review=${r} mayReply=${role && sideOf(r) !== role} />`)}
        </section>`}
      ${role && html`<${Letters} order=${order.id} me=${me}
        other=${role === 'seller' ? order.buyer : order.seller} />`}
    </div><div><${Lines} state=${lines} token=${token} />
      ${order.document?.title && html`<section class="card">
        <h2><bdi>${order.document.title}</bdi></h2>
        <${Itemised} lines=${order.document.lines} token=${token} /></section>`}
      <${Facts} rows=${facts(order)} />
      ${role && html`<p><button type="button" onClick=${() => print()}>
        ${t(role === 'buyer' ? 'slip.print.receipt' : 'slip.print')}
        </button></p>`}
      <${Timeline} order=${order} /></div></div>
    <${Slip} order=${order} lines=${lines.data} token=${token}
      buyer=${role === 'buyer'} />`;
}

export function Order({ id }) {
  const state = useRpc('order_get', Number(id));
  return html`<h1>${t('order.number', { id })}</h1>
    <${Loaded} state=${state} rows=${10}>${(order) => order === null
      ? html`<${Empty} title=${t('order.missing')} next=${[links.purchases,
        'nav.purchases']} />`
      : html`<${Body} order=${order} again=${state.again} />`}<//>`;
}

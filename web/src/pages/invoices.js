// invoices.js - pay links and invoices: made, sent, printed, paid; and plans
// with their subscriptions.
import { useState } from 'preact/hooks';
import { Do, MODULE, May, NOBODY, ZERO32, act } from '../act.js';
import { Mine, acting } from '../acting.js';
import { Approx } from '../approx.js';
import { chainS } from '../clock.js';
import { putDocument } from '../content.js';
import { callView } from '../contracts.js';
import { Draft, amountOf, useDraft, useSend, wholeOf } from '../form.js';
import { day, isAddress, number } from '../format.js';
import { Party, State, Until } from '../goods.js';
import { t } from '../i18n.js';
import { Itemised, lineOut, readLine, total } from '../lines.js';
import { Choice, List, Tabs, useList, useRpc } from '../list.js';
import { Money, erc20, money, parse, tokenOf } from '../money.js';
import { Qr } from '../qr.js';
import { go } from '../router.js';
import { may } from '../session.js';
import { useLoad, useSignal } from '../signal.js';
import { Empty, Facts, Failure, Field, Loaded, Submit, html } from '../ui.js';

const DAY = 86400;
const InvoiceTabs = () => html`<${Tabs} label=${t('nav.invoices')} rows=${[
  ['/invoices', 'nav.invoices'], ['/invoices/new', 'invoice.new', 'till'],
  ['/plans', 'plan.title', ['sell', 'export']],
  ['/subscriptions', 'sub.title', 'buy']]} />`;

/* --------------------------------------------------------------- invoices */

const row = (i) => ({ key: i.id, cells: [
  html`<a href=${`/invoice/${i.id}`}>${t('invoice.number', { id: i.id })}</a>`,
  html`<bdi>${i.document?.title ?? '–'}</bdi>`,
  BigInt(i.amount) ? html`<span><${Money} value=${i.amount} token=${i.token}
    /><${Approx} value=${i.amount} token=${i.token} /></span>`
    : t('invoice.open'), html`<${State} word=${i.state} />`, usedOf(i),
  html`<${Until} at=${i.expires} />`] });
const usedOf = (i) => t('of', { n: number(i.used), all: number(i.maxUses) });
const STATES = ['', 'open', 'paid', 'expired', 'cancelled'];

export const Invoices = () => html`<h1>${t('nav.invoices')}</h1>
  <${InvoiceTabs} /><${Mine}>${(me) => html`<${Mine1} me=${me} />`}<//>`;
function Mine1({ me }) {
  const [state, set] = useState('');
  const list = useList('order_invoices', { seller: me, ...(state && { state }) });
  return html`<div class="bar"><${Choice} id="state" label=${t('list.state')}
      value=${state} set=${set} rows=${STATES.map((s) => [s, t(s
        ? `state.${s}` : 'list.all')])} /></div><${List} state=${list} caption=${t('nav.invoices')} row=${row}
    columns=${['invoice.id', 'sell.title', 'send.amount', 'list.state',
      'invoice.used', 'invoice.until']} empty=${html`<${Empty}
      title=${t('invoice.none')}>${t('invoice.none.text')}${' '}${may('till')
      && html`<a class="button main" href="/invoices/new">${t('invoice.new')}
      </a>`}<//>`} />`;
}

const LINE = { text: '', qty: '1', price: '', tax: '' };
const START = { title: '', note: '', amount: '', token: '', payer: '',
  lines: [], number: '', from: '', to: '', mode: '1', uses: '1', days: '30', tax: '', handling: '3', delivery: '10',
  inspect: '3', parts: [{ title: '', amount: '', days: '14' }] };

const DAYS_MAX = 3650;
async function make(form) {
  for (const a of [form.token, form.payer]) {
    if (a && !isAddress(a.trim())) throw new Error(t('send.bad.to'));
  }
  const token = await tokenOf(form.token.trim() || NOBODY);
  const days = (text, key) => wholeOf(text, t(key), DAYS_MAX) * DAY;
  const parts = form.mode !== '3' ? [] : form.parts.map((p) => ({ ...p,
    amount: amountOf(p.amount, t('send.amount'), token, 1n),
    due: chainS() + days(p.days, 'invoice.due') }));
  const lines = form.mode === '3' ? [] : form.lines.map((l, i) => {
    const read = readLine(l, token);
    if (!read) throw new Error(t('invoice.line.bad', { n: number(i + 1) }));
    return read;
  });
  const amount = form.mode === '3'
    ? parts.reduce((n, s) => n + s.amount, 0n)
    : lines.length ? total(lines, 'sum')
      : amountOf(form.amount, t('send.amount'), token);
  const tax = lines.length ? total(lines, 'tax')
    : amountOf(form.tax, t('order.tax'), token);
  if (tax > amount && amount) throw new Error(t('invoice.tax.bad'));
  const escrow = form.mode !== '2';
  const terms = Object.fromEntries(['handling', 'delivery', 'inspect'].map((k) =>
    [k, escrow ? days(form[k], `sell.${k}`) : 0]));
  const maxUses = wholeOf(form.uses, t('invoice.uses'), 1e6, 1);
  const expiresAt = chainS() + days(form.days, 'invoice.days');
  const steps = await Promise.all(parts.map(async (p) => ({ ...p,
    doc: await putDocument({ title: p.title }) })));
  const some = (name) => form[name].trim() || undefined;
  const doc = await putDocument({ title: form.title.trim(),
    note: form.note.trim(), number: some('number'), from: some('from'),
    to: some('to'), lines: lines.length ? lines.map(lineOut) : undefined });
  const { events } = await act(t('invoice.make'), 'orders', 'createInvoice',
    [NOBODY, { payer: form.payer.trim() || NOBODY, token: token.address, amount,
      tax, mode: Number(form.mode), maxUses, maxFeeBps: 0, feed: 0, expiresAt,
      doc, ref: ZERO32, ...terms,
      milestoneAmounts: steps.map((s) => s.amount),
      milestoneDue: steps.map((s) => s.due),
      milestoneDocs: steps.map((s) => s.doc) }]);
  return events.find((e) => e.name === 'InvoiceSaved').id;
}

function Parts({ form, set }) {
  const put = (i, change) => set({ ...form, parts: form.parts.map((p, k) =>
    k === i ? { ...p, ...change } : p) });
  const cell = (i, name, key) => html`<${Field} id=${`${name}-${i}`}
    label=${t(key)}><input id=${`${name}-${i}`} value=${form.parts[i][name]}
      required onInput=${(e) => put(i, { [name]: e.target.value })} /><//>`;
  return html`<fieldset><legend>${t('order.milestones')}</legend>
    ${form.parts.map((p, i) => html`<div class="pair" key=${i}>
      ${cell(i, 'title', 'sell.title')}${cell(i, 'amount', 'send.amount')}
      ${cell(i, 'days', 'invoice.due')}</div>`)}
    <button type="button" disabled=${form.parts.length >= 16}
      onClick=${() => set({ ...form, parts: [...form.parts,
        START.parts[0]] })}>${t('invoice.part')}</button></fieldset>`;
}

function Lines({ form, set, token }) {
  const put = (i, change) => set({ ...form, lines: form.lines.map((l, k) =>
    k === i ? { ...l, ...change } : l) });
  const cell = (i, name, key, rest) => html`<td data-label=${t(key)}>
    <input aria-label=${`${t(key)} ${i + 1}`} value=${form.lines[i][name]}
      data-test=${`line-${name}-${i}`} ...${rest} onInput=${(e) => put(i,
        { [name]: e.target.value })} /></td>`;
  const columns = ['invoice.what', 'order.qty', 'invoice.each', 'invoice.taxed',
    'invoice.sum', 'sell.acts'];
  const read = form.lines.map((l) => readLine(l, token));
  const money_ = { inputmode: 'decimal', required: true };
  return html`<fieldset><legend>${t('order.lines')}</legend>
    <table class="list grid"><caption class="quiet">${t('order.lines')}</caption>
    <thead><tr>${columns.map((c) => html`<th scope="col">${t(c)}</th>`)}</tr>
    </thead><tbody>${form.lines.map((l, i) => html`<tr key=${i}>
      ${cell(i, 'text', columns[0], { maxlength: 200, required: true })}
      ${cell(i, 'qty', columns[1], money_)}
      ${cell(i, 'price', columns[2], money_)}
      ${cell(i, 'tax', columns[3], { inputmode: 'decimal', placeholder: '0' })}
      <td data-label=${t(columns[4])}>${read[i] ? money(read[i].sum, token)
        : '–'}</td><td data-label=${t(columns[5])}><button type="button"
          class="copy" aria-label=${t('invoice.line.drop', { n: i + 1 })}
          onClick=${() => set({ ...form, lines: form.lines.filter((_, k) =>
            k !== i) })}>×</button></td></tr>`)}</tbody></table>
    <p class="row between"><button type="button" disabled=${
      form.lines.length >= 40} onClick=${() => set({ ...form, lines:
        [...form.lines, LINE] })}>${t('invoice.line')}</button>
      ${read.every(Boolean) && html`<strong data-test="sum">${money(
        total(read, 'sum'), token)} <small>${t('invoice.ofTax', { tax: money(
          total(read, 'tax'), token, 4) })}</small></strong>`}</p></fieldset>`;
}

export function InvoiceNew() {
  const draft = useDraft('invoice', START);
  const { form, set } = draft;
  const token = useLoad(() => tokenOf(isAddress(form.token) ? form.token
    : NOBODY), [form.token]).data;
  const { busy, error, send } = useSend(async () => {
    const id = await make(form);
    draft.drop();
    go(`/invoice/${id}`);
  });
  const input = (name, key, rest, hint) => html`<${Field} id=${name}
    label=${t(key)} hint=${hint && t(hint)}><input id=${name}
      value=${form[name]} onInput=${(e) => set({ ...form,
        [name]: e.target.value })} ...${rest} /><//>`;
  const area = (name, key) => html`<${Field} id=${name} label=${t(key)}
    hint=${t('invoice.public')}><textarea id=${name} rows="3" maxlength="500"
      value=${form[name]} onInput=${(e) => set({ ...form,
        [name]: e.target.value })}></textarea><//>`;
  const number_ = { inputmode: 'numeric' };
  return html`<h1>${t('invoice.new')}</h1><${InvoiceTabs} /><${Mine}>${() => html`
    <${Draft} ...${draft} /><form class="form" onSubmit=${send}>
    ${input('title', 'sell.title', { required: true, maxlength: 200 })}
    <${Field} id="note" label=${t('do.note')}><textarea id="note" rows="3"
      value=${form.note} maxlength="4000"
      onInput=${(e) => set({ ...form, note: e.target.value })}></textarea><//>
    <${Field} id="mode" label=${t('invoice.mode')}><select id="mode"
      value=${form.mode} onChange=${(e) => set({ ...form,
        mode: e.target.value })}>${['1', '2', '3'].map((m) => html`
      <option value=${m}>${t(`mode.${m}`)}</option>`)}</select><//>
    ${form.mode === '3' ? html`<${Parts} form=${form} set=${set} />`
      : form.lines.length ? token && html`<${Lines} form=${form} set=${set}
          token=${token} />`
      : html`<div class="pair">${input('amount', 'send.amount',
        { inputmode: 'decimal' }, 'invoice.amount')}
        ${input('tax', 'order.tax', { inputmode: 'decimal' })}</div>
        <p><button type="button" data-test="lines" onClick=${() => set({ ...form,
          lines: [LINE] })}>${t('invoice.lines')}</button></p>`}
    <details><summary>${t('invoice.paper')}</summary><div class="form">
      ${input('number', 'invoice.own', { maxlength: 40 })}
      ${area('from', 'invoice.from')}${area('to', 'invoice.to')}</div></details>
    <details><summary>${t('sell.terms')}</summary><div class="form">
      ${input('token', 'sell.token', { placeholder: 'CMT' })}
      ${input('payer', 'invoice.payer', { placeholder: '0x…' },
        'invoice.payer.hint')}
      <div class="pair">${input('uses', 'invoice.uses', number_)}
        ${input('days', 'invoice.days', number_)}</div>
      <div class="pair">${input('handling', 'sell.handling', number_)}
        ${input('inspect', 'sell.inspect', number_)}</div></div></details>
    ${error && html`<${Failure} error=${error} />`}
    <${Submit} busy=${busy}>
      ${t(busy ? 'act.busy' : 'invoice.make')}<//></form>`}<//>`;
}

/* ------------------------------------------------------------ to be paid */

function Pay({ invoice, token }) {
  const [typed, set] = useState('');
  const me = useSignal(acting);
  const fixed = BigInt(invoice.amount);
  const pay = async () => {
    const amount = fixed || parse(typed, token);
    if (!amount) throw new Error(t('send.bad.amount'));
    const cmt = token.address === NOBODY;
    if (!cmt) {
      const [has] = await callView(token.address, erc20[0], [me.address,
        MODULE.orders]);
      if (has < amount) {
        await act(t('cart.approve', { amount: money(amount, token) }),
          token.address, 'approve', [MODULE.orders, amount], { abi: erc20 });
      }
    }
    const { events } = await act(t('invoice.pay', { amount: money(amount,
      token) }), 'orders', 'payInvoice', [invoice.id, amount, 0, NOBODY,
      ZERO32], { value: cmt ? amount : 0n });
    go(`/order/${events.find((e) => e.name === 'OrderPlaced').id}`);
  };
  return html`${!fixed && html`<${Field} id="amount"
      label=${t('send.amount')}><input id="amount" inputmode="decimal"
      value=${typed} onInput=${(e) => set(e.target.value)} /><//>`}
    <${Do} kind="main" go=${pay} test="pay">${fixed ? t('invoice.pay',
      { amount: money(fixed, token) }) : t('invoice.payAny')}<//>`;
}

function InvoiceBody({ invoice }) {
  const me = useSignal(acting)?.address;
  const token = useLoad(() => tokenOf(invoice.token), [invoice.token]).data;
  const link = `${location.origin}/invoice/${invoice.id}`;
  if (!token) return null;
  return html`<div class="beside"><section class="card paper">
      <p class="printed">${t('invoice.number', { id: invoice.id })} · ${day(
        invoice.createdAt)}</p>
      <h2><bdi>${invoice.document?.title ?? t('content.missing')}</bdi></h2>
      ${['number', 'from', 'to'].map((k) => invoice.document?.[k] && html`
        <p class="wrap" key=${k}><small>${t(k === 'number' ? 'invoice.own'
          : `invoice.${k}`)}</small><br /><bdi>${invoice.document[k]}</bdi></p>`)}
      <${Itemised} lines=${invoice.document?.lines} token=${token} />
      <p class="wrap"><bdi>${invoice.document?.note}</bdi></p>
      <p class="big">${BigInt(invoice.amount) ? html`${money(invoice.amount,
        token)}<${Approx} value=${invoice.amount} token=${invoice.token} />`
        : t('invoice.open')}</p><p><${State} word=${invoice.state} /></p>
      <${Facts} rows=${[['order.seller', html`<${Party}
          value=${invoice.seller} />`],
        ['invoice.made', day(invoice.createdAt)],
        ['invoice.mode', t(`mode.${invoice.mode}`)],
        ['order.tax', BigInt(invoice.tax) ? html`<${Money} value=${invoice.tax}
          token=${invoice.token} />` : null],
        ['invoice.until', html`<${Until} at=${invoice.expires} />`],
        ['invoice.used', usedOf(invoice)]]} />
      ${invoice.state === 'open' && me && me !== invoice.seller && html`
        <${May} call="orders.payInvoice"><${Pay} invoice=${invoice}
          token=${token} /><//>`}
      ${invoice.state === 'open' && !me && html`<${Mine}>${() => null}<//>`}
    </section><section class="card"><h2>${t('invoice.link')}</h2>
      <${Qr} text=${link} label=${t('invoice.link')} />
      <p class="row"><button type="button" onClick=${() => print()}>
        ${t('print')}</button>
      <a class="button" href=${`mailto:?subject=${encodeURIComponent(
        invoice.document?.title ?? '')}&body=${encodeURIComponent(link)}`}>
        ${t('invoice.mail')}</a>
      ${me === invoice.seller && invoice.state === 'open' && html`<${Do}
        call="orders.cancelInvoice" confirm=${t('do.sure')}
        go=${() => act(t('invoice.cancel'), 'orders',
          'cancelInvoice', [invoice.id])}>${t('invoice.cancel')}<//>`}</p>
    </section></div>`;
}

export function Invoice({ id }) {
  const state = useRpc('order_invoice', Number(id));
  return html`<h1>${t('invoice.number', { id })}</h1>
    <${Loaded} state=${state} rows=${8}>${(i) => i === null
      ? html`<${Empty} title=${t('invoice.missing')} next=${['/invoices',
        'nav.invoices']} />`
      : html`<${InvoiceBody} invoice=${i} />`}<//>`;
}

/* ------------------------------------------------- plans, subscriptions */

function PlanForm({ done }) {
  const [form, set] = useState({ title: '', amount: '', days: '30', max: '0' });
  const input = (name, key, rest) => html`<${Field} id=${name}
    label=${t(key)}><input id=${name} required value=${form[name]}
      onInput=${(e) => set({ ...form, [name]: e.target.value })}
      ...${rest} /><//>`;
  const { busy, error, send } = useSend(async () => {
    const amount = amountOf(form.amount, t('plan.amount'), undefined, 1n);
    const period = wholeOf(form.days, t('plan.days'), DAYS_MAX, 1) * DAY;
    await act(t('plan.make'), 'orders', 'savePlan', [0, NOBODY, {
      token: NOBODY, amount, period, trial: 0, maxPeriods: Number(form.max),
      maxFeeBps: 0, doc: await putDocument({ title: form.title.trim() }) }]);
    done();
  });
  return html`<form class="form" onSubmit=${send}>
    ${input('title', 'sell.title', { maxlength: 200 })}
    <div class="pair">${input('amount', 'plan.amount', { inputmode: 'decimal' })}
    ${input('days', 'plan.days', { inputmode: 'numeric' })}</div>
    ${error && html`<${Failure} error=${error} />`}
    <div class="row"><${Submit} busy=${busy}>${t(busy ? 'act.busy'
      : 'plan.make')}<//><button type="button" onClick=${done}>
      ${t('act.not')}</button></div></form>`;
}

function PlanList({ me }) {
  const [making, set] = useState(false);
  const list = useList('order_plans', { seller: me });
  const planRow = (p) => ({ key: p.id, cells: [p.id,
    html`<a href=${`/plan/${p.id}`}><bdi>${p.document?.title ?? '–'}</bdi></a>`,
    html`<${Money} value=${p.amount} token=${p.token} />`,
    t('buy.days', { n: number(p.period / DAY) }),
    html`<${State} word=${p.state} />`,
    p.state === 'open' && html`<${Do} call="orders.closePlan" confirm=${t('do.sure')} go=${() => act(
      t('plan.close'), 'orders', 'closePlan', [p.id])}>${t('plan.close')}<//>`,
  ] });
  return html`${making ? html`<${PlanForm} done=${() => set(false)} />`
    : html`<${May} call="orders.savePlan"><p><button class="main" type="button"
      data-call="orders.savePlan" onClick=${() => set(true)}>
      ${t('plan.new')}</button></p><//>`}
    <${List} state=${list} caption=${t('plan.title')} row=${planRow}
      columns=${['invoice.id', 'sell.title', 'plan.amount', 'plan.period',
        'list.state', 'sell.acts']}
      empty=${html`<${Empty} title=${t('plan.none')}>
        ${t('plan.none.text')}<//>`} />
    <${SubList} filter=${{ seller: me }} mine=${false} />`;
}
export const Plans = () => html`<h1>${t('plan.title')}</h1><${InvoiceTabs} />
  <${Mine}>${(me) => html`<${PlanList} me=${me} />`}<//>`;

function SubList({ filter, mine }) {
  const list = useList('order_subscriptions', filter);
  const subRow = (s) => ({ key: s.id, cells: [
    html`<a href=${`/plan/${s.plan}`}>${t('plan.number', { id: s.plan })}</a>`,
    html`<${Party} value=${mine ? s.seller : s.buyer} />`,
    html`<${Money} value=${s.amount} token=${s.token} />`,
    html`<${Money} value=${s.prepaid} token=${s.token} />`,
    html`<${State} word=${s.state} />`, html`<${Until} at=${s.nextAt} />`,
    mine && ['active', 'pastDue'].includes(s.state) && html`<span class="row">
      <${Do} call="orders.topUp" go=${() => act(t('sub.topUp'), 'orders', 'topUp', [s.id, 1],
        { value: s.token === NOBODY ? BigInt(s.amount) : 0n })}>
        ${t('sub.topUp')}<//><${Do} call="orders.cancelSub" confirm=${t('do.sure')} go=${() => act(
          t('sub.cancel'), 'orders', 'cancelSub', [s.id])}>
        ${t('sub.cancel')}<//></span>`] });
  return html`<h2>${t('sub.title')}</h2><${List} state=${list}
    caption=${t('sub.title')} row=${subRow} columns=${['plan.title',
      'order.other', 'plan.amount', 'sub.prepaid', 'list.state', 'sub.next',
      'sell.acts']} empty=${html`<${Empty} title=${t('sub.none')}>
      ${t('sub.none.text')}${' '}${mine && html`<a class="button main"
      href="/buy">${t('nav.buy')}</a>`}<//>`} />`;
}
export const Subscriptions = () => html`<h1>${t('sub.title')}</h1>
  <${InvoiceTabs} /><${Mine}>${(me) => html`<${SubList} mine
    filter=${{ buyer: me }} />`}<//>`;

function Subscribe({ plan, token }) {
  const [n, set] = useState('1');
  const total = BigInt(plan.amount) * BigInt(/^\d{1,4}$/.test(n) ? n : 1);
  const go_ = async () => {
    await act(t('sub.make'), 'orders', 'subscribe', [plan.id, Number(n), 0],
      { value: plan.token === NOBODY ? total : 0n });
    go('/subscriptions');
  };
  return html`<${Field} id="periods" label=${t('sub.periods')}>
    <input id="periods" type="number" min="1" max="120" value=${n}
      onInput=${(e) => set(e.target.value)} /><//>
    <${Do} kind="main" go=${go_} call="orders.subscribe">${t('sub.make')} · ${money(total, token)}<//>`;
}

export function Plan({ id }) {
  const state = useRpc('order_plan', Number(id));
  const me = useSignal(acting)?.address;
  const plan = state.data;
  const token = useLoad(async () => plan && tokenOf(plan.token),
    [plan?.token]).data;
  return html`<h1>${t('plan.number', { id })}</h1><${Loaded} state=${state}>
    ${() => !plan || !token ? html`<${Empty} title=${t(
      'plan.missing')} next=${['/plans', 'plan.title']} />`
      : html`<section class="card"><h2><bdi>${plan.document?.title}</bdi></h2>
        <p class="big">${money(plan.amount, token)}<${Approx}
          value=${plan.amount} token=${plan.token} /> <small>${t('plan.each',
          { n: number(plan.period / DAY) })}</small></p>
        <p><${State} word=${plan.state} /></p>
        ${me && me !== plan.seller && plan.state === 'open' && html`
          <${May} call="orders.subscribe"><${Subscribe} plan=${plan}
            token=${token} /><//>`}</section>`}<//>`;
}

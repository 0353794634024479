// money.js - what the account that pages act for has: balance, what is held in
// escrow, takings, files for the books; and how it is paid.
import { useState } from 'preact/hooks';
import { Do, NOBODY } from '../act.js';
import { Mine, status } from '../acting.js';
import { Approx } from '../approx.js';
import { chainS } from '../clock.js';
import { checksum, day, isAddress, units } from '../format.js';
import { Party, State, Until } from '../goods.js';
import { t } from '../i18n.js';
import { Choice, List, MoneyTabs, fresh, useList, useRpc } from '../list.js';
import { Money, money, parse, tokenOf, useTokens } from '../money.js';
import { Month } from '../month.js';
import { Bars } from '../plot.js';
import { sumsOf, takenOf, told, useBalances, useCoins, useStates }
  from '../purse.js';
import { Qr } from '../qr.js';
import { may } from '../session.js';
import { useLoad, useSignal } from '../signal.js';
import { Copy, Empty, Field, Hash, Loaded, html } from '../ui.js';

const WEEK = 7 * 86400, WEEKS = 12;

/* --------------------------------------------------------------- balance */

// One money on its tile; what the browser was told of can be taken away again.
function Coin({ token, value, mine }) {
  return html`<section class="tile" data-test="coin">
    <h3><bdi>${token.symbol}</bdi></h3><p class="big">${value === null
      ? t('money.unknown') : html`${units(value, token.decimals, 4)}<${Approx}
        value=${value} token=${token.address} />`}</p>
    ${token.address !== NOBODY && html`<p class="row"><${Hash}
      value=${checksum(token.address)} to=${`/address/${checksum(
        token.address)}`} />${mine && html`<button type="button" class="copy"
      onClick=${() => told.set(told.value.filter((x) => x !== token.address))}>
      <span aria-hidden="true">×</span><span class="away">${t('money.drop',
        { name: token.symbol })}</span></button>`}</p>`}</section>`;
}

function AddCoin() {
  const [text, set] = useState('');
  const add = async () => {
    const address = text.trim().toLowerCase();
    if (!isAddress(text.trim())) throw new Error(t('send.bad.to'));
    if (!(await tokenOf(address)).real) throw new Error(t('money.notToken'));
    told.set([...new Set([...told.value, address])]);
    set('');
  };
  return html`<details class="read"><summary>${t('money.add')}</summary>
    <div class="form bare"><${Field} id="coin" label=${t('money.token')}
      hint=${t('money.here')}><input id="coin" value=${text} placeholder="0x…"
        spellcheck=${false} autocomplete="off" aria-describedby="coin-hint"
        onInput=${(e) => set(e.target.value)} /><//>
    <${Do} go=${add} disabled=${!text.trim()} test="coin-add">
      ${t('money.add.go')}<//></div></details>`;
}

function Balance({ me }) {
  const state = useBalances(me, useCoins(me), useSignal(fresh));
  const mine = useSignal(told);
  return html`<section><div class="row between"><h2>${t('money.balance')}</h2>
      <span class="row"><a class="button main" href="/money/receive">
        ${t('money.receive')}</a>${may('money') && html`<a class="button"
        href="/send">${t('nav.send')}</a>`}</span></div>
    <${Loaded} state=${state} rows=${2}>${(coins) => html`<div class="tiles sums"
      data-test="balance">${coins.map((c) => html`<${Coin}
        key=${c.token.address} ...${c}
        mine=${mine.includes(c.token.address)} />`)}</div>`}<//>
    <${AddCoin} /></section>`;
}

/* ---------------------------------------------------------------- escrow */

const Sums = ({ rows }) => rows.length ? rows.map(([token, n]) => html`
  <span class="sum" key=${token}><${Money} value=${n} token=${token} /><${Approx}
    value=${n} token=${token} /></span>`)
  : html`<${Money} value="0x0" />`;

const SIDES = ['sold', 'bought'];
function HeldTiles({ me }) {
  const state = useStates(me);
  return html`<${Loaded} state=${state} rows=${2}>${(data) => html`
    <div class="tiles sums" data-test="held">${SIDES.map((side) => html`
      <section class="tile" key=${side}><h2>${t(`money.held.${side}`)}</h2>
      <p class="big"><${Sums} rows=${sumsOf(data[side], 'held')} /></p>
      <p class="quiet">${t(`money.held.${side}.why`)}</p></section>`)}</div>`}
  <//>`;
}

const ROLE = { sold: 'seller', bought: 'buyer' };
const heldRow = (side) => (o) => ({ key: o.id, cells: [
  html`<div><a href=${`/order/${o.id}`}>${t('order.number', { id: o.id })}</a>
    ${o.title && html`<br /><small><bdi>${o.title}</bdi></small>`}</div>`,
  html`<${Party} value=${side === 'sold' ? o.buyer : o.seller} />`,
  html`<strong><${Money} value=${o.held} token=${o.token} /></strong>`,
  html`<${State} word=${o.state} />`,
  html`<div><${Until} at=${o.deadline?.at} />${o.deadline?.at && html`<br />
    <small>${t(`who.${o.deadline.owner}`)}</small>`}</div>`] });

function HeldList({ me }) {
  const [side, set] = useState('sold');
  const list = useList('order_list', { [ROLE[side]]: me, heldMin: '0x1',
    sort: 'deadline', documents: false });
  return html`<div class="bar"><${Choice} id="side" label=${t('money.side')}
      value=${side} set=${set} rows=${SIDES.map((s) => [s,
        t(`money.held.${s}`)])} /></div>
    <${List} state=${list} caption=${t('money.escrow')} row=${heldRow(side)}
      columns=${['order.title', 'order.other', 'money.held', 'list.state',
        'order.until']} empty=${html`<${Empty} title=${t('money.held.none')}>
        ${t('money.held.how')}${' '}<a class="button main"
          href=${side === 'sold' ? '/orders' : '/purchases'}>${t(side === 'sold'
          ? 'nav.orders' : 'nav.purchases')}</a><//>`} />`;
}

export const Held = () => html`<h1>${t('money.escrow')}</h1><${MoneyTabs} />
  <p class="quiet">${t('money.escrow.text')}</p>
  <${Mine}>${(me) => html`<${HeldTiles} me=${me} /><${HeldList} me=${me} />`}<//>`;

/* --------------------------------------------------------------- takings */

// Weeks as the node counts them: from Monday.
const mondayOf = (s) => Math.floor((s + 259200) / WEEK) * WEEK - 259200;

function Takings({ me }) {
  const last = mondayOf(chainS());
  const { data } = useRpc('order_summary', { seller: me, period: 'week',
    from: last - (WEEKS - 1) * WEEK });
  const coins = [...new Set((data?.items ?? []).map((i) => i.token))];
  const [chosen, choose] = useState(null);
  const tokens = useTokens(coins);
  if (!data || !tokens?.size) return null;
  const token = tokens.get(chosen ?? (coins.includes(NOBODY) ? NOBODY
    : coins[0]));
  const scale = 10n ** BigInt(Math.max(0, token.decimals - 4));
  const of = (from) => takenOf(data.items.filter((i) => i.from === from
    && i.token === token.address));
  const points = Array.from({ length: WEEKS }, (_, k) => {
    const from = last - (WEEKS - 1 - k) * WEEK;
    return { label: day(from), name: new Date(from * 1000).toISOString()
      .slice(0, 10), value: Number(of(from) / scale)
      / 10 ** Math.min(4, token.decimals) };
  });
  const first = points.findIndex((p) => p.value > 0);
  return html`<section data-test="takings"><div class="row between">
      <h2>${t('takings.title')}</h2>${coins.length > 1 && html`<${Choice}
        id="coin-of" label=${t('send.token')} value=${token.address}
        set=${choose} rows=${coins.map((c) => [c, tokens.get(c)?.symbol])} />`}
    </div><${Bars} points=${points.slice(Math.max(0, first))}
      title=${t('money.takings', { symbol: token.symbol })} label="money.week"
      say=${(v) => money(BigInt(Math.round(v * 1e4)), { ...token,
        decimals: 4 }, 2)} />
    <p class="quiet">${t('takings.how')}</p></section>`;
}

/* -------------------------------------------------------------- the pages */

export const MoneyPage = () => html`<h1>${t('nav.money')}</h1><${MoneyTabs} />
  <${Mine}>${(me) => html`<${Balance} me=${me} />
    <div class="row between"><p class="title">${t('money.escrow')}</p>
      <a href="/money/escrow">${t('money.held.list')}</a></div>
      <${HeldTiles} me=${me} />
    <${Takings} me=${me} />${may('export') && html`<${Month} me=${me} />`}`}<//>`;

// What a wallet understands: the address, or EIP-681 with network and amount.
function uriOf(me, chainId, token, amount) {
  const who = checksum(me);
  if (token.address === NOBODY) {
    return amount ? `ethereum:${who}@${chainId}?value=${amount}` : who;
  }
  return `ethereum:${checksum(token.address)}@${chainId}/transfer?address=${who}${
    amount ? `&uint256=${amount}` : ''}`;
}

function Ask({ me }) {
  const coins = useCoins(me);
  const tokens = useTokens(coins);
  const chain = useSignal(status)?.chainId;
  const [chosen, choose] = useState(NOBODY);
  const [text, set] = useState('');
  const token = tokens?.get(chosen);
  if (!token || !chain) return null;
  const amount = text.trim() ? parse(text, token) : undefined;
  const uri = amount === null ? null : uriOf(me, chain, token, amount);
  return html`<div class="beside"><section class="card">
      <h2>${t('money.receive.where')}</h2>
      <p class="code hash" data-test="address">${checksum(me)}
        <${Copy} text=${checksum(me)} /></p>
      <p class="quiet">${t('money.receive.how', { chain })}</p>
      <div class="pair">${coins.length > 1 && html`<${Field} id="ask-token"
          label=${t('send.token')}><select id="ask-token" value=${chosen}
          onChange=${(e) => choose(e.target.value)}>${coins.map((c) => html`
          <option value=${c}>${tokens.get(c)?.symbol}</option>`)}</select><//>`}
        <${Field} id="ask-amount" label=${t('money.receive.amount')}
          error=${amount === null && t('send.bad.amount')}><input
          id="ask-amount" inputmode="decimal" autocomplete="off" value=${text}
          aria-invalid=${amount === null ? 'true' : null}
          aria-describedby=${amount === null ? 'ask-amount-error' : null}
          onInput=${(e) => set(e.target.value)} /><//></div>
      ${may('till') && html`<p class="quiet">${t('money.receive.bill')}${' '}
        <a href="/invoices/new">${t('invoice.new')}</a></p>`}</section>
    <section class="card" data-test="qr">${uri ? html`<h2>${amount
        ? t('till.qr', { amount: money(amount, token) })
        : t('money.receive.scan')}</h2>
      <${Qr} text=${uri} label=${t('money.receive.scan')} />`
      : html`<p class="quiet">${t('send.bad.amount')}</p>`}</section></div>`;
}

export const Receive = () => html`<h1>${t('money.receive')}</h1><${MoneyTabs} />
  <${Mine}>${(me) => html`<${Ask} key=${me} me=${me} />`}<//>`;

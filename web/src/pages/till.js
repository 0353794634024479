// till.js - selling across the counter: a sum by keys or from the grid of
// goods, a QR code that the customer's wallet pays, a tone when it has.
import { useEffect, useRef, useState } from 'preact/hooks';
import { MODULE, NOBODY, ZERO32, act } from '../act.js';
import { Mine } from '../acting.js';
import { rpc } from '../api.js';
import { Approx } from '../approx.js';
import { chainS } from '../clock.js';
import { putDocument } from '../content.js';
import { number } from '../format.js';
import { Picture, titleOf } from '../goods.js';
import { t } from '../i18n.js';
import { useList, useRpc } from '../list.js';
import { Money, money, parse, plain } from '../money.js';
import { Qr } from '../qr.js';
import { Failure, Notice, html } from '../ui.js';

const LASTS_S = 900;
const KEYS = ['7', '8', '9', '4', '5', '6', '1', '2', '3', '.', '0', '⌫'];

// Two short tones, made here: no file, nothing to download.
function ring() {
  const sound = new AudioContext();
  [880, 1320].forEach((pitch, i) => {
    const tone = sound.createOscillator(), level = sound.createGain();
    const at = sound.currentTime + i * 0.15;
    tone.frequency.value = pitch;
    level.gain.setValueAtTime(0.25, at);
    level.gain.exponentialRampToValueAtTime(0.001, at + 0.3);
    tone.connect(level).connect(sound.destination);
    tone.start(at);
    tone.stop(at + 0.3);
  });
  setTimeout(() => sound.close(), 1000);
}

async function ask(total, title) {
  const doc = await putDocument({ title });
  const { events } = await act(t('till.ask', { amount: money(total) }),
    'orders', 'createInvoice', [NOBODY, { payer: NOBODY, token: NOBODY,
      amount: total, tax: 0, mode: 2, maxUses: 1, maxFeeBps: 0, feed: 0,
      expiresAt: chainS() + LASTS_S, doc, ref: ZERO32,
      handling: 0, delivery: 0, inspect: 0, milestoneAmounts: [],
      milestoneDue: [], milestoneDocs: [] }]);
  return Number(events.find((e) => e.name === 'InvoiceSaved').id);
}

function Waiting({ id, total, sound, done }) {
  const { data } = useRpc('order_invoice', id);
  const paid = data?.state === 'paid';
  const rung = useRef(false);
  useEffect(() => {
    if (paid && sound && !rung.current) { rung.current = true; ring(); }
  }, [paid]);
  const link = `${location.origin}/invoice/${id}`;
  return html`<section class="card till" data-test="till-wait">
    <p class="big">${money(total)}<${Approx} value=${total} /></p>
    ${paid ? html`<${Notice} kind="good" title=${t('till.paid')} />`
      : html`<p role="status">${t('till.waits')}</p>
        <${Qr} text=${link} label=${t('till.qr', { amount: money(total) })} />`}
    <button class="main" type="button" onClick=${done}>
      ${t(paid ? 'till.next' : 'act.not')}</button></section>`;
}

function Keypad({ sum, set }) {
  const press = (k) => set(k === '⌫' ? sum.slice(0, -1)
    : k === '.' && sum.includes('.') ? sum : (sum + k).slice(0, 14));
  return html`<div class="keypad" role="group" aria-label=${t('till.keys')}>
    ${KEYS.map((k) => html`<button type="button" onClick=${() => press(k)}
      aria-label=${k === '⌫' ? t('till.back') : k}>${k}</button>`)}</div>`;
}

function Grid({ me, add }) {
  const { data } = useList('market_search', { seller: me, sort: 'sold',
    token: NOBODY }, 24);
  return html`<div class="tillgrid" role="group" aria-label=${t('till.goods')}>
    ${(data?.items ?? []).map((l) => html`<button type="button" key=${l.id}
      onClick=${() => add(l)}><${Picture}
        hash=${l.document?.images?.[0]} size=${64} /><bdi>${titleOf(l)}</bdi>
      <small><${Money} value=${l.price} digits=${2} /></small></button>`)}</div>`;
}

function Till({ me }) {
  const [sum, set] = useState('');
  const [lines, setLines] = useState([]); // { title, price, n }
  const [open, setOpen] = useState(null); // { id, total }
  const [error, setError] = useState(null);
  const [sound, setSound] = useState(localStorage.getItem('sound') !== 'off');
  const typed = parse(sum || '0') ?? 0n;
  const total = lines.reduce((n, l) => n + BigInt(l.price) * BigInt(l.n), typed);
  const add = (l) => {
    const old = lines.find((x) => x.id === l.id);
    setLines(old ? lines.map((x) => x === old ? { ...x, n: x.n + 1 } : x)
      : [...lines, { id: l.id, title: titleOf(l), price: l.price, n: 1 }]);
  };
  const clear = () => { set(''); setLines([]); setOpen(null); };
  const go = async () => {
    setError(null);
    const title = lines.map((l) => `${l.n} × ${l.title}`).join(', ')
      || t('till.sale');
    try { setOpen({ id: await ask(total, title.slice(0, 400)), total }); }
    catch (e) { setError(e); }
  };
  if (open) {
    return html`<${Waiting} ...${open} sound=${sound} done=${clear} />`;
  }
  return html`<div class="beside"><section class="card till">
      <output class="big" aria-live="polite" data-test="total">
        ${money(total)}<${Approx} value=${total} /></output>
      ${lines.length > 0 && html`<ul>${lines.map((l) => html`<li>
        ${number(l.n)} × <bdi>${l.title}</bdi></li>`)}</ul>`}
      <label class="choice">${t('till.sum')}<input id="sum" value=${sum}
        inputmode="decimal" autocomplete="off" onInput=${(e) =>
          set(e.target.value.replace(',', '.').replace(/[^\d.]/g, ''))} />
      </label><${Keypad} sum=${sum} set=${set} />
      ${error && html`<${Failure} error=${error} />`}
      <div class="row"><button class="main" type="button" onClick=${go}
          disabled=${total === 0n} data-test="ask">${t('till.go')}</button>
        <button type="button" onClick=${clear}>${t('till.clear')}</button></div>
      <label class="tick"><input type="checkbox" checked=${sound}
        onChange=${(e) => { setSound(e.target.checked);
          localStorage.setItem('sound', e.target.checked ? 'on' : 'off'); }} />
        ${t('till.sound')}</label></section>
    <${Grid} me=${me} add=${add} /></div>`;
}

export const TillPage = () => html`<h1>${t('nav.till')}</h1>
  <${Mine}>${(me) => html`<${Till} me=${me} />`}<//>`;

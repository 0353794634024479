// till.js - selling across the counter: a sum by keys or from the grid of
// goods, a QR code that the customer's wallet pays, a tone when it has.
import { useEffect, useRef, useState } from 'preact/hooks';
import { Do, NOBODY, ZERO32, act } from '../act.js';
import { Mine } from '../acting.js';
import { Approx } from '../approx.js';
import { chainS } from '../clock.js';
import { putDocument } from '../content.js';
import { useDraft } from '../form.js';
import { number } from '../format.js';
import { Picture, Until, titleOf } from '../goods.js';
import { t } from '../i18n.js';
import { useList, useRpc } from '../list.js';
import { Money, local, money, parse } from '../money.js';
import { Qr } from '../qr.js';
import { Empty, Notice, html } from '../ui.js';

const LASTS_S = 900;
const START = { sum: '', lines: [], open: null };
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

// What is asked for, until it is paid, ends by itself, or is taken back; it is
// found again when the page is left or loaded again meanwhile.
function Waiting({ id, sum, sound, done }) {
  const { data } = useRpc('order_invoice', id);
  const total = BigInt(sum);
  const paid = data?.state === 'paid';
  const over = data && !paid && data.state !== 'open';
  const rung = useRef(false);
  useEffect(() => {
    if (paid && sound && !rung.current) { rung.current = true; ring(); }
  }, [paid]);
  const link = `${location.origin}/invoice/${id}`;
  return html`<section class="card till" data-test="till-wait">
    <p class="big">${money(total)}<${Approx} value=${total} /></p>
    ${paid ? html`<${Notice} kind="good" title=${t('till.paid')} />`
      : over ? html`<${Notice} kind="error" title=${t('till.over')}>
        ${t('till.over.why')}<//>`
      : html`<p role="status">${t('till.waits')}${data && html`${' '}<small>
          ${t('till.until')} <${Until} at=${data.expires} /></small>`}</p>
        <${Qr} text=${link} label=${t('till.qr', { amount: money(total) })} />`}
    ${data === null || paid || over ? html`<button class="main" type="button"
      onClick=${done}>${t('till.next')}</button>`
      : html`<${Do} test="till-cancel" go=${async () => {
        await act(t('invoice.cancel'), 'orders', 'cancelInvoice', [id]);
        done();
      }}>${t('till.cancel')}<//>`}</section>`;
}

function Keypad({ sum, set }) {
  const press = (k) => set(k === '⌫' ? sum.slice(0, -1)
    : k === '.' && sum.includes('.') ? sum : (sum + k).slice(0, 14));
  return html`<div class="keypad" role="group" aria-label=${t('till.keys')}>
    ${KEYS.map((k) => html`<button type="button" onClick=${() => press(k)}
      aria-label=${k === '⌫' ? t('till.back') : local(k)}>${local(k)}</button>`)}</div>`;
}

function Grid({ me, add }) {
  const { data } = useList('market_search', { seller: me, sort: 'sold',
    token: NOBODY }, 24);
  if (data && !data.items.length) {
    return html`<${Empty} title=${t('till.empty')} next=${['/sell/new',
      'sell.new']}>${t('till.empty.why')}<//>`;
  }
  return html`<div class="tillgrid" role="group" aria-label=${t('till.goods')}>
    ${(data?.items ?? []).map((l) => html`<button type="button" key=${l.id}
      onClick=${() => add(l)}><${Picture}
        hash=${l.document?.images?.[0]} size=${64} /><bdi>${titleOf(l)}</bdi>
      <small><${Money} value=${l.price} digits=${2} /></small></button>`)}</div>`;
}

function Till({ me }) {
  // sum: as typed; lines: [{ id, title, price, n }]; open: { id, sum } of the
  // invoice that waits
  const { form, set: put, anew } = useDraft(`till.${me}`, START);
  const { sum, lines, open } = form;
  const set = (text) => put({ ...form, sum: text });
  const setLines = (list) => put({ ...form, lines: list });
  const [sound, setSound] = useState(localStorage.getItem('sound') !== 'off');
  const typed = parse(sum || '0') ?? 0n;
  const total = lines.reduce((n, l) => n + BigInt(l.price) * BigInt(l.n), typed);
  const add = (l) => {
    const old = lines.find((x) => x.id === l.id);
    setLines(old ? lines.map((x) => x === old ? { ...x, n: x.n + 1 } : x)
      : [...lines, { id: l.id, title: titleOf(l), price: l.price, n: 1 }]);
  };
  const less = (line) => setLines(lines.map((l) => l === line
    ? { ...l, n: l.n - 1 } : l).filter((l) => l.n > 0));
  const go = async () => {
    const title = lines.map((l) => `${l.n} × ${l.title}`).join(', ')
      || t('till.sale');
    const id = await ask(total, title.slice(0, 400));
    put({ ...form, open: { id, sum: String(total) } });
  };
  if (open) {
    return html`<${Waiting} ...${open} sound=${sound} done=${anew} />`;
  }
  return html`<div class="beside"><section class="card till">
      <output class="big" aria-live="polite" data-test="total">
        ${money(total)}<${Approx} value=${total} /></output>
      ${lines.length > 0 && html`<ul class="plain bill">${lines.map((l) => html`
        <li key=${l.id}><span>${number(l.n)} × <bdi>${l.title}</bdi></span>
        <${Money} value=${BigInt(l.price) * BigInt(l.n)} digits=${2} />
        <button type="button" onClick=${() => less(l)} aria-label=${t(
          'till.less', { title: l.title })}>−</button></li>`)}</ul>`}
      <label class="choice">${t('till.sum')}<input id="sum" value=${local(sum)}
        inputmode="decimal" autocomplete="off" onInput=${(e) =>
          set(e.target.value.replace(',', '.').replace(/[^\d.]/g, ''))} />
      </label><${Keypad} sum=${sum} set=${set} />
      <div class="row"><${Do} kind="main" go=${go} test="ask"
          disabled=${total === 0n}>${t('till.go')}<//>
        <button type="button" onClick=${anew}>${t('till.clear')}</button></div>
      <label class="tick"><input type="checkbox" checked=${sound}
        onChange=${(e) => { setSound(e.target.checked);
          localStorage.setItem('sound', e.target.checked ? 'on' : 'off'); }} />
        ${t('till.sound')}</label></section>
    <${Grid} me=${me} add=${add} /></div>`;
}

export const TillPage = () => html`<h1>${t('nav.till')}</h1>
  <${Mine}>${(me) => html`<${Till} me=${me} />`}<//>`;

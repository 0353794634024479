// act.js - calls of modules, signed by whom we act for: asked by eth_call
// first, so that a refusal comes before a signature and in words; then a
// visible object until its block.
import { useState } from 'preact/hooks';
import { encodeCall, readCall, readEvent } from './abi.js';
import { acting, status } from './acting.js';
import { api, live, rpc } from './api.js';
import { abiOf } from './contracts.js';
import { sentence } from './fault.js';
import { t } from './i18n.js';
import { signal, useSignal } from './signal.js';
import { Field, Hash, html } from './ui.js';
import { sendBy, useNetwork } from './wallet.js';

export const MODULE = { identity: `0x${'0'.repeat(36)}1010`,
  platforms: `0x${'0'.repeat(36)}1011`, market: `0x${'0'.repeat(36)}1012`,
  orders: `0x${'0'.repeat(36)}1013`, mediation: `0x${'0'.repeat(36)}1014`,
  court: `0x${'0'.repeat(36)}1015` };
export const NOBODY = `0x${'0'.repeat(40)}`;
export const ZERO32 = `0x${'0'.repeat(64)}`;

export const sent = signal([]);    // newest first
export const changed = signal(0);  // grows when something of ours is in a block
const SHOWN = 5;
let next = 1;

function note(id, change) {
  const old = sent.value.find((s) => s.id === id);
  sent.set(old ? sent.value.map((s) => s === old ? { ...s, ...change } : s)
    : [{ id, ...change }, ...sent.value].slice(0, SHOWN));
}

/* ------------------------------------------------------------ passwords */

export const asked = signal(null); // { resolve } while a password is wanted
let known = null;                  // for the life of this page
export const forget = () => { known = null; };

export function password() {
  if (status.value?.dev) return undefined;
  if (known) return known;
  return new Promise((resolve, reject) => asked.set({
    give: (text) => { asked.set(null); resolve(text); },
    cancel: () => { asked.set(null);
      reject(new Error(t('act.cancelled'))); } }));
}

export function Password() {
  const open = useSignal(asked);
  const [text, set] = useState('');
  const [keep, setKeep] = useState(false);
  if (!open) return null;
  const submit = (e) => {
    e.preventDefault();
    if (keep) known = text;
    open.give(text);
    set('');
  };
  return html`<dialog class="sheet" ref=${(d) => d && !d.open && d.showModal()}
    aria-labelledby="pw-title" onCancel=${open.cancel}>
    <form class="form" onSubmit=${submit}><h2 id="pw-title">
      ${t('act.password')}</h2>
    <${Field} id="pw" label=${t('send.password')}>
      <input id="pw" type="password" value=${text} required autofocus
        autocomplete="current-password"
        onInput=${(e) => set(e.target.value)} /><//>
    <label class="tick"><input type="checkbox" checked=${keep}
      onChange=${(e) => setKeep(e.target.checked)} />${t('act.keep')}</label>
    <div class="row"><button class="main" type="submit">${t('act.sign')}
      </button><button type="button" onClick=${open.cancel}>
      ${t('act.not')}</button></div></form></dialog>`;
}

/* -------------------------------------------------------------- sending */

// More than the estimate: the block that takes it has another time and maybe
// other records than the one it was made on.
const roomOf = (gas) => Number(gas) + Math.ceil(Number(gas) / 4) + 20000;

async function submit(from, tx) {
  const gas = roomOf(await rpc('eth_estimateGas', { from: from.address,
    to: tx.to, data: tx.data, value: `0x${tx.value.toString(16)}` }));
  if (!from.wallet) {
    const pw = await password();
    try {
      return (await api('/api/send', { from: from.address, to: tx.to, gas,
        value: tx.value.toString(), data: tx.data, password: pw })).hash;
    } catch (e) { if (e.code === 'password') forget(); throw e; }
  }
  await useNetwork(from.wallet, status.value.chainId);
  return sendBy(from.wallet, { from: from.address, to: tx.to, data: tx.data,
    value: `0x${tx.value.toString(16)}`, gas: `0x${gas.toString(16)}` });
}

// A block may come at any time, and events may be lost: both are heeded.
async function receiptOf(hash) {
  const end = Date.now() + 120000;
  for (;;) {
    const r = await rpc('eth_getTransactionReceipt', hash);
    if (r) return r;
    if (Date.now() > end) throw new Error(t('act.long'));
    await new Promise((resolve) => {
      const stop = live.watch(() => done());
      const id = setTimeout(() => done(), 1000);
      const done = () => { stop(); clearTimeout(id); resolve(); };
    });
  }
}

const eventsOf = (abi, receipt, to) => receipt.logs
  .filter((l) => l.address === to).map((l) => readEvent(abi, l))
  .filter(Boolean).map((e) => ({ name: e.name,
    ...Object.fromEntries(e.args.map((a) => [a.name, a.value])) }));

// what: the words for it.  Resolves with { receipt, events } when it is done;
// rejects with a sentence.  to: an address, or a name of MODULE.
export async function act(what, to, method, values, { value = 0n, abi } = {}) {
  const from = acting.value;
  const id = next++;
  const address = MODULE[to] ?? to;
  const rows = abi ?? (await abiOf(address)).abi;
  const row = rows.find((r) => r.type === 'function' && r.name === method);
  const tx = { to: address, value, data: encodeCall(row, values) };
  const label = { what, method };
  try {
    note(id, { ...label, state: 'asking' });
    await rpc('eth_call', { from: from.address, to: tx.to, data: tx.data,
      value: `0x${value.toString(16)}` }, 'latest');
    const hash = await submit(from, tx);
    note(id, { state: 'waiting', hash });
    const receipt = await receiptOf(hash);
    if (receipt.status !== '0x1') throw new Error(t('act.reverted'));
    note(id, { state: 'done', hash });
    changed.set(changed.value + 1);
    return { receipt, events: eventsOf(rows, receipt, address) };
  } catch (e) {
    const reason = sentence(typeof e.data === 'string'
      ? readCall(rows, e.data, 'error') : null, e);
    note(id, { state: 'failed', reason });
    throw Object.assign(new Error(reason), { cause: e });
  }
}

/* -------------------------------------------------------------- showing */

const MARK = { asking: '…', waiting: '…', done: '✓', failed: '✕' };

export function Sent() {
  const list = useSignal(sent);
  if (!list.length) return null;
  const drop = (id) => sent.set(sent.value.filter((s) => s.id !== id));
  return html`<section class="sent" aria-label=${t('act.list')}>
    <ul aria-live="polite">${list.map((s) => html`<li key=${s.id}
      class=${s.state} data-test="sent" data-state=${s.state}>
      <span aria-hidden="true">${MARK[s.state]}</span>
      <span><strong>${s.what}</strong> ${t(`act.${s.state}`)}
        ${s.reason && html`<br /><bdi>${s.reason}</bdi>`}
        ${s.hash && html` <${Hash} value=${s.hash} to=${`/tx/${s.hash}`} />`}
      </span>
      <button type="button" class="copy" aria-label=${t('act.drop')}
        onClick=${() => drop(s.id)}>×</button></li>`)}</ul></section>`;
}

// A button that does something once at a time and tells what went wrong.
export function Do({ go, children, kind, disabled, confirm, test }) {
  const [state, set] = useState({});
  const run = async () => {
    if (confirm && !state.sure) { set({ sure: true }); return; }
    set({ busy: true });
    try { await go(); set({}); } catch (e) { set({ error: e.message }); }
  };
  return html`<span class="do"><button type="button" class=${kind}
      disabled=${disabled || state.busy} onClick=${run} data-test=${test}>
      ${state.busy ? t('act.busy') : state.sure ? confirm : children}</button>
    ${state.sure && html`<button type="button" onClick=${() => set({})}>
      ${t('act.not')}</button>`}
    ${state.error && html`<small class="wrong" role="alert">
      <bdi>${state.error}</bdi></small>`}</span>`;
}

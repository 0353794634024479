// act.js - calls of modules, signed by whom we act for: asked by eth_call
// first, so that a refusal comes before a signature and in words; then a
// visible object until its block.
import { useEffect, useRef, useState } from 'preact/hooks';
import { encodeCall, readCall, readEvent } from './abi.js';
import { acting } from './acting.js';
import { live, rpc, rpcAll } from './api.js';
import { abiOf } from './contracts.js';
import { sentence, inWords } from './fault.js';
import { t } from './i18n.js';
import { links } from './links.js';
import { mayCall, session } from './session.js';
import { signal, useSignal } from './signal.js';
import { Hash, html } from './ui.js';

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

// What waits for its block is found again by a page that is loaded anew, in the
// window that sent it.
const WAITING = 'sent';
const keep = () => sessionStorage.setItem(WAITING, JSON.stringify(sent.value
  .filter((s) => s.hash && s.state === 'waiting')
  .map(({ what, hash }) => ({ what, hash }))));
export function resume() {
  const list = JSON.parse(sessionStorage.getItem(WAITING) ?? '[]');
  for (const { what, hash } of list.reverse()) track(what, hash);
}

function note(id, change) {
  const old = sent.value.find((s) => s.id === id);
  sent.set(old ? sent.value.map((s) => s === old ? { ...s, ...change } : s)
    : [{ id, ...change }, ...sent.value].slice(0, SHOWN));
  keep();
}

/* -------------------------------------------------------------- sending */

// More than the estimate: the block that takes it has another time and maybe
// other records than the one it was made on.
const roomOf = (gas) => Number(gas) + Math.ceil(Number(gas) / 4) + 20000;

async function submit(from, tx) {
  const gas = roomOf(await rpc('eth_estimateGas', { from: from.address,
    to: tx.to, data: tx.data, value: `0x${tx.value.toString(16)}` }));
  return from.send({ ...tx, gas });
}

// A block may come at any time, and events may be lost: both are heeded.  While
// the node is away no time passes; one that was killed may have forgotten what
// waited: it is given it again, as it was signed.
const PATIENCE_MS = 120000;
const isRaw = (data) => data && data !== '0x';
async function receiptOf(hash) {
  let end = Date.now() + PATIENCE_MS, raw = null;
  for (;;) {
    const [r, known] = await rpcAll([['eth_getTransactionReceipt', hash],
      ['debug_getRawTransaction', hash]]).catch(() => [null, raw]);
    if (r) return r;
    if (isRaw(known)) raw = known;
    else if (raw) await rpc('eth_sendRawTransaction', raw).catch(() => {});
    if (!live.value.connected) end = Date.now() + PATIENCE_MS;
    if (Date.now() > end) {
      throw Object.assign(new Error(t('act.long')), { late: true });
    }
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
// rejects with a sentence.  to: an address, or a name of MODULE; method: a name,
// or a row of an ABI.
// taken(hash): told when it is signed and given to the node.
export async function act(what, to, method, values, { value = 0n, abi,
  taken } = {}) {
  const from = acting.value;
  const id = next++;
  const address = MODULE[to] ?? to;
  const rows = abi ?? (await abiOf(address)).abi;
  const row = typeof method === 'object' ? method
    : rows.find((r) => r.type === 'function' && r.name === method);
  const tx = { to: address, value, data: encodeCall(row, values) };
  const label = { what, method: row.name, wallet: Boolean(from.wallet) };
  try {
    note(id, { ...label, state: 'asking' });
    const [behind] = await rpcAll([['eth_syncing'], ['eth_call', {
      from: from.address, to: tx.to, data: tx.data,
      value: `0x${value.toString(16)}` }, 'latest']]);
    if (behind) throw new Error(t('sync.blocks'));
    const hash = await submit(from, tx);
    note(id, { state: 'waiting', hash });
    taken?.(hash);
    const receipt = await receiptOf(hash);
    if (receipt.status !== '0x1') throw new Error(t('act.reverted'));
    note(id, { state: 'done', hash });
    changed.set(changed.value + 1);
    return { receipt, events: eventsOf(rows, receipt, address) };
  } catch (e) {
    const reason = sentence(typeof e.data === 'string'
      ? readCall(rows, e.data, 'error') : null, e);
    note(id, { state: e.late ? 'late' : 'failed', reason });
    throw Object.assign(new Error(reason), { cause: e, late: e.late });
  }
}

// One that was sent by other ways: seen until it is in a block, and after.
export async function track(what, hash) {
  const id = next++;
  note(id, { what, state: 'waiting', hash });
  try {
    const { status } = await receiptOf(hash);
    if (status !== '0x1') throw new Error(t('send.failed'));
    note(id, { state: 'done' });
    changed.set(changed.value + 1);
  } catch (e) {
    note(id, { state: e.late ? 'late' : 'failed', reason: inWords(e) });
  }
}

/* -------------------------------------------------------------- showing */

const MARK = { asking: '…', waiting: '…', done: '✓', failed: '✕', late: '…' };

// A wallet that does not answer may have hidden its question.
const PATIENT_MS = 8000;
function Hanging() {
  const [long, set] = useState(false);
  useEffect(() => {
    const id = setTimeout(() => set(true), PATIENT_MS);
    return () => clearTimeout(id);
  }, []);
  return long && html`<br /><span data-test="hanging">${t('wallet.hangs')}</span>`;
}

export function Sent() {
  const list = useSignal(sent);
  if (!list.length) return null;
  const drop = (id) => sent.set(sent.value.filter((s) => s.id !== id));
  return html`<section class="sent" aria-label=${t('act.list')}>
    <ul aria-live="polite">${list.map((s) => html`<li key=${s.id}
      class=${s.state} data-test="sent" data-state=${s.state}>
      <span aria-hidden="true">${MARK[s.state]}</span>
      <span><strong>${s.what}</strong> ${t(s.state === 'asking' && s.wallet
          ? 'wallet.asked' : `act.${s.state}`)}
        ${s.state === 'asking' && s.wallet && html`<${Hanging} />`}
        ${s.reason && html`<br /><bdi>${s.reason}</bdi>`}
        ${s.hash && html` <${Hash} value=${s.hash} to=${links.tx?.(s.hash)} />`}
      </span>
      <button type="button" class="copy" aria-label=${t('act.drop')}
        onClick=${() => drop(s.id)}>×</button></li>`)}</ul></section>`;
}

// Tells whether a call ("orders.ship") is offered: the node's keys sign for a
// login what its role may, a wallet signs anything.
export function useMayCall() {
  const now = useSignal(session), who = useSignal(acting);
  return (call) => !call || Boolean(who?.wallet) || mayCall(call, now);
}
export const May = ({ call, children }) => useMayCall()(call) ? children : null;

// A button that does something once at a time and tells what went wrong.  It
// keeps the focus while it is busy; Escape takes back the first of two presses.
// call: what it calls; it is not there for who may not.
export function Do({ go, children, kind, disabled, confirm, test, call }) {
  const [state, set] = useState({});
  const button = useRef();
  const offered = useMayCall()(call);
  const back = () => { set({}); button.current.focus(); };
  const run = async () => {
    if (state.busy) return;
    if (confirm && !state.sure) { set({ sure: true }); return; }
    set({ busy: true });
    try { await go(); set({}); } catch (e) { set({ error: inWords(e) }); }
  };
  return offered && html`<span class="do" onKeyDown=${(e) => state.sure
      && e.key === 'Escape' && back()}><button type="button" class=${kind}
      ref=${button} disabled=${disabled} aria-disabled=${state.busy || null}
      onClick=${run} data-test=${test}
      data-call=${call}>
      ${state.busy ? t('act.busy') : state.sure ? confirm : children}</button>
    ${state.sure && html`<button type="button" onClick=${back}>
      ${t('act.not')}</button>`}
    ${state.error && html`<small class="wrong" role="alert">
      <bdi>${state.error}</bdi></small>`}</span>`;
}

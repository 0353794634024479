// api.js - the node: JSON-RPC, its own /api, and live events.
import { heed } from './clock.js';
import { has, t } from './i18n.js';
import { back, signal } from './signal.js';

let nextId = 1;

// What fetch says when nobody listens is different in every browser.
const ask = (path, options) => fetch(path, options).catch(() => {
  throw new Error(t('lost.ask'));
});

async function post(path, calls) {
  const body = calls.map(([method, ...params]) =>
    ({ jsonrpc: '2.0', id: nextId++, method, params }));
  const r = await ask(path, { method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body) });
  if (!r.ok) throw await refusal(path, r);
  const answers = new Map((await r.json()).map((a) => [a.id, a]));
  return body.map(({ id }) => {
    const a = answers.get(id);
    if (a.error) throw Object.assign(new Error(a.error.message), a.error);
    return a.result;
  });
}
// One call, or several in one batch: rpc('eth_x', a) or rpcAll([['eth_x', a]]).
export const rpcAll = (calls) => post('/', calls);
export const rpc = async (...call) => (await rpcAll([call]))[0];

// How a password is asked for again: set by confirm.js.
export const wanted = { confirm: null };
const CONFIRM = ['confirm', 4110];
async function again(go) {
  try { return await go(); } catch (e) {
    if (!CONFIRM.includes(e.code) || !wanted.confirm) throw e;
    await wanted.confirm();
    return go();
  }
}

// What needs a login.
export const ownerRpc = (...call) =>
  again(async () => (await post('/admin/rpc', [call]))[0]);

// The node's own API; its errors carry a code of http.h.  What has one meaning
// alone is told in our words, with the number that is in it.
function said(path, { code, message }) {
  const key = [`api.${code}.${path.split('/').at(-1)}`, `api.${code}`].find(has);
  return key ? t(key, { n: /\d+/.exec(message)?.[0] ?? '' }) : message;
}
export const api = (path, body) => again(() => apiOnce(path, body));
async function refusal(path, r) {
  const text = await r.text().catch(() => '');
  let e = { code: 'internal', message: text || `HTTP ${r.status}` };
  try { e = JSON.parse(text).error ?? e; } catch { /* not of ours */ }
  return Object.assign(new Error(said(path, e)), { code: e.code });
}
async function apiOnce(path, body) {
  const r = await ask(path, body === undefined ? {} : { method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body) });
  if (!r.ok) throw await refusal(path, r);
  return r.json().catch(() => ({}));
}

// What the node pushes: connected, head, pool.
export const live = signal({ connected: false, since: Date.now(), height: null,
  head: null, pending: 0, queued: 0 });

function set(change) {
  const was = live.value;
  if (change.head) heed(change.head.timeMs);
  live.set({ ...was, connected: true, ...change });
  if (!was.connected && was.height !== null) back.set(back.value + 1);
}
function gone() {
  if (!live.value.connected) return;
  live.set({ ...live.value, connected: false, since: Date.now() });
}

const RETRY_MS = 3000;
export function connect() {
  const events = new EventSource('/api/events');
  events.addEventListener('status', (e) => set(JSON.parse(e.data)));
  events.addEventListener('head', (e) => {
    const head = JSON.parse(e.data);
    set({ head, height: head.number, pending: head.pending,
      queued: head.queued });
  });
  events.addEventListener('pending', (e) => set(JSON.parse(e.data)));
  events.addEventListener('open', () => set({}));
  events.addEventListener('error', () => {
    gone();
    // the browser tries again by itself unless it was answered with an error
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, RETRY_MS);
  });
}

// The same by asking now and then, for pages of the port that has no /api/.
export async function poll() {
  if (!document.hidden || live.value.height === null) {
    await rpc('eth_getBlockByNumber', 'latest', false).then((b) => set({
      height: Number(b.number), head: { timeMs: Number(b.timestamp) * 1000 } }),
    gone);
  }
  setTimeout(poll, RETRY_MS);
}

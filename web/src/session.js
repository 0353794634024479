// session.js - who is logged in, what he may (rights of the node's table), and
// whether the node still wants set-up.
import { api } from './api.js';
import { signal, useSignal } from './signal.js';

export const session = signal(null);

// Without an answer we are who we were, nobody at first.
export async function loadSession() {
  session.set(await api('/api/session').catch(() => session.value ?? {}));
}

// Set-up, login, logout: asked, then looked at anew.
export async function change(path, body) {
  const answer = await api(path, body);
  await loadSession();
  return answer;
}

// rights: one name, or several of which one is enough.  Who is not logged in
// acts by a wallet of his own: pages are open to him, the node's own are not.
const OWN = ['users', 'notify', 'keys', 'node'];
export function may(rights, now = session.value) {
  const list = [].concat(rights ?? []);
  if (!list.length) return true;
  if (list.some((r) => now?.rights?.includes(r))) return true;
  return !now?.name && !list.some((r) => OWN.includes(r));
}
export function useMay(rights) {
  return may(rights, useSignal(session));
}

// Whether the node signs a call of a module for us: "orders.ship".
export function mayCall(call, now = session.value) {
  const name = call[0].toUpperCase() + call.slice(1);
  const of = (x) => now?.table?.find((r) => r.calls.includes(x))?.name;
  return may(of(name) ?? of(name.split('.')[0]), now);
}

// The roles that have one of these, as their names.
export function rolesWith(rights) {
  const list = [].concat(rights);
  const rows = (session.value?.table ?? []).filter((r) => list.includes(r.name));
  return [...new Set(rows.flatMap((r) => r.roles))];
}

// session.js - who is logged in, and whether the node still wants set-up.
import { api } from './api.js';
import { signal } from './signal.js';

export const session = signal(null);

export async function loadSession() {
  session.set(await api('/api/session').catch(() => null));
}

// Set-up, login, logout: asked, then looked at anew.
export async function change(path, body) {
  const answer = await api(path, body);
  await loadSession();
  return answer;
}

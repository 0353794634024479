// acting.js - in whose name pages act: a key of the node, or an account of the
// browser's wallet.  The choice is kept on this browser.
import { api } from './api.js';
import { checksum, short } from './format.js';
import { t } from './i18n.js';
import { session } from './session.js';
import { signal, useSignal } from './signal.js';
import { Empty, html } from './ui.js';
import { accountsOf, useNetwork, wallets } from './wallet.js';

export const status = signal(null);  // of /api/status
export const keys = signal(null);    // the node's, as far as we may use them
export const acting = signal(null);  // { id, address, wallet }
const KEPT = 'acting';

// Whether we may use them changes with who is logged in.
async function loadKeys() {
  status.set(await api('/api/status').catch(() => null));
  try { keys.set(status.value?.keysUsable ? (await api('/api/keys')).keys : []); }
  catch { keys.set([]); }
  const kept = localStorage.getItem(KEPT);
  const mine = keys.value.find((k) => k === kept) ?? keys.value[0];
  if (acting.value?.wallet) return;
  acting.set(mine ? { id: mine, address: mine } : null);
}

export async function loadActing() {
  await loadKeys();
  session.watch(loadKeys);
  const kept = localStorage.getItem(KEPT);
  const again = (list) => {
    if (acting.value?.id !== kept && list.some((w) => w.info.uuid === kept)) {
      choose(kept, true).catch(() => {});
    }
  };
  wallets.watch(again);
  again(wallets.value);
}

// quiet: only if the wallet knows us already.
export async function choose(id, quiet = false) {
  const wallet = wallets.value.find((w) => w.info.uuid === id);
  if (!wallet) acting.set({ id, address: id });
  else {
    const [address] = quiet
      ? await wallet.provider.request({ method: 'eth_accounts' })
      : await accountsOf(wallet);
    if (!address) return;
    if (!quiet) await useNetwork(wallet, status.value.chainId);
    acting.set({ id, address: address.toLowerCase(), wallet });
  }
  localStorage.setItem(KEPT, id);
}

// A label and a list to choose from.
export function Acting() {
  const now = useSignal(acting);
  const own = useSignal(keys) ?? [];
  const found = useSignal(wallets);
  const pick = (e) => choose(e.target.value).catch(() => acting.set(now));
  if (!own.length && !found.length) return null;
  return html`<label class="acting">${t('acting.as')}
    <select id="acting" value=${now?.id ?? ''} onChange=${pick}>
      ${!now && html`<option value="">${t('acting.nobody')}</option>`}
      ${own.map((k) => html`<option value=${k}>
        ${short(checksum(k), 4, 4)}</option>`)}
      ${found.map((w) => html`<option value=${w.info.uuid}>
        ${now?.id === w.info.uuid
          ? `${w.info.name} ${short(checksum(now.address), 4, 4)}`
          : w.info.name}</option>`)}</select></label>`;
}

// A page that needs an account: what to do when there is none.
export function Mine({ children }) {
  const now = useSignal(acting);
  const own = useSignal(keys);
  if (own === null) return null;
  if (!now) {
    return html`<${Empty} title=${t('acting.none')}>${t('acting.ways')}${' '}
      <a href="/login">${t('login.title')}</a><//>`;
  }
  return children(now.address);
}

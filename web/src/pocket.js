// pocket.js - a wallet made in the page, for who has none: an EIP-1193 provider
// beside those that announce themselves, last in the list.  What it is made of
// (its key, its dialogs; pocket_key.js, pocket_sheet.js) is loaded when it is
// first used.
import { rpc } from './api.js';
import { t } from './i18n.js';
import { signal, useLoad, useSignal } from './signal.js';
import { html } from './ui.js';
import { offer } from './wallet.js';

export const POCKET = 'pocket';
const KEPT = 'pocket.key'; // Web3 v3 JSON, encrypted; the address is in it

export const stored = () => {
  try { return JSON.parse(localStorage.getItem(KEPT)); } catch { return null; }
};
export const store = (json) => json
  ? localStorage.setItem(KEPT, JSON.stringify(json))
  : localStorage.removeItem(KEPT);

// What a dialog is wanted for: { kind: 'make' | 'open' | 'words', give, cancel } or
// null.
export const asked = signal(null);
let open = null; // the key, for the life of the page
export const forget = () => { open = null; store(null); };

const ask = (kind) => new Promise((resolve, reject) => asked.set({ kind,
  give: (key) => { asked.set(null); open = key; resolve(key); },
  cancel: () => { asked.set(null);
    reject(Object.assign(new Error(t('act.cancelled')), { code: 4001 })); } }));

// The words that the key is made of, shown; whether its file has them.
export const showWords = () => ask('words').catch(() => {});
export const hasWords = () => Boolean(stored()?.['x-ethers']);

const addressOf = (json) => json ? `0x${json.address}` : null;
const key = async () => open ?? ask(stored() ? 'open' : 'make');

const METHODS = {
  eth_chainId: () => rpc('eth_chainId'),
  eth_accounts: () => [addressOf(stored())].filter(Boolean),
  async eth_requestAccounts() {
    if (!stored()) await ask('make');
    return [addressOf(stored())];
  },
  wallet_switchEthereumChain: () => null,
  wallet_addEthereumChain: () => null,
  async eth_sendTransaction([tx]) {
    const secret = await key();
    const { signTransaction } = await import('./pocket_key.js');
    const [chainId, nonce] = await Promise.all([rpc('eth_chainId'),
      rpc('eth_getTransactionCount', tx.from, 'pending')]);
    return rpc('eth_sendRawTransaction', signTransaction(secret, { ...tx,
      chainId, nonce }));
  },
  async personal_sign([data]) {
    const secret = await key();
    return (await import('./pocket_key.js')).signMessage(secret, data);
  },
};

export const offerPocket = () => offer({ last: true, info: { uuid: POCKET,
  name: t('pocket.name') }, provider: { async request({ method, params = [] }) {
  const go = METHODS[method];
  if (!go) throw Object.assign(new Error(`${method}?`), { code: 4200 });
  return go(params);
} } });

// The dialog that is wanted; once in a page.
export function Pocket() {
  const now = useSignal(asked);
  const { data } = useLoad(async () => now
    ? import('./pocket_sheet.js') : undefined, [now?.kind]);
  return now && data ? html`<${data.Dialog} key=${now.kind} ...${now} />` : null;
}

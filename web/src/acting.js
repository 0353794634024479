// acting.js - in whose name pages act: { id, address, send(tx), sign(data) },
// an account of the browser's wallet, or (keys.js) a key of the node, which has
// letterKey() besides (seal.js).  The choice is kept on this browser.  tx: { to,
// data, value, gas } with value a BigInt; sign: of hex bytes by EIP-191.
import { t } from './i18n.js';
import { links } from './links.js';
import { signal, useSignal, valueOf } from './signal.js';
import { Empty, html } from './ui.js';
import { accountsOf, sendBy, useNetwork, wallets } from './wallet.js';

export const status = signal(null);  // of /api/status; chainId at least
export const known = signal(false);  // whether it is known who may act
export const acting = signal(null);
const KEPT = 'acting';

export const kept = () => localStorage.getItem(KEPT);
export function setActing(signer) {
  acting.set(signer);
  if (signer) localStorage.setItem(KEPT, signer.id);
  else localStorage.removeItem(KEPT);
}

const byWallet = (id, address, wallet) => ({ id, address, wallet,
  async send({ to, data, value, gas }) {
    await useNetwork(wallet, (await valueOf(status)).chainId);
    return sendBy(wallet, { from: address, to, data,
      value: `0x${value.toString(16)}`, gas: `0x${gas.toString(16)}` });
  },
  sign: (data) => wallet.provider.request({ method: 'personal_sign',
    params: [data, address] }) });

// quiet: only if the wallet knows us already.
export async function chooseWallet(wallet, quiet = false) {
  const [address] = quiet
    ? await wallet.provider.request({ method: 'eth_accounts' })
    : await accountsOf(wallet);
  if (!address) return;
  // who is quick asks before the node has told its network
  if (!quiet) await useNetwork(wallet, (await valueOf(status)).chainId);
  setActing(byWallet(wallet.info.uuid, address.toLowerCase(), wallet));
}

// The wallet that was chosen before, when it shows itself.
export function keepWallet() {
  const again = (list) => {
    const wallet = list.find((w) => w.info.uuid === kept());
    if (wallet && acting.value?.id !== kept()) {
      chooseWallet(wallet, true).catch(() => {});
    }
  };
  wallets.watch(again);
  again(wallets.value);
}

// A page that needs an account: what to do when there is none.
export function Mine({ children }) {
  const now = useSignal(acting);
  const ready = useSignal(known);
  const found = useSignal(wallets);
  if (now) return children(now.address);
  if (!ready) return null;
  return html`<${Empty} title=${t('acting.none')}>${t('acting.ways')}${' '}
    ${found.map((w) => html`<button type="button" data-test=${w.last ? 'pocket'
      : 'connect'} onClick=${() => chooseWallet(w).catch(() => {})}>
      ${w.last ? w.info.name : t('acting.connect', { name: w.info.name })}
      </button> `)}
    ${links.login && html`<a href=${links.login}>${t('login.title')}</a>`}<//>`;
}

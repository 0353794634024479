// acting.js - in whose name pages act: { id, address, send(tx), sign(data) },
// an account of the browser's wallet, or (keys.js) a key of the node, which has
// letterKey() besides (seal.js).  The choice is kept on this browser.  tx: { to,
// data, value, gas } with value a BigInt; sign: of hex bytes by EIP-191.
import { useState } from 'preact/hooks';
import { inWords } from './fault.js';
import { t } from './i18n.js';
import { links } from './links.js';
import { signal, useSignal, valueOf } from './signal.js';
import { Empty, Skeleton, html } from './ui.js';
import { accountsOf, onAccounts, sendBy, useNetwork, wallets }
  from './wallet.js';

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
    const { chainId } = await valueOf(status);
    await useNetwork(wallet, chainId);
    return sendBy(wallet, { from: address, to, data,
      value: `0x${value.toString(16)}`, gas: `0x${gas.toString(16)}`,
      chainId: `0x${chainId.toString(16)}` });
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
  take(wallet, address);
  onAccounts(wallet, ([other]) => {
    if (acting.value?.wallet !== wallet) return;
    if (other) take(wallet, other);
    else setActing(null);
  });
}
const take = (wallet, address) => setActing(byWallet(wallet.info.uuid,
  address.toLowerCase(), wallet));

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

// The icon that a wallet gives of itself.
const Mark = ({ wallet: { info } }) => info.icon?.startsWith('data:image/')
  && html`<img src=${info.icon} alt="" width="20" height="20" />`;

// The wallets of this browser, to choose from; what one refuses is said.
export function Wallets() {
  const found = useSignal(wallets);
  const [{ busy, wrong }, say] = useState({});
  const take = (wallet) => async () => {
    if (busy) return;
    say({ busy: wallet });
    try {
      await chooseWallet(wallet);
      say({});
    } catch (e) { say({ wrong: inWords(e) }); }
  };
  return html`${found.map((w) => html`<button type="button" key=${w.info.uuid}
      class=${w.last ? null : 'main'} data-test=${w.last ? 'pocket' : 'connect'}
      aria-disabled=${busy ? 'true' : null} onClick=${take(w)}><${Mark} wallet=${w} />
      ${busy === w ? t('wallet.asked') : w.last ? w.info.name
        : t('acting.connect', { name: w.info.name })}</button>`)}
    ${wrong && html`<small class="wrong" role="alert"><bdi>${wrong}</bdi>
      </small>`}`;
}

// A page that needs an account: what to do when there is none.
export function Mine({ children }) {
  const now = useSignal(acting);
  const ready = useSignal(known);
  if (now) return children(now.address);
  if (!ready) return html`<${Skeleton} />`;
  return html`<${Empty} title=${t(links.shop ? 'acting.none.shop'
    : 'acting.none')}>${t(links.shop ? 'acting.ways.shop' : 'acting.ways')}
    <span class="row"><${Wallets} />${links.login && html`<a
      href=${links.login}>${t('login.title')}</a>`}</span><//>`;
}

// wallet.js - wallets of the browser: discovered by EIP-6963, with
// window.ethereum as the fallback; our network is added where it is unknown.
import { t } from './i18n.js';
import { signal } from './signal.js';

export const wallets = signal([]);

// Once each; those that are last stay behind those that announce themselves.
export function offer(wallet) {
  if (wallets.value.some((w) => w.info.uuid === wallet.info.uuid)) return;
  wallets.set([...wallets.value, wallet].sort((a, b) =>
    Number(a.last ?? 0) - Number(b.last ?? 0)));
}

export function discover() {
  addEventListener('eip6963:announceProvider', (e) => {
    const { info, provider } = e.detail;
    offer({ info, provider });
  });
  dispatchEvent(new Event('eip6963:requestProvider'));
  setTimeout(() => {
    if (wallets.value.every((w) => w.last) && window.ethereum) {
      offer({ info: { uuid: 'injected', name: t('acting.injected') },
        provider: window.ethereum });
    }
  }, 300);
}

export async function accountsOf(wallet) {
  return wallet.provider.request({ method: 'eth_requestAccounts' });
}

// What it says when its user takes another account there: told(addresses), none
// when he leaves.  Asked for once a wallet.
const followed = new WeakSet();
export function onAccounts({ provider }, told) {
  if (followed.has(provider)) return;
  followed.add(provider);
  provider.on?.('accountsChanged', told);
}

// The wallet asks its user; it knows the network then, and is on it.
export async function addNetwork({ provider }, chainId) {
  await provider.request({ method: 'wallet_addEthereumChain', params: [{
    chainId: `0x${chainId.toString(16)}`, chainName: `CyberMiles ${chainId}`,
    nativeCurrency: { name: 'CyberMiles Token', symbol: 'CMT', decimals: 18 },
    rpcUrls: [location.origin], blockExplorerUrls: [location.origin] }] });
}

// Puts the wallet on our network.  One that says yes and stays elsewhere would
// pay there, in another coin: it is asked again and not believed.
export async function useNetwork(wallet, chainId) {
  const { provider } = wallet;
  const isHere = async () => Number(await provider.request(
    { method: 'eth_chainId' })) === chainId;
  if (await isHere()) return;
  try {
    await provider.request({ method: 'wallet_switchEthereumChain',
      params: [{ chainId: `0x${chainId.toString(16)}` }] });
  } catch (e) {
    if (e.code !== 4902 && e.data?.originalError?.code !== 4902) throw e;
    await addNetwork(wallet, chainId);
  }
  if (!await isHere()) throw new Error(t('wallet.elsewhere', { id: chainId }));
}

export const sendBy = (wallet, tx) =>
  wallet.provider.request({ method: 'eth_sendTransaction', params: [tx] });

// What wallets refuse with (EIP-1193), as a sentence; null: it is no such refusal.
const SAID = { 4001: 'wallet.refused', 4100: 'wallet.closed', 4900: 'wallet.gone',
  4901: 'wallet.gone', '-32002': 'wallet.busy' };
export const refusal = (e) => SAID[e?.code] ? t(SAID[e.code]) : null;

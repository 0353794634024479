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

// The wallet asks its user; it knows the network then, and is on it.
export async function addNetwork({ provider }, chainId) {
  await provider.request({ method: 'wallet_addEthereumChain', params: [{
    chainId: `0x${chainId.toString(16)}`, chainName: `CyberMiles ${chainId}`,
    nativeCurrency: { name: 'CyberMiles Token', symbol: 'CMT', decimals: 18 },
    rpcUrls: [location.origin], blockExplorerUrls: [location.origin] }] });
}

export async function useNetwork(wallet, chainId) {
  const id = `0x${chainId.toString(16)}`;
  const { provider } = wallet;
  if (await provider.request({ method: 'eth_chainId' }) === id) return;
  try {
    await provider.request({ method: 'wallet_switchEthereumChain',
      params: [{ chainId: id }] });
  } catch (e) {
    if (e.code !== 4902 && e.data?.originalError?.code !== 4902) throw e;
    await addNetwork(wallet, chainId);
  }
}

export const sendBy = (wallet, tx) =>
  wallet.provider.request({ method: 'eth_sendTransaction', params: [tx] });

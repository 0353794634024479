// purse.mjs - a wallet in the browser for tests of trade: an EIP-1193 provider
// that announces itself by EIP-6963 and knows our network; what it signs is
// signed outside the page, by an ethers wallet.  window.purse.mode: 'refuse' or
// 'hang' instead of signing; purse.tell(event, argument): what wallets tell.
import { ethers } from 'ethers';

function inject({ address, chainId, name }) {
  const told = {};
  window.purse = { mode: null,
    tell: (event, arg) => (told[event] ?? []).forEach((f) => f(arg)) };
  const sign = () => {
    if (window.purse.mode === 'hang') return new Promise(() => {});
    if (window.purse.mode !== 'refuse') return null;
    throw Object.assign(new Error('User rejected the request.'), { code: 4001 });
  };
  const provider = {
    on(event, f) { (told[event] ??= []).push(f); }, removeListener() {},
    async request({ method, params = [] }) {
      switch (method) {
        case 'eth_chainId': return chainId;
        case 'eth_requestAccounts': case 'eth_accounts': return [address];
        case 'wallet_switchEthereumChain': return null;
        case 'eth_sendTransaction': return await sign()
          ?? window.purseSend(params[0]);
        case 'personal_sign': return window.purseSign(params[0]);
        default: throw Object.assign(new Error(`no ${method}`), { code: 4200 });
      }
    },
  };
  const detail = Object.freeze({ provider, info: Object.freeze({
    uuid: `purse-${address}`, name, icon: 'data:,', rdns: 'test.purse' }) });
  const tell = () => window.dispatchEvent(
    new CustomEvent('eip6963:announceProvider', { detail }));
  window.addEventListener('eip6963:requestProvider', tell);
  tell();
}

// signer: an ethers wallet with a provider.
export async function givePurse(page, signer, name = 'Purse') {
  const { chainId } = await signer.provider.getNetwork();
  await page.exposeFunction('purseSend', async (tx) =>
    (await signer.sendTransaction({ to: tx.to, value: tx.value,
      data: tx.data, gasLimit: tx.gas })).hash);
  await page.exposeFunction('purseSign', (data) =>
    signer.signMessage(ethers.getBytes(data)));
  await page.addInitScript(inject, { address: signer.address, name,
    chainId: `0x${chainId.toString(16)}` });
}

// Chooses in whose name the page acts: an address, or a wallet's name.
export async function actAs(page, who) {
  await page.waitForSelector('#acting');
  const value = await page.waitForFunction((text) => [...document
    .querySelectorAll('#acting option')].find((o) => o.value === text
      || o.textContent.trim().startsWith(text))?.value, who.startsWith('0x')
    ? who.toLowerCase() : who);
  await page.selectOption('#acting', await value.jsonValue());
}

// What the page did is in a block.
export async function settled(page, count = 1) {
  await page.waitForFunction((n) => document.querySelectorAll(
    '[data-test=sent][data-state=done]').length >= n, count,
  { timeout: 30000 });
}

// Takes a step (web/src/steps.js): opens its form, fills it, presses its button.
export async function step(page, name, fill = {}) {
  const summary = page.locator(`[data-test=open-${name}]`);
  await page.waitForSelector(`[data-test=open-${name}], [data-test=do-${name}]`);
  if (await summary.count() && !await summary.locator('..').evaluate(
    (d) => d.open)) await summary.click();
  for (const [field, text] of Object.entries(fill)) {
    const input = page.locator(`#${name}-${field}`);
    if (await input.evaluate((e) => e.tagName) === 'SELECT') {
      await input.selectOption(text);
    } else await input.fill(text);
  }
  await page.click(`[data-test=do-${name}]`);
}

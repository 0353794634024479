// wallet.mjs - a wallet in the browser (an EIP-1193 provider that announces
// itself by EIP-6963, and one that is only window.ethereum) that does not know
// our network: the page adds it by wallet_addEthereumChain, the wallet checks
// what it was told as wallets do, and sends.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { Node } from '../e2e/node.mjs';
import { CHROMIUM, launch, open } from './browser.mjs';

const skip = existsSync(CHROMIUM) ? false : 'no Chromium on this machine';
const KEY = '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d';
let node, browser, provider, signer;

before(async () => {
  if (skip) return;
  node = await Node.start(['dev']);
  browser = await launch();
  provider = new ethers.JsonRpcProvider(node.url, undefined,
    { cacheTimeout: -1 });
  provider.pollingInterval = 50;
  signer = new ethers.Wallet(KEY, provider);
});
after(async () => {
  provider?.destroy();
  await browser?.close();
  if (node) assert.equal((await node.stop()).code, 0);
});

// In the page: a wallet that knows chain 1 alone.  What it signs is done
// outside, by window.walletSend.
function inject({ announced, address, refuses }) {
  const chains = { '0x1': ['https://main.example'] };
  const asked = [];
  let now = '0x1', connected = false;
  const fault = (code, message) => Object.assign(new Error(message), { code });
  async function rpc(url, method) {
    const r = await fetch(url, { method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: [] }) });
    return (await r.json()).result;
  }
  async function add(p) {
    if (refuses) throw fault(4001, 'User rejected the request.');
    if (p.nativeCurrency.decimals !== 18 || !p.chainName || !p.rpcUrls.length
      || !/^[A-Z]{2,6}$/.test(p.nativeCurrency.symbol)) {
      throw fault(-32602, 'malformed chain');
    }
    if (await rpc(p.rpcUrls[0], 'eth_chainId') !== p.chainId) {
      throw fault(-32602, 'the endpoint has another chain id');
    }
    chains[p.chainId] = p.rpcUrls;
    now = p.chainId;
    return null;
  }
  const provider = {
    on() {}, removeListener() {},
    async request({ method, params = [] }) {
      asked.push(method);
      switch (method) {
        case 'eth_chainId': return now;
        case 'eth_requestAccounts': connected = true; return [address];
        case 'eth_accounts': return connected ? [address] : [];
        case 'wallet_switchEthereumChain':
          if (!chains[params[0].chainId]) throw fault(4902, 'unknown chain');
          now = params[0].chainId;
          return null;
        case 'wallet_addEthereumChain': return add(params[0]);
        case 'eth_sendTransaction':
          if (!connected) throw fault(4100, 'not authorized');
          return window.walletSend(chains[now][0], params[0]);
        default: throw fault(4200, `${method} is not supported`);
      }
    },
  };
  window.testWallet = { asked, chains };
  if (!announced) {
    window.ethereum = provider;
    return;
  }
  const detail = Object.freeze({ provider, info: Object.freeze({
    uuid: '350670db-19fa-4704-a166-e52e178b59d2', name: 'Test Wallet',
    icon: 'data:image/svg+xml,<svg/>', rdns: 'test.wallet' }) });
  const tell = () => window.dispatchEvent(
    new CustomEvent('eip6963:announceProvider', { detail }));
  window.addEventListener('eip6963:requestProvider', tell);
  tell();
}

async function page(options) {
  const p = await open(browser);
  await p.exposeFunction('walletSend', async (url, tx) => {
    assert.equal(new URL(url).origin, new URL(node.url).origin);
    assert.equal(tx.from, signer.address);
    return (await signer.sendTransaction({ to: tx.to, value: tx.value })).hash;
  });
  await p.addInitScript(inject, { address: signer.address, ...options });
  await p.goto(`${node.url}/send`);
  await p.waitForSelector('#from');
  return p;
}

async function sendBy(p, label, to, amount) {
  await p.waitForFunction((text) => [...document.querySelectorAll(
    '#from option')].some((o) => o.textContent === text), label);
  await p.selectOption('#from', { label });
  await p.fill('#to', to);
  await p.fill('#amount', amount);
  await p.click('button.main');
}

for (const [announced, label] of [[true, 'Test Wallet'],
  [false, 'Browser wallet']]) {
  test(`${label}: the network is added, then used`, { skip }, async () => {
    const p = await page({ announced });
    const to = ethers.Wallet.createRandom().address;
    await sendBy(p, label, to, '1.5');
    await p.waitForSelector('[data-test=sent][data-state=done]');
    assert.equal(await provider.getBalance(to), ethers.parseEther('1.5'));
    const seen = await p.evaluate(() => window.testWallet);
    assert.deepEqual(seen.chains['0x7a69'], [node.url.replace(/\/$/, '')]);
    assert.ok(seen.asked.indexOf('wallet_addEthereumChain')
      < seen.asked.indexOf('eth_sendTransaction'));
    await sendBy(p, label, to, '0.5'); // it knows the network by now
    await p.waitForFunction(() => document.querySelectorAll(
      '[data-test=sent][data-state=done]').length === 2);
    const again = await p.evaluate(() => window.testWallet.asked
      .filter((m) => m === 'wallet_addEthereumChain').length);
    assert.equal(again, 1);
    assert.equal(await provider.getBalance(to), ethers.parseEther('2'));
    assert.deepEqual(p.wrong, []);
    await p.context().close();
  });
}

test('a wallet that refuses the network: nothing is sent, and it is said',
  { skip }, async () => {
    const p = await page({ announced: true, refuses: true });
    const nonce = await provider.getTransactionCount(signer.address);
    await sendBy(p, 'Test Wallet', ethers.Wallet.createRandom().address, '1');
    await p.waitForSelector('.notice.error, .notice[role=alert]');
    assert.match(await p.textContent('form.form'), /refused it in the wallet/);
    assert.equal(await provider.getTransactionCount(signer.address), nonce);
    await p.context().close();
  });

test('the page Node adds this network to a wallet', { skip }, async () => {
  for (const [announced, label, refuses] of [[true, 'Test Wallet', false],
    [false, 'Browser wallet', false], [true, 'Test Wallet', true]]) {
    const p = await open(browser);
    await p.addInitScript(inject, { address: signer.address, announced,
      refuses });
    await p.goto(`${node.url}/node`);
    const button = p.locator('[data-test=add-network]', { hasText: label });
    await button.click();
    await p.waitForSelector(refuses ? '.notice.error' : '.notice.good');
    const seen = await p.evaluate(() => window.testWallet);
    assert.deepEqual(seen.chains['0x7a69'],
      refuses ? undefined : [node.url.replace(/\/$/, '')]);
    if (refuses) {
      assert.match(await p.textContent('.notice.error'),
        /refused it in the wallet/);
    }
    assert.deepEqual(p.wrong, []);
    await p.context().close();
  }
});

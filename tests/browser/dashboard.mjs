// dashboard.mjs - the dashboard as a person uses it, in Chromium: sends CMT,
// sees the block, finds it again; wrong input, small screens, dark, keyboard.
// TEST_TIMEOUT=300
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { Node, run, folder, remove } from '../e2e/node.mjs';
import { CHROMIUM, faults, launch, loaded, onPhone, open } from './browser.mjs';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const skip = existsSync(CHROMIUM) ? false : 'no Chromium on this machine';
let node, browser;

before(async () => {
  if (skip) return;
  node = await Node.start(['dev']);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  if (node) assert.equal((await node.stop()).code, 0);
});

async function send(page, to, amount) {
  await page.goto(`${node.url}/send`);
  await page.fill('#to', to);
  await page.fill('#amount', amount);
  await page.click('button.main');
  await page.waitForSelector('[data-test=sent][data-state=done]');
}

test('CMT is sent from the page, the block is seen, the balance is there',
  { skip }, async () => {
    const page = await open(browser);
    await page.goto(node.url);
    await page.waitForSelector('[data-test=height]');
    const height = await node.height();
    assert.equal(await page.textContent('[data-test=height]').then((s) =>
      s.trim()), String(height));
    const to = ethers.Wallet.createRandom().address;
    await send(page, to, '12.5');
    await page.click('[data-test=sent] a');
    await page.waitForSelector('.status.ok');
    assert.match(await page.textContent('[data-test=value]'), /12\.5\s+CMT/);
    await page.click(`a[href="/block/${height + 1}"]`);
    await page.waitForSelector(`h1:has-text("Block ${height + 1}")`);
    await page.fill('#search', to);
    await page.press('#search', 'Enter');
    await page.waitForSelector('[data-test=balance]');
    assert.match(await page.textContent('[data-test=balance]'),
      /12\.5\s+CMT/);
    assert.match(await page.textContent('p.hash'), new RegExp(to));
    await page.click('nav a[href="/"]');
    await page.waitForFunction((n) => document
      .querySelector('[data-test=height]')?.textContent.trim() === String(n),
    height + 1);
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  });

test('a new block appears by itself', { skip }, async () => {
  const page = await open(browser);
  await page.goto(node.url);
  await page.waitForSelector('.pill.on');
  const height = await node.height();
  const wallet = ethers.HDNodeWallet.fromPhrase(
    'test test test test test test test test test test test junk', undefined,
    "m/44'/60'/0'/0/5");
  await node.rpc('eth_sendRawTransaction', [await wallet.signTransaction({
    type: 0, chainId: 31337, nonce: 0, to: wallet.address, gasPrice: 0,
    gasLimit: 21000 })]);
  await page.waitForFunction((n) => document
    .querySelector('[data-test=height]')?.textContent.trim() === String(n),
  height + 1);
  assert.deepEqual(page.wrong, []);
  await page.context().close();
});

test('wrong input is named at its field and nothing is sent', { skip },
  async () => {
    const page = await open(browser);
    await page.goto(`${node.url}/send`);
    const height = await node.height();
    await page.fill('#to', '0x12');
    await page.fill('#amount', 'a lot');
    await page.click('button.main');
    assert.ok(await page.isVisible('#to-error'));
    assert.ok(await page.isVisible('#amount-error'));
    await page.fill('#to', '0xFb6916095ca1df60bB79Ce92cE3Ea74c37c5d359');
    await page.click('button.main');
    assert.match(await page.textContent('#to-error'), /EIP-55/);
    await page.fill('#to', ethers.ZeroAddress);
    await page.fill('#amount', '999999999');
    await page.click('button.main');
    await page.waitForSelector('.notice.error');
    assert.match(await page.textContent('.notice.error'),
      /does not hold that much.*insufficient funds/);
    assert.equal(await node.height(), height);
    await page.context().close();
  });

test('what is not there is said so', { skip }, async () => {
  const page = await open(browser);
  await page.goto(`${node.url}/block/999999`);
  await page.waitForSelector('.empty');
  await page.goto(`${node.url}/tx/0x${'12'.repeat(32)}`);
  await page.waitForSelector('.empty');
  await page.goto(`${node.url}/address/0x12`);
  await page.waitForSelector('.empty');
  await page.goto(`${node.url}/no/such/page`);
  await page.waitForSelector('h1:has-text("no such page")');
  await page.fill('#search', 'hello');
  await page.press('#search', 'Enter');
  await page.waitForSelector('.search .wrong:has-text("block number")');
  assert.deepEqual(page.wrong, []);
  await page.context().close();
});

test('on a network the password of the key is asked, and a wrong one said',
  { skip }, async () => {
    const dir = folder();
    const word = join(dir, 'word');
    writeFileSync(word, 'open sesame\n');
    const db = join(dir, 'shop.db');
    assert.equal(run(['init', '--db', db, '--password', word]).status, 0);
    const shop = await Node.start(['run', '--db', db]);
    const page = await open(browser);
    await page.goto(`${shop.url}/send`);
    await page.fill('#to', ethers.ZeroAddress);
    await page.fill('#amount', '1');
    await page.fill('#password', 'open barley');
    await page.click('button.main');
    await page.waitForSelector('.notice.error:has-text("password")');
    await page.fill('#password', 'open sesame');
    await page.click('button.main');
    await page.waitForSelector('[data-test=sent][data-state=done]', { timeout: 20000 });
    assert.equal(BigInt(await shop.rpc('eth_getBalance', [ethers.ZeroAddress,
      'latest'])), 10n ** 18n);
    await page.context().close();
    assert.equal((await shop.stop()).code, 0);
    remove(dir);
  });

test('credits are shown where the chain counts them, and the ways on',
  { skip }, async () => {
    const dir = folder();
    const shop = await Node.start(['run', '--db', join(dir, 'shop.db')]);
    const { operator } = await (await fetch(`${shop.url}/api/status`)).json();
    const page = await open(browser);
    await page.goto(`${shop.url}/address/${operator}`);
    await page.waitForSelector('[data-test=credits] meter');
    assert.match(await page.textContent('[data-test=credits]'),
      /Enough for about [0-9.]+B payments now\.\s+Full\./);
    await page.goto(`${shop.url}/address/0x${'12'.repeat(20)}`);
    await page.waitForSelector('[data-test=credits]:has-text("Three ways on")');
    assert.deepEqual(await faults(page), []);
    assert.deepEqual(page.wrong, []);
    await page.goto(`${node.url}/address/${operator}`); // counts none
    await page.waitForSelector('[data-test=balance]');
    assert.equal(await page.$('[data-test=credits]'), null);
    await page.context().close();
    assert.equal((await shop.stop()).code, 0);
    remove(dir);
  });

test('a wallet found by EIP-6963 is offered and asked to send', { skip },
  async () => {
    const page = await open(browser);
    await page.addInitScript(() => {
      const asked = [];
      window.asked = asked;
      const provider = { request: async ({ method, params }) => {
        asked.push([method, params]);
        if (method === 'eth_chainId') return window.chain ?? '0x1';
        if (method === 'eth_requestAccounts') return [`0x${'ab'.repeat(20)}`];
        if (method === 'wallet_switchEthereumChain') {
          throw Object.assign(new Error('unknown chain'), { code: 4902 });
        }
        if (method === 'wallet_addEthereumChain') window.chain = window.goes
          && params[0].chainId;
        if (method === 'eth_sendTransaction') return `0x${'cd'.repeat(32)}`;
        return null;
      } };
      const say = () => dispatchEvent(new CustomEvent(
        'eip6963:announceProvider', { detail: Object.freeze({ provider,
          info: { uuid: 'u-1', name: 'Test Wallet', icon: 'data:,',
            rdns: 'test.wallet' } }) }));
      addEventListener('eip6963:requestProvider', say);
    });
    await page.goto(`${node.url}/send`);
    await page.selectOption('#from', { label: 'Test Wallet' });
    await page.fill('#to', ethers.ZeroAddress);
    await page.fill('#amount', '0.25');
    // it says yes and stays where it is: nothing is sent there
    await page.click('button.main');
    await page.waitForSelector('.notice.error:has-text("another network")');
    assert.deepEqual((await page.evaluate(() => window.asked)).filter(([m]) =>
      m === 'eth_sendTransaction'), []);
    await page.evaluate(() => { window.goes = true; });
    await page.click('button.main');
    await page.waitForSelector('[data-test=sent]');
    const asked = await page.evaluate(() => window.asked);
    const add = asked.find(([m]) => m === 'wallet_addEthereumChain');
    assert.equal(add[1][0].chainId, '0x7a69');
    assert.equal(add[1][0].nativeCurrency.symbol, 'CMT');
    const tx = asked.find(([m]) => m === 'eth_sendTransaction')[1][0];
    assert.equal(BigInt(tx.value), 25n * 10n ** 16n);
    await page.context().close();
  });

test('every page works at 320 px, dark and light, and from right to left',
  { skip }, async () => {
    const head = await node.rpc('eth_getBlockByNumber', ['latest', true]);
    await onPhone(browser, 'dashboard', node.url, ['/', '/blocks', '/send',
      '/money', '/node', '/console', `/block/${Number(head.number)}`,
      head.transactions[0] ? `/tx/${head.transactions[0].hash}` : '/tokens',
      `/address/${head.miner}`, '/missing']);
  });

test('the page is usable by keyboard alone', { skip }, async () => {
  const page = await open(browser);
  await page.goto(`${node.url}/blocks`);
  await page.waitForSelector('h1');
  await page.keyboard.press('Tab');
  for (let i = 0; i < 24; i++) {
    const href = await page.evaluate(() =>
      document.activeElement.getAttribute('href'));
    if (href === '/money') break;
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-test=balance]');
  assert.equal(new URL(page.url()).pathname, '/money');
  await page.context().close();
});

test('the language is changed and kept', { skip }, async () => {
  const page = await open(browser);
  await page.goto(node.url);
  await page.locator('footer select').nth(1).selectOption('de');
  await page.waitForSelector('h1:has-text("Übersicht")');
  await page.reload();
  await page.waitForSelector('h1:has-text("Übersicht")');
  assert.equal(await page.getAttribute('html', 'lang'), 'de');
  assert.deepEqual(page.wrong, []);
  await page.context().close();
});

test('from right to left the navigation is on the right', { skip }, async () => {
  const page = await open(browser, { viewport: { width: 1000, height: 700 } });
  await page.goto(`${node.url}/?language=ar-XB`);
  await loaded(page);
  const nav = await page.locator('nav').boundingBox();
  assert.ok(nav.x > 500);
  assert.equal(await page.locator('footer select').nth(1).inputValue(), 'ar-XB');
  assert.deepEqual(page.wrong, []);
  await page.context().close();
});

test('German says everything that English says', () => {
  const root = process.env.SRCDIR ?? new URL('../..', import.meta.url).pathname;
  const text = (name) => JSON.parse(readFileSync(
    join(root, 'web', 'strings', `${name}.json`)));
  assert.deepEqual(Object.keys(text('de')).sort(),
    Object.keys(text('en')).sort());
});

// buy.mjs - a buyer with a wallet of his own finds, orders and pays, in CMT and
// in an ERC-20; the seller ships, the buyer confirms, both review; nobody acts;
// a sale at the till; every page of trade at 320 px.
// TEST_TIMEOUT=600
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { Node } from '../e2e/node.mjs';
import { TOKEN, compile } from '../e2e/solc.mjs';
import { CHROMIUM, launch, onPhone, open, sendTo } from './browser.mjs';
import { actAs, givePurse, settled, step } from './purse.mjs';

const skip = existsSync(CHROMIUM) ? false : 'no Chromium on this machine';
const SELLER = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';
const JUNK = 'test test test test test test test test test test test junk';
let node, browser, provider, buyer, seller;

const account = (i) => ethers.HDNodeWallet.fromPhrase(JUNK, undefined,
  `m/44'/60'/0'/0/${i}`);

before(async () => {
  if (skip) return;
  node = await Node.start(['dev', '--demo-shop']);
  browser = await launch();
  provider = new ethers.JsonRpcProvider(node.url, undefined,
    { staticNetwork: true, cacheTimeout: -1 });
  provider.pollingInterval = 50;
  buyer = new ethers.Wallet(ethers.Wallet.createRandom().privateKey, provider);
  seller = account(0).connect(provider);
  await (await account(9).connect(provider).sendTransaction({
    to: buyer.address, value: ethers.parseEther('1000') })).wait();
});
after(async () => {
  provider?.destroy();
  await browser?.close();
  if (node) assert.equal((await node.stop()).code, 0);
});

async function buyerPage() {
  const page = await open(browser);
  await givePurse(page, buyer);
  await page.goto(`${node.url}/buy`);
  await actAs(page, 'Purse');
  return page;
}
async function sellerPage(path) {
  const page = await open(browser);
  await page.goto(node.url + path);
  await actAs(page, SELLER);
  return page;
}
const idOf = (page) => Number(/order\/(\d+)/.exec(page.url())[1]);

// From the listing on the page to the order; the buyer's address is sealed.
async function order(page, { letters } = {}) {
  await page.click('[data-test=add]');
  await page.waitForSelector('[data-test=checkout]');
  await sendTo(page, 'DE');
  if (letters) {
    await page.fill('#address', 'Ada Example\n1 Test Road\nBerlin');
    await page.reload(); // what was typed is still there
    await page.waitForSelector('#address');
    assert.match(await page.inputValue('#address'), /1 Test Road/);
  }
  await page.waitForSelector('[data-test=place]:not([disabled])');
  await page.click('[data-test=place]');
  await page.waitForURL(/\/order\/\d+$/, { timeout: 30000 });
  return idOf(page);
}

const state = (page, word) => page.waitForSelector(
  `main p > [data-state=${word}]`, { timeout: 30000 });

test('found, ordered and paid in CMT, shipped, confirmed, reviewed by both',
  { skip }, async () => {
    const sells = await sellerPage('/identity');
    await sells.click('[data-test=letters]');
    await settled(sells);
    const buys = await buyerPage();
    await buys.fill('#q', 'hand grinder');
    await buys.press('#q', 'Enter');
    await buys.waitForSelector('[data-test=card]:has-text("Hand grinder")');
    await buys.click('[data-test=card]:has-text("Hand grinder") a');
    const before = await provider.getBalance(SELLER);
    const id = await order(buys, { letters: true });
    await state(buys, 'paid');
    assert.match(await buys.textContent('[data-test=escrow]'),
      /93\.4\s+CMT.*the seller/s);
    await sells.goto(`${node.url}/order/${id}`);
    await sells.click('button:has-text("Show the address")');
    await sells.waitForSelector('[data-test=letter]:has-text("1 Test Road")');
    await step(sells, 'ship', { tracking: 'TR-1' });
    await state(sells, 'shipped');
    await step(buys, 'confirm');
    await buys.click('[data-test=do-confirm]'); // sure
    await state(buys, 'completed');
    assert.deepEqual(await buys.locator('[data-test=progress] li.done')
      .evaluateAll((all) => all.map((e) => /[a-z]+/.exec(e.textContent)[0])),
    ['paid', 'shipped', 'completed']);
    assert.equal(await provider.getBalance(SELLER) - before,
      ethers.parseEther('93.4'));
    await step(buys, 'review', { stars: '5', note: 'Sharp and quiet.' });
    await buys.waitForSelector('.review:has-text("Sharp and quiet")');
    await step(sells, 'review', { stars: '4', note: 'A pleasant buyer.' });
    await sells.waitForSelector('.review:has-text("A pleasant buyer")');
    for (const page of [sells, buys]) {
      assert.deepEqual(page.wrong, []);
      await page.context().close();
    }
  });

test('paid in an ERC-20: allowed first, then held and released', { skip },
  async () => {
    const out = compile({ 'Shop.sol': TOKEN }).Token;
    const made = await (await new ethers.ContractFactory(out.abi, out.bytecode,
      seller).deploy()).waitForDeployment();
    const token = await made.getAddress();
    await (await made.transfer(buyer.address, ethers.parseEther('100'))).wait();
    const sells = await sellerPage('/sell/new');
    await sells.fill('#title', 'Paid in shop tokens');
    await sells.fill('#price', '7.5');
    await sells.fill('#token', token);
    await sells.fill('#stock-0', '5');
    await sells.click('form.form button.main');
    await sells.waitForURL(/\/listing\/\d+/);
    const path = new URL(sells.url()).pathname;
    const buys = await buyerPage();
    await buys.goto(node.url + path);
    await buys.waitForSelector('text=/7\\.5\\s+SHOP/');
    const id = await order(buys);
    await state(buys, 'paid');
    await sells.goto(`${node.url}/order/${id}`);
    await step(sells, 'ship');
    await state(sells, 'shipped');
    await step(buys, 'confirm');
    await buys.click('[data-test=do-confirm]');
    await state(buys, 'completed');
    assert.equal(await made.balanceOf(SELLER), ethers.parseEther('907.5'));
    assert.equal(await made.balanceOf(buyer.address),
      ethers.parseEther('92.5'));
    for (const page of [sells, buys]) {
      assert.deepEqual(page.wrong, []);
      await page.context().close();
    }
  });

test('facets: price, money and rating narrow what is found', { skip },
  async () => {
    const page = await open(browser);
    await page.goto(`${node.url}/buy?q=tea`);
    await page.waitForSelector('[data-test=card]:has-text("tea")');
    await page.goto(`${node.url}/buy`);
    const only = (text) => page.waitForFunction((t) => {
      const prices = [...document.querySelectorAll('[data-test=card] .price')];
      return prices.length > 0 && prices.every((p) =>
        new RegExp(t).test(p.textContent));
    }, text);
    await page.waitForSelector('[data-test=card]');
    await page.fill('input[name=least]', 'cheap');
    await page.click('.prices button');
    await page.waitForSelector('.prices .wrong');
    await page.fill('input[name=least]', '60');
    await page.fill('input[name=most]', '70,5');
    await page.click('.prices button');
    await only('^(6\\d|70)(\\.\\d+)?\\sCMT$');
    await page.click('.facet:has-text("Money") button'); // all money again
    await page.click('.facet:has-text("Money") label:has-text("DEUR")');
    await only('\\sDEUR$');
    await page.click('.facet:has-text("Money") button');
    await page.click('.facet:has-text("Rating") label >> nth=0');
    await page.waitForFunction(() => [...document.querySelectorAll(
      '[data-test=card] .stars')].length > 0 && [...document.querySelectorAll(
      '[data-test=card]')].every((c) => /(4\.[5-9]\d?|5) of 5/.test(
      c.textContent)));
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  });

test('the till: asked by QR code, paid by the wallet, told at once', { skip },
  async () => {
    const sells = await sellerPage('/till');
    for (const key of ['4', '.', '2', '5']) {
      await sells.click(`.keypad button[aria-label="${key}"]`);
    }
    assert.match(await sells.textContent('[data-test=total]'), /4\.25\s+CMT/);
    const bills = async () => (await node.rpc('order_invoices', [{ seller:
      SELLER, limit: 200 }])).items;
    const before = (await bills()).length;
    await sells.dblclick('[data-test=ask]'); // asked once
    await sells.waitForSelector('.qr svg');
    await sells.reload(); // it waits on
    await sells.click('[data-test=till-cancel]');
    await sells.waitForSelector('.keypad');
    const after = await bills();
    assert.equal(after.length, before + 1);
    assert.equal(after.find((i) => BigInt(i.amount) === 4250000000000000000n)
      .state, 'cancelled');
    await sells.click('.keypad button[aria-label="3"]');
    await sells.reload(); // and the sum stays
    await sells.waitForSelector('[data-test=total]:has-text("3")');
    await sells.click('[data-test=ask]');
    await sells.waitForSelector('.qr svg');
    const link = (await sells.textContent('.qr .hash')).trim();
    const buys = await buyerPage();
    await buys.goto(link);
    await buys.click('[data-test=pay]');
    await buys.waitForURL(/\/order\/\d+$/);
    await state(buys, 'completed');
    await sells.waitForSelector('.notice.good:has-text("Paid")');
    for (const page of [sells, buys]) {
      assert.deepEqual(page.wrong, []);
      await page.context().close();
    }
  });

test('nobody acts: cancelled, and completed, each at its deadline', { skip },
  async () => {
    const page = await buyerPage();
    await page.goto(`${node.url}/listing/1`);
    const lost = await order(page);
    await page.goto(`${node.url}/listing/1`);
    const late = await order(page);
    const sells = await sellerPage(`/order/${late}`);
    await step(sells, 'ship');
    await state(sells, 'shipped');
    const pass = async (days) => {
      await node.rpc('evm_increaseTime', [days * 86400]);
      await node.rpc('evm_mine', []);
    };
    await pass(4);
    await page.goto(`${node.url}/order/${lost}`);
    await state(page, 'cancelled');
    await pass(26);
    await page.goto(`${node.url}/order/${late}`);
    await state(page, 'completed');
    for (const p of [sells, page]) {
      assert.deepEqual(p.wrong, []);
      await p.context().close();
    }
  });

const PATHS = ['/', '/sell', '/sell/new', '/sell/listing/1', '/sell/shipping',
  '/sell/coupons', '/sell/reviews', '/sell/csv', '/sell/posts', '/orders',
  '/order/1', '/order/120', '/buy', '/listing/1', '/cart', '/purchases',
  '/till', '/invoices', '/invoices/new', '/invoice/2', '/plans', '/plan/1',
  '/subscriptions', '/identity', '/storefront', '/more',
  '/resolve', '/mediators', '/mediating', '/case/1', '/case/2', '/case/3',
  '/court', '/court/accuse', '/court/law',
  `/party/${SELLER.toLowerCase()}`];

test('every page of trade: 320 px, dark and light, axe; right to left',
  { skip }, () => onPhone(browser, 'trade', node.url, PATHS, (page) =>
    page.addInitScript(() => localStorage.setItem('cart',
      '[{"listing":2,"variant":0,"qty":1},{"listing":25,"variant":1,"qty":2}]'))));

// outage.mjs - the node is killed in the middle of a purchase: the page says
// that it is away, greys what it shows, keeps what waits, comes back by itself,
// and the story goes on to its end.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { Node, folder, remove } from '../e2e/node.mjs';
import { CHROMIUM, launch, open, sendTo } from './browser.mjs';
import { actAs, givePurse, step } from './purse.mjs';

const skip = existsSync(CHROMIUM) ? false : 'no Chromium on this machine';
const JUNK = 'test test test test test test test test test test test junk';
const account = (i) => ethers.HDNodeWallet.fromPhrase(JUNK, undefined,
  `m/44'/60'/0'/0/${i}`);
const SELLER = account(0).address;
let node, browser, provider, buyer, dir, args;

before(async () => {
  if (skip) return;
  dir = folder();
  args = ['dev', '--db', join(dir, 'shop.db'), '--http.port'];
  node = await Node.start(['dev', '--demo-shop', ...args.slice(1), '0']);
  args.push(String(node.port)); // where the page looks for it again
  browser = await launch();
  provider = new ethers.JsonRpcProvider(node.url, undefined,
    { staticNetwork: true, cacheTimeout: -1 });
  provider.pollingInterval = 50;
  buyer = account(9).connect(provider);
});
after(async () => {
  provider?.destroy();
  await browser?.close();
  if (node) assert.equal((await node.stop()).code, 0);
  if (dir) remove(dir);
});

const state = (page, word) => page.waitForSelector(
  `main p > [data-state=${word}]`, { timeout: 60000 });
// What the browser says of connections that are refused is no fault of ours.
const faults = (page) => page.wrong.filter((w) =>
  !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY/
    .test(w));

async function away(page) {
  await page.waitForSelector('main.stale .notice.error', { timeout: 30000 });
  assert.match(await page.textContent('.notice.error'),
    /does not answer.*connects again by itself/s);
  assert.ok(await page.evaluate(() => Number(getComputedStyle(
    document.querySelector('main > h1')).opacity)) < 1);
}
const here = (page) => page.waitForSelector('main:not(.stale)',
  { timeout: 60000 });
const waits = (page) => page.waitForSelector(
  '[data-test=sent][data-state=waiting]', { timeout: 30000 });

test('killed while the order waits, and again before it is confirmed',
  { skip }, async () => {
    const page = await open(browser);
    await givePurse(page, buyer);
    await page.goto(`${node.url}/listing/1`);
    await actAs(page, 'Purse');
    await page.click('[data-test=add]');
    await sendTo(page, 'DE');
    await page.waitForSelector('[data-test=place]:not([disabled])');
    // The order lies in the pool, no block takes it; then the power fails.
    await node.rpc('evm_setAutomine', [false]);
    await page.click('[data-test=place]');
    await waits(page);
    await node.kill();
    await away(page);
    await waits(page); // still there: it is not lost, and not said to be
    node = await Node.start(args);
    await here(page);
    await page.waitForURL(/\/order\/\d+$/, { timeout: 100000 });
    await state(page, 'paid');
    const id = Number(/order\/(\d+)/.exec(page.url())[1]);
    const order = await node.rpc('order_get', [id]);
    assert.equal(order.buyer, buyer.address.toLowerCase());

    const sells = await open(browser);
    await sells.goto(`${node.url}/order/${id}`);
    await actAs(sells, SELLER);
    await step(sells, 'ship');
    await state(sells, 'shipped');
    await state(page, 'shipped');
    await node.kill();
    await away(page);
    // what is asked for meanwhile is refused in words, and nothing is sent
    await step(page, 'confirm');
    await page.click('[data-test=do-confirm]');
    await page.waitForSelector('.do .wrong:has-text("does not answer")');
    node = await Node.start(args);
    await here(page);
    await state(page, 'shipped');
    const before = await provider.getBalance(SELLER);
    await page.click('[data-test=do-confirm]');
    await page.click('[data-test=do-confirm]');
    await state(page, 'completed');
    await here(sells);
    await state(sells, 'completed');
    assert.equal(await provider.getBalance(SELLER) - before,
      BigInt(order.total) - BigInt(order.feeTotal));
    for (const p of [page, sells]) {
      assert.deepEqual(faults(p), []);
      await p.context().close();
    }
  });

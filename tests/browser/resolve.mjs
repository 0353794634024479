// resolve.mjs - a dispute as its people see it: opened with the cost shown
// first, offers, a mediator both accept, evidence, a proposal, settled and
// paid, the mediator rated; one settled by an offer; an accusation.
// TEST_TIMEOUT=300
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { Node } from '../e2e/node.mjs';
import { CHROMIUM, launch, open } from './browser.mjs';
import { actAs, settled, step } from './purse.mjs';

const skip = existsSync(CHROMIUM) ? false : 'no Chromium on this machine';
const SELLER = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
const MEDIATOR = '0xa0ee7a142d267c1f36714e4a8f75612f20a79720';
const DEPOSIT = ethers.parseEther('2'); // half of the least cap, 4 CMT
let node, browser, shipped;

before(async () => {
  if (skip) return;
  node = await Node.start(['dev', '--demo-shop']);
  browser = await launch();
  shipped = (await node.rpc('order_list', [{ seller: SELLER, state: 'shipped',
    documents: false, limit: 50 }])).items;
});
after(async () => {
  await browser?.close();
  if (node) assert.equal((await node.stop()).code, 0);
});

const pageOf = async (who, path) => {
  const page = await open(browser);
  await page.goto(node.url + path);
  await actAs(page, who);
  return page;
};
const state = (page, word) => page.waitForSelector(
  `main p > [data-state=${word}]`, { timeout: 30000 });
const balance = async (who) => BigInt(await node.rpc('eth_getBalance',
  [who, 'latest']));
const caseOf = (path) => node.rpc('mediation_get',
  [Number(path.split('/').at(-1))]);
const slide = (page, name, bps) => page.locator(`#${name}-split`).evaluate(
  (e, v) => {
    e.value = v;
    e.dispatchEvent(new Event('input', { bubbles: true }));
  }, String(bps));
const unfold = async (page, name) => {
  const summary = page.locator(`[data-test=open-${name}]`);
  await summary.waitFor();
  if (!await summary.locator('..').evaluate((d) => d.open)) {
    await summary.click();
  }
};
const offer = async (page, bps) => {
  await unfold(page, 'offer');
  await slide(page, 'offer', bps);
  await page.waitForSelector(`output[for=offer-split]:has-text("${bps / 100}")`);
  await page.click('[data-test=do-offer]');
};

// From the order's page to the room of its case; the cost is shown first.
async function dispute(page, bps) {
  await unfold(page, 'dispute');
  await page.waitForSelector('details dd:has-text("CMT")');
  assert.match(await page.textContent('details:has([data-test=do-dispute])'),
    /You deposit now\s*2\s+CMT.*If the seller stays silent/s);
  await page.selectOption('#dispute-wrong', '5');
  await page.fill('#dispute-note', 'The lid is cracked.');
  await slide(page, 'dispute', bps);
  await page.click('[data-test=do-dispute]');
  await page.click('[data-test=case]');
  await state(page, 'negotiation');
}

test('offers, a mediator, evidence, a proposal: settled, paid and rated',
  { skip }, async () => {
    const order = shipped[0];
    const held = BigInt(order.held);
    const buys = await pageOf(order.buyer, `/order/${order.id}`);
    await dispute(buys, 8000);
    const path = new URL(buys.url()).pathname;
    assert.match(await buys.textContent('main'), /The lid is cracked\./);
    assert.match(await buys.textContent('[data-test=clock]'),
      /the seller.*If nobody answers, 80\s%/s);
    assert.equal(BigInt((await caseOf(path)).depositA), DEPOSIT);
    const sells = await pageOf(SELLER, '/resolve');
    await sells.click(`a[href="${path}"]`);
    await sells.click('[data-test=do-join]');
    await settled(sells);
    await offer(sells, 2000);
    await settled(sells, 2);
    await buys.waitForSelector('.escrow p:has-text("The other side offers")');
    await offer(buys, 6000);
    await buys.waitForSelector('.timeline li:has-text("the buyer: 60")');
    await buys.waitForSelector('[data-test=offering] output:has-text('
      + '"40 % apart")');
    assert.equal(await buys.locator('[data-test=offering] polyline').count(), 2);
    await buys.press('[data-test=offering] > svg', 'Home');
    assert.match(await buys.textContent('[data-test=offering] output'),
      /buyer asks for 80\s%, the seller offered nothing/);
    await node.rpc('evm_increaseTime', [2 * 86400 + 60]);
    await node.rpc('evm_mine', []);
    await sells.click('[data-test=do-escalate]');
    for (const page of [sells, buys]) {
      await state(page, 'choosing');
      await page.locator('details:has([data-test=do-prefer]) label',
        { hasText: 'Ruth Adeyemi' }).click();
      await page.click('[data-test=do-prefer]');
    }
    await state(buys, 'invited');
    const mediates = await pageOf(MEDIATOR, '/resolve');
    await mediates.click(`a[href="${path}"]`);
    await mediates.click('[data-test=do-acceptCase]');
    for (const page of [buys, sells, mediates]) await state(page, 'evidence');
    await step(buys, 'evidence', { note: 'It came in a torn box.' });
    await sells.waitForSelector('[data-test=evidence]:has-text("torn box")');
    for (const page of [buys, sells]) {
      await page.click('[data-test=do-rest]');
      await page.click('[data-test=do-rest]'); // sure
    }
    await state(mediates, 'proposing');
    await slide(mediates, 'propose', 4000);
    await mediates.selectOption('#propose-template', { index: 2 });
    await mediates.click('[data-test=do-propose]');
    await state(buys, 'proposed');
    const before = [await balance(order.buyer), await balance(SELLER),
      await balance(MEDIATOR)];
    for (const page of [buys, sells]) {
      await state(page, 'proposed');
      assert.match(await page.textContent('main'), /40\s% to the buyer/);
      assert.match(await page.textContent('main'), /lowers their worth/);
      await page.click('[data-test=do-agree]');
    }
    await state(buys, 'settled');
    assert.match(await buys.textContent('.facts'), /as both agreed/);
    // The mediator's fee of 2 CMT, half of it from each deposit of 2.
    const one = ethers.parseEther('1');
    const share = held * 4000n / 10000n;
    assert.equal(await balance(order.buyer), before[0] + share + one);
    assert.equal(await balance(SELLER), before[1] + held - share + one);
    assert.equal(await balance(MEDIATOR), before[2] + 2n * one);
    const end = await node.rpc('order_get', [order.id]);
    assert.deepEqual([end.released, end.refunded, end.held].map(BigInt),
      [held - share, share, 0n]);
    await step(buys, 'rate', { stars: '4', note: 'Fair.' });
    await buys.waitForSelector('[data-test=open-rate]', { state: 'detached' });
    await buys.goto(`${node.url}/mediators`);
    await buys.waitForSelector('td:has-text("4 of 5 stars (1)")');
    await buys.goto(`${node.url}/order/${order.id}`);
    await state(buys, 'resolved');
    for (const page of [buys, sells, mediates]) {
      assert.deepEqual(page.wrong, []);
      await page.context().close();
    }
  });

test('an offer that is accepted settles at once',
  { skip }, async () => {
    const order = shipped.findLast((o) => o.feeTotal === '0x0');
    const before = await balance(order.buyer);
    const buys = await pageOf(order.buyer, `/order/${order.id}`);
    await dispute(buys, 10000);
    const path = new URL(buys.url()).pathname;
    const sells = await pageOf(SELLER, path);
    await offer(sells, 3000);
    await buys.waitForSelector('[data-test=do-acceptOffer]');
    if (process.env.SCREENSHOTS) {
      await buys.screenshot({ fullPage: true, path: join(
        process.env.SCREENSHOTS, 'case.png') });
    }
    await buys.click('[data-test=do-acceptOffer]');
    await buys.click('[data-test=do-acceptOffer]'); // sure
    await state(buys, 'settled');
    assert.equal(await balance(order.buyer),
      before + BigInt(order.held) * 3000n / 10000n);
    for (const page of [buys, sells]) {
      assert.deepEqual(page.wrong, []);
      await page.context().close();
    }
  });

test('who mediates: registers with a bond, and pauses', { skip },
  async () => {
    const page = await pageOf(shipped[0].buyer, '/mediating');
    await page.waitForSelector('.notice:has-text("Nobody has to mediate")');
    await page.fill('#name', 'Ola Berg');
    await page.fill('#about', 'Repairs clocks.');
    await page.fill('#fee', '3');
    await page.click('form.form button.main');
    await page.waitForSelector('section.card [data-state=active]',
      { timeout: 30000 });
    await page.click('[data-test=available]');
    await page.waitForSelector('section.card [data-state=paused]');
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  });

test('the court: accused with the bond shown first, replied to; who may judge',
  { skip }, async () => {
    const accuses = await pageOf(shipped[0].buyer,
      `/court/accuse?party=${SELLER}`);
    await accuses.waitForSelector('[data-test=cost]:has-text("CMT")');
    await accuses.waitForSelector('blockquote:has-text("does not send them")');
    await accuses.fill('#text', 'Two parcels were empty.');
    await accuses.click('form.form button.main');
    await accuses.waitForURL(/\/court\/\d+$/, { timeout: 30000 });
    await state(accuses, 'filed');
    const path = new URL(accuses.url()).pathname;
    const replies = await pageOf(SELLER, path);
    await replies.waitForSelector('.wrap:has-text("Two parcels were empty.")');
    await step(replies, 'reply', { note: 'They were weighed.' });
    await state(accuses, 'evidence');
    await step(accuses, 'evidence', { note: 'A picture of both.' });
    await accuses.waitForSelector('[data-test=evidence]:has-text("of both")');
    await replies.waitForSelector('.facts:has-text("They were weighed.")');
    await replies.goto(`${node.url}/court`);
    await replies.waitForSelector(`a[href="${path}"]`);
    await replies.click('label.tick:has-text("Trade")');
    await replies.click('[data-test=stake]');
    await replies.waitForSelector('.wrong:has-text("verified humans")');
    for (const page of [accuses, replies]) {
      assert.deepEqual(page.wrong, []);
      await page.context().close();
    }
  });

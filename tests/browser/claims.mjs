// claims.mjs - an issuer applies, looks a request through and attests it; the
// holder shows one field of it to somebody who checks it; guardians give a lost
// identity a new key. In Chromium, each party with a key of the chain.
// TEST_TIMEOUT=300
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Node, until } from '../e2e/node.mjs';
import { CHROMIUM, launch, look, open } from './browser.mjs';
import { actAs, settled } from './purse.mjs';

const skip = existsSync(CHROMIUM) ? false : 'no Chromium on this machine';
const DAY = 86400;
let node, browser, page, who;

before(async () => {
  if (skip) return;
  node = await Node.start(['dev']);
  browser = await launch();
  page = await open(browser, { bypassCSP: true,
    viewport: { width: 320, height: 640 }, colorScheme: 'dark' });
  page.setDefaultTimeout(90000); // on a loaded machine
  const [issuer, holder, shop, friend, next] = await node.rpc('eth_accounts');
  who = { issuer, holder, shop, friend, next };
});
after(async () => {
  await browser?.close();
  if (node) assert.equal((await node.stop()).code, 0);
});

async function as(name, path) {
  await page.goto(`${node.url}${path}`);
  await actAs(page, who[name]);
}

async function later(seconds) {
  await node.rpc('evm_increaseTime', [seconds]);
  await node.rpc('evm_mine');
}

async function makeIdentity(name) {
  await as(name, '/identity');
  await page.fill('#name', `The ${name}`);
  await page.uncheck('label:has-text("Sealed letters") input');
  await page.click('main form button.main');
  await settled(page);
  await page.waitForSelector('h2:has-text("Guardians")');
}

test('an issuer applies and may issue after three days', { skip }, async () => {
  await as('issuer', '/issuer');
  await page.waitForSelector('.empty:has-text("needs an identity")');
  await makeIdentity('issuer');
  await as('issuer', '/issuer');
  await page.fill('#issuer-name', 'Town hall');
  await page.fill('#schemas', 'age, address');
  await look(page, 'issuer_apply');
  await page.click('[data-test=apply]');
  await settled(page);
  await page.waitForSelector('[data-state=applied]');
  await later(3 * DAY + 60);
  await page.reload();
  await page.waitForSelector('[data-state=active]', { timeout: 30000 });
});

test('a claim is asked for, attested, shown in part, and checked', { skip },
  async () => {
    await makeIdentity('holder');
    await as('holder', '/claims/ask');
    await page.selectOption('#schema', 'age');
    await page.fill('#key-0', 'born');
    await page.fill('#value-0', '1990-02-03');
    await page.click('[data-test=field]');
    await page.fill('#key-1', 'age>=18');
    await page.fill('#value-1', 'yes');
    await page.click('[data-test=field]');
    await page.fill('#key-2', 'name');
    await page.fill('#value-2', 'Ada <b>Ω');
    await page.click('[data-test=ask]');
    const link = await page.textContent('figcaption .hash, [data-test=link]');
    await look(page, 'claim_ask');
    await as('issuer', link.trim().slice(node.url.length));
    await page.waitForSelector('[data-test=request] td:has-text("1990-02-03")');
    await look(page, 'issuer_request');
    await page.click('[data-test=issue]');
    await settled(page);
    await page.waitForSelector('td [data-state=offered]');
    await as('holder', '/identity');
    await page.click('button:has-text("Accept")');
    await settled(page);
    await page.click('main a[href="/claim/1"]');
    await page.check('input[name="age>=18"]');
    await page.fill('#verifier', who.shop);
    await page.fill('#why', 'to buy wine');
    await page.click('[data-test=show]');
    await page.waitForSelector('.notice.good');
    const shown = (await page.textContent(
      '.notice.good figcaption .hash, .notice.good [data-test=link]')).trim();
    await look(page, 'claim_show');
    await page.goto(`${node.url}${shown.slice(node.url.length)}`);
    await page.waitForSelector('[data-test=holds]:has-text("yes")');
    assert.equal(await page.locator('[data-test=holds]').count(), 1);
    assert.doesNotMatch(await page.textContent('main'), /1990|Ada/);
    await look(page, 'claim_check');
    // Another value, or another field's proof, does not hold.
    const at = shown.indexOf('#') + 1;
    const told = JSON.parse(Buffer.from(shown.slice(at), 'base64url'));
    assert.ok(!JSON.stringify(told).includes('1990'));
    for (const change of [{ value: 'no' }, { key: 'age>=21' }, { index: 0 }]) {
      const bad = { ...told, leaves: [{ ...told.leaves[0], ...change }] };
      await page.fill('#shown', Buffer.from(JSON.stringify(bad))
        .toString('base64url'));
      await page.waitForSelector('[data-test=holds].wrong');
    }
    await page.fill('#shown', 'nonsense');
    await page.waitForSelector('small.wrong');
    // The consent is on the chain, with the verifier; the issuer revokes.
    const [consent] = (await node.rpc('id_consents', [{ subject: who.holder }]))
      .items;
    assert.equal(consent.verifier, who.shop);
    await as('issuer', '/issuer');
    await page.click('[data-test=revoke]');
    await page.click('button:has-text("Yes, do it")');
    await settled(page);
    await page.goto(`${node.url}${shown.slice(node.url.length)}`);
    await page.waitForSelector('[data-test=holds].wrong');
    await page.waitForSelector('[data-state=revoked]');
  });

test('guardians give a lost identity a new key', { skip }, async () => {
  await as('holder', '/identity');
  await page.fill('#guardians', `${who.issuer} ${who.friend}`);
  await page.fill('#need', '2');
  await page.click('button:has-text("Set guardians")');
  await settled(page);
  await later(3 * DAY);
  await as('friend', '/guarding');
  await page.waitForSelector('[data-test=ward]');
  await look(page, 'guarding');
  await page.fill('[data-test=ward] input', who.next);
  await page.click('[data-test=recover]');
  await page.click('button:has-text("Yes, do it")');
  await settled(page);
  await page.waitForSelector('[data-test=approve]');
  await look(page, 'guarding_running');
  await as('holder', '/identity'); // who may stop it
  await page.waitForSelector('button:has-text("Stop it")');
  await as('issuer', '/guarding');
  await page.click('[data-test=approve]');
  await settled(page);
  await later(3 * DAY);
  await until('the new controller', async () => {
    await node.rpc('evm_mine');
    return (await node.rpc('id_get', [who.holder])).controller === who.next;
  });
  // The reputation shows its formula to everybody.
  await page.goto(`${node.url}/party/${who.holder}`);
  await page.click('summary:has-text("How it is worked out")');
  await page.waitForSelector('[data-test=reputation] p:has-text("Rating = (14000")');
  assert.deepEqual(page.wrong, []);
});

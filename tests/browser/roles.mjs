// roles.mjs - what a role may not do is not offered to it: orders in each state,
// disputes, court cases, invoices and plans of the demo shop, in Chromium, as
// each role; against right.def.  On a network, where keys are locked: a manager,
// who has no right to the keys, opens the address that a buyer gave.
// TEST_TIMEOUT=400
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { Node, folder, remove, run } from '../e2e/node.mjs';
import { CHROMIUM, launch, loaded, open } from './browser.mjs';
import { actAs, givePurse, settled } from './purse.mjs';

const skip = existsSync(CHROMIUM) ? false : 'no Chromium on this machine';
const PASSWORD = 'correct horse battery';
const LETTER = { owner: 'O', manager: 'M', cashier: 'C', accountant: 'A',
  mediator: 'R' };
const STATES = [['paid', 'seller', 'buyer'], ['shipped', 'buyer', 'seller'],
  ['returnAsked', 'seller'], ['milestones', 'seller'], ['completed', 'buyer']];
let node, browser, visits, rightOf, roles;

// The table as the node's source has it: the right of a call, who has a right.
function readTable() {
  const text = readFileSync(join(process.env.SRCDIR
    ?? new URL('../..', import.meta.url).pathname, 'src/node/right.def'), 'utf8');
  const calls = new Map([...text.matchAll(
    /^RIGHT_OF_CALL\("(\w+)", "(\w*)", (\w+)\)/gm)].map(([, module, method,
    right]) => [`${module.toLowerCase()}.${method}`, right]));
  roles = new Map([...text.matchAll(/^RIGHT\((\w+), \w+, ([OMCAR ]+),/gm)]
    .map(([, right, who]) => [right, who.split(' ')]));
  rightOf = (call) => calls.get(call) ?? calls.get(`${call.split('.')[0]}.`);
}

// Pages, each as a party who could act there.
async function findVisits() {
  const list = [];
  const { items: orders } = await node.rpc('order_list', [{ limit: 200 }]);
  for (const [state, ...sides] of STATES) {
    const o = orders.find((x) => x.state === state);
    list.push(...sides.map((side) => [`/order/${o.id}`, o[side]]));
  }
  const { items: cases } = await node.rpc('mediation_list', [{ limit: 50 }]);
  const open_ = cases.find((k) => k.state !== 'settled') ?? cases[0];
  list.push([`/case/${open_.id}`, open_.opener],
    [`/case/${open_.id}`, open_.respondent]);
  const { items: trials } = await node.rpc('court_list', [{ sort: 'new' }]);
  const trial = await node.rpc('court_get', [trials.find((k) =>
    k.state === 'commit').id]);
  list.push([`/court/${trial.id}`, trial.seats.find((s) => s.state === 'drawn')
    .juror]);
  const [seller] = await node.rpc('eth_accounts');
  const { items: plans } = await node.rpc('order_plans', [{}]);
  const { items: bills } = await node.rpc('order_invoices', [{ state: 'open' }]);
  for (const path of ['/till', '/court', '/mediating']) list.push([path, seller]);
  for (const p of plans.slice(0, 1)) {
    list.push(['/plans', p.seller], [`/plan/${p.id}`, trial.seats[0].juror]);
  }
  for (const b of bills.slice(0, 1)) list.push([`/invoice/${b.id}`, b.seller]);
  return list;
}

before(async () => {
  if (skip) return;
  readTable();
  node = await Node.start(['dev', '--demo-shop']);
  browser = await launch();
  visits = await findVisits();
});
after(async () => {
  await browser?.close();
  if (node) assert.equal((await node.stop()).code, 0);
});

async function login(name, more, { url } = node) {
  const page = await open(browser);
  await page.goto(`${url}/setup`);
  for (const [id, text] of Object.entries({ ...more, name,
    password: PASSWORD })) await page.fill(`#${id}`, text);
  await page.click('main form button.main');
  await page.waitForSelector('a.who[href="/sessions"]');
  return page;
}

// By its cookie, what a page of ours would send.
const post = (page, path, body) => page.evaluate(async ([to, what]) => (
  await fetch(to, { method: 'POST', headers: {
    'content-type': 'application/json' }, body: JSON.stringify(what) })).json(),
[path, body]);
// The code with which a user of this role comes.
const invite = async (boss, role) => ({ code: (await post(boss, '/api/users',
  { do: 'create', name: role, role })).code });

// path and party -> the calls that are offered; null: the page is not his.
async function offers(page) {
  const found = new Map();
  let who;
  for (const [path, party] of visits) {
    await page.evaluate((to) => {
      history.pushState(null, '', to);
      dispatchEvent(new PopStateEvent('popstate'));
    }, path);
    if (who !== party) await actAs(page, who = party);
    await loaded(page);
    found.set(`${path} ${party}`, await page.evaluate(() =>
      /not part of your role/.test(document.querySelector('main > .empty strong')
        ?.textContent) ? null : [...new Set([...document.querySelectorAll(
        'main [data-call]')].map((e) => e.dataset.call))].sort()));
  }
  return found;
}

test('each role is offered what it may do of what the owner is offered',
  { skip }, async () => {
    const boss = await login('boss', { code: /code (\S{9}),/.exec(
      node.stdout)[1] });
    const all = await offers(boss);
    const calls = new Set([...all.values()].flat());
    for (const call of ['orders.ship', 'orders.confirm', 'orders.refund',
      'orders.answerReturn', 'mediation.open', 'mediation.offer',
      'market.review', 'court.commit', 'court.stake', 'orders.savePlan',
      'orders.subscribe']) {
      assert.ok(calls.has(call), `${call} of ${[...calls].join(' ')}`);
    }
    for (const role of ['manager', 'cashier', 'accountant', 'mediator']) {
      const page = await login(role, await invite(boss, role));
      for (const [where, offered] of await offers(page)) {
        if (!offered) continue;
        assert.deepEqual(offered, all.get(where).filter((call) => roles.get(
          rightOf(call)).includes(LETTER[role])), `${role} at ${where}`);
      }
      const has = (selector) => page.locator(selector).count();
      await page.goto(`${node.url}/orders`);
      await page.waitForSelector('main h1');
      assert.equal(await has('nav a[href="/money"]'),
        ['manager', 'accountant'].includes(role) ? 1 : 0, role);
      await page.goto(`${node.url}/money`);
      await page.waitForSelector('main h1');
      assert.equal(await has('main a[href="/send"]'), 0, role);
      assert.equal(await has('nav a[href="/sell"]'), role === 'manager' ? 1 : 0);
      await page.goto(`${node.url}/settings`);
      await page.waitForSelector('.more a[href="/security"]');
      for (const own of ['/users', '/keys', '/texts']) {
        assert.equal(await has(`main a[href="${own}"]`), 0, `${role} ${own}`);
      }
      assert.equal(await has('h2:has-text("Webhooks")') > 0, role === 'manager');
      await page.goto(`${node.url}/node`);
      await page.waitForSelector('[data-test=plots]');
      assert.equal(await has('[data-test=log], [data-test=backup]'), 0);
      assert.deepEqual(page.wrong, []);
      await page.context().close();
    }
    await boss.context().close();
  });

/* --------------------------------------- the key of the node, on a network */

const WORD = 'open sesame', STREET = '12 Quay Street, Hamburg';
const MARKET = `0x${'0'.repeat(36)}1012`;

// What asks for the key's password gets it.
async function unlock(page) {
  await page.fill('dialog #pw', WORD);
  await page.click('dialog button.main');
  await page.waitForSelector('dialog', { state: 'detached' });
}

// By the node's key: an identity with a key for letters, a thing to sell, money
// for a buyer.
async function openShop(boss, shop, buyer) {
  await boss.goto(`${shop.url}/identity`);
  await boss.fill('#name', 'Quay Goods');
  await boss.click('main form button.main');
  await unlock(boss); // for the key of letters
  await unlock(boss); // for the transaction
  await settled(boss);
  const seller = (await boss.evaluate(async () => (await fetch('/api/status'))
    .json())).operator;
  const { hash } = await shop.rpc('content_put', [ethers.hexlify(
    ethers.toUtf8Bytes('{"body":"","images":[],"title":"A rope","variants":[""]}'))]);
  const market = new ethers.Interface(await (await fetch(
    `${shop.url}/abi/Market.json`)).json());
  const send = (to, value, data) => post(boss, '/api/send', { from: seller, to,
    value: String(value), data, gas: 2000000, password: WORD });
  await send(buyer.address, ethers.parseEther('50'), '0x');
  const { hash: tx, error } = await send(MARKET, 0, market.encodeFunctionData(
    'save', [0, ethers.ZeroAddress, [1, 0, hash, ethers.ZeroAddress,
      ethers.parseEther('5'), 0n, 86400, 86400, 86400, 14, 1000, 0,
      ethers.ZeroAddress, 0, 0n, 0n, 0n], [[0, 0n, 9, ethers.ZeroHash, true]]]));
  assert.equal(error, undefined);
  await buyer.provider.waitForTransaction(tx);
  return seller;
}

// A stranger orders at the public shop and gives an address; the order's number.
async function order(shop, seller, buyer) {
  const page = await open(browser);
  await givePurse(page, buyer);
  await page.goto(`${shop.url}/shop/${seller}/listing/1`);
  await page.click('header [data-test=connect]');
  await page.waitForSelector('[data-test=purse]');
  await page.click('[data-test=add]');
  await page.fill('#address', STREET);
  await page.waitForSelector('[data-test=place]:not([disabled])');
  await page.click('[data-test=place]');
  await page.waitForURL(/\/order\/\d+$/, { timeout: 30000 });
  assert.deepEqual(page.wrong, []);
  await page.context().close();
  return Number(page.url().split('/').at(-1));
}

test('a manager opens a buyer\'s address; an accountant is told who may',
  { skip }, async () => {
    const dir = folder(), db = join(dir, 'shop.db'), word = join(dir, 'word');
    writeFileSync(word, `${WORD}\n`);
    assert.equal(run(['init', '--db', db, '--password', word]).status, 0);
    const shop = await Node.start(['run', '--db', db, '--ipcdisable']);
    const buyer = new ethers.Wallet(ethers.id('buyer'),
      new ethers.JsonRpcProvider(shop.url, undefined, { staticNetwork: true }));
    buyer.provider.pollingInterval = 100;
    const boss = await login('boss', { code: /code (\S{9}),/.exec(
      shop.stdout)[1] }, shop);
    const id = await order(shop, await openShop(boss, shop, buyer), buyer);

    const manager = await login('manager', await invite(boss, 'manager'), shop);
    await manager.goto(`${shop.url}/keys`);
    await manager.waitForSelector('.empty:has-text("not part of your role")');
    await manager.goto(`${shop.url}/order/${id}`);
    await manager.click('button:has-text("Show the address")');
    await manager.fill('dialog #pw', 'open barley');
    await manager.click('dialog button.main');
    await manager.waitForSelector('.do .wrong');
    await manager.click('button:has-text("Show the address")');
    await unlock(manager);
    await manager.waitForSelector(`[data-test=letter]:has-text("${STREET}")`);
    // The same key signs no message for her.
    const refused = await post(manager, '/admin/rpc', { jsonrpc: '2.0', id: 1,
      method: 'personal_sign', params: ['0x00', await buyer.getAddress(), WORD] });
    assert.equal(refused.error.code, 4100);

    const clerk = await login('accountant', await invite(boss, 'accountant'),
      shop);
    await clerk.goto(`${shop.url}/order/${id}`);
    await clerk.waitForSelector('[data-test=closed]:has-text("manager")');
    assert.equal(await clerk.locator('button:has-text("Show the address")')
      .count(), 0);
    for (const page of [boss, manager, clerk]) {
      assert.deepEqual(page.wrong, []);
      await page.context().close();
    }
    buyer.provider.destroy();
    assert.equal((await shop.stop()).code, 0);
    remove(dir);
  });

// roles.mjs - what a role may not do is not offered to it: orders in each state,
// disputes, court cases, invoices and plans of the demo shop, in Chromium, as
// each role; against right.def.
// TEST_TIMEOUT=400
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Node } from '../e2e/node.mjs';
import { CHROMIUM, launch, open } from './browser.mjs';
import { actAs } from './purse.mjs';

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

async function login(name, more) {
  const page = await open(browser);
  await page.goto(`${node.url}/setup`);
  for (const [id, text] of Object.entries({ ...more, name,
    password: PASSWORD })) await page.fill(`#${id}`, text);
  await page.click('main form button.main');
  await page.waitForSelector('a.who[href="/sessions"]');
  return page;
}

// Until a page has not changed for a while.
const quiet = (page) => page.evaluate(() => new Promise((done) => {
  let timer = setTimeout(done, 200);
  new MutationObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(done, 200);
  }).observe(document.querySelector('main'), { childList: true, subtree: true });
}));

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
    await page.waitForFunction(() => document.querySelector('main h1')
      && !document.querySelector('main .skeleton'));
    await quiet(page);
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
      const { code } = await boss.evaluate(async (r) => (await fetch(
        '/api/users', { method: 'POST', headers: {
          'content-type': 'application/json' }, body: JSON.stringify({
          do: 'create', name: r, role: r }) })).json(), role);
      const page = await login(role, { code });
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

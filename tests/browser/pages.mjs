// pages.mjs - every page of the dashboard's table, in Chromium: on an empty
// chain, from right to left at 320 px with axe; with slow answers; with the node
// stopped.  ROLES=manager,cashier,accountant,mediator looks as those logins too,
// which takes minutes.
// TEST_TIMEOUT=600
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Node } from '../e2e/node.mjs';
import { CHROMIUM, faults, launch, leaks, loaded, open, routes, tabThrough }
  from './browser.mjs';

const skip = existsSync(CHROMIUM) ? false : 'no Chromium on this machine';
const PASSWORD = 'correct horse battery';
const SMALL = { viewport: { width: 320, height: 640 }, bypassCSP: true };
const ADDRESS = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';
let node, browser, paths, page;

async function login(options, name = 'boss', more = {}) {
  const p = await open(browser, { ...SMALL, ...options });
  await p.goto(`${node.url}/${more.code ? 'setup' : 'login'}`);
  for (const [id, text] of Object.entries({ ...more, name,
    password: PASSWORD })) await p.fill(`#${id}`, text);
  await p.click('main form button.main');
  await p.waitForSelector('a.who[href="/sessions"]');
  return p;
}

before(async () => {
  if (skip) return;
  paths = routes({ ':address': ADDRESS, ':hash': `0x${'11'.repeat(32)}`,
    ':id': '1' });
  node = await Node.start(['dev']);
  browser = await launch();
  page = await login({ colorScheme: 'dark' }, 'boss',
    { code: /code (\S{9}),/.exec(node.stdout)[1] });
});
after(async () => {
  await browser?.close();
  await node?.kill();
});

async function look(p, path, { rtl = true } = {}) {
  const wrong = [];
  await p.goto(`${node.url}${path}${rtl ? '?language=ar-XB' : ''}`);
  await loaded(p);
  const { dir, broken } = await p.evaluate(() => ({
    dir: document.documentElement.dir,
    broken: /\b(undefined|NaN|\[object)/.test(document.body.innerText) }));
  if (broken) wrong.push('shows undefined, NaN or an object');
  if (rtl && dir !== 'rtl') wrong.push(`dir ${dir}`);
  if (rtl) wrong.push(...(await leaks(p)).map((x) => `untranslated: ${x}`));
  // Where nothing is there is something to press: there, or at the head of it.
  if (!await p.locator('main p > button.main').count()) {
    wrong.push(...(await p.locator('main .empty:not(:has(a[href], button))')
      .allTextContents()).map((x) => `nothing to press: ${x}`));
  }
  wrong.push(...await tabThrough(p), ...await faults(p));
  if (process.env.SCREENSHOTS) {
    await p.screenshot({ fullPage: true, path: join(process.env.SCREENSHOTS,
      `page${path.replace(/\W+/g, '_').slice(0, 30)}.png`) });
  }
  return wrong.map((w) => `${path}: ${w}`);
}

test('each page of an empty chain, from right to left, at 320 px', { skip },
  async () => {
    const wrong = [];
    for (const path of paths) wrong.push(...await look(page, path));
    await page.goto(`${node.url}/till?language=ar-XB`); // digits are not turned
    await page.waitForSelector('.keypad');
    const [seven, nine] = await Promise.all(['7', '9'].map(async (k) =>
      (await page.locator(`.keypad [aria-label="${k}"]`).boundingBox()).x));
    assert.ok(seven < nine, 'the keys stand as on every till');
    assert.deepEqual(wrong, []);
    assert.deepEqual(page.wrong, []);
  });

test('each page as each role', { skip: skip || !process.env.ROLES
  && 'ROLES is not set' }, async () => {
  for (const role of process.env.ROLES.split(',')) {
    const { code } = await page.evaluate(async (r) => (await fetch('/api/users',
      { method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ do: 'create', name: r, role: r }) })).json(),
    role);
    const p = await login({}, role, { code });
    const wrong = [];
    for (const path of paths) {
      wrong.push(...await look(p, path, { rtl: false }));
    }
    assert.deepEqual(wrong, [], role);
    await p.context().close();
  }
});

// Nothing is answered but who is here and the merchant's own texts: what a page
// says of the node's it cannot know.  Forms ask for nothing first, and what the
// browser keeps is known.
const KNOWN = ['/cart', '/favourites', '/texts'];
const FORMS = ['/till', '/more', '/setup', '/login', '/welcome', '/sessions',
  '/money/receive', '/sell/new', '/sell/csv', '/court/accuse', '/invoices/new',
  '/verify', ...KNOWN];
test('slow answers: each page says what it is and that it loads, not that there '
  + 'is nothing', { skip }, async () => {
    const wrong = [];
    await page.route((url) => /^\/($|admin\/|api\/(?!(session|texts)$))/.test(
      url.pathname), (route) => route.request().isNavigationRequest()
      ? route.continue() : undefined);
    for (const path of paths) {
      page.asked.clear(); // those of the page before were dropped with it
      await page.goto(`${node.url}${path}`);
      await page.waitForSelector('main[tabindex] h1');
      await page.evaluate(() => new Promise((drawn) => {
        requestAnimationFrame(() => requestAnimationFrame(drawn));
      }));
      const { title, empty, loads } = await page.evaluate(() => ({
        title: document.querySelector('main h1').textContent.trim(),
        empty: document.querySelector('main .empty')?.textContent,
        loads: document.querySelector('main .skeleton') !== null }));
      if (!title) wrong.push(`${path}: no heading`);
      if (empty && !KNOWN.includes(path)) {
        wrong.push(`${path}: says "${empty}"`);
      }
      if (!loads && !FORMS.includes(path)) wrong.push(`${path}: not that it loads`);
    }
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    assert.deepEqual(wrong, []);
    assert.deepEqual(page.wrong, []);
  });

test('the node is stopped: each page says so and keeps standing', { skip },
  async () => {
    const wrong = [];
    await page.goto(`${node.url}/`);
    await loaded(page);
    page.removeAllListeners('console');
    await node.stop();
    await page.waitForSelector('.notice.error', { timeout: 20000 });
    for (const path of paths) {
      await page.evaluate((to) => {
        history.pushState(null, '', to);
        dispatchEvent(new PopStateEvent('popstate'));
      }, path);
      const ok = await page.waitForFunction(() => document.querySelector('h1')
        && document.querySelector('main .notice.error'), null,
      { timeout: 5000 }).catch(() => null);
      if (!ok) wrong.push(`${path}: says nothing of it`);
    }
    assert.deepEqual(wrong, []);
    assert.deepEqual(page.wrong, []);
  });

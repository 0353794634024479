// node.mjs - the node's page with its plots, the JSON-RPC console, a copied file
// that is claimed, a backup that is overdue, in Chromium.
// TEST_TIMEOUT=300
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Node, folder, remove, run, until } from '../e2e/node.mjs';
import { CHROMIUM, WEB, launch, look, open } from './browser.mjs';

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

test('metrics become plots that keys read out and tables show', { skip },
  async () => {
    const page = await open(browser);
    await page.goto(`${node.url}/node`);
    await page.waitForSelector('.plot svg', { timeout: 30000 });
    const plot = page.locator('.plot', { hasText: 'Memory' });
    await plot.locator('svg').focus();
    await page.keyboard.press('Home');
    assert.match(await plot.locator('output').textContent(),
      /\d+:\d+:\d+.*: [\d.]+ MB/);
    await plot.locator('summary').click();
    assert.ok(await plot.locator('tbody tr').count() >= 3);
    const [file] = await Promise.all([page.waitForEvent('download'),
      plot.locator('details button').click()]);
    const lines = readFileSync(await file.path(), 'utf8').trim().split('\r\n');
    assert.equal(lines[0], 'Time,Value');
    assert.match(lines[1], /^\d{4}-\d\d-\d\dT[\d:.]+Z,\d{6,}$/);
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  });

test('blocks: charts and the strip of signatures; what a wallet is told', { skip },
  async () => {
    for (let i = 0; i < 4; i++) await node.rpc('evm_mine', []);
    const page = await open(browser);
    await page.goto(`${node.url}/node`);
    const strip = page.locator('[data-test=strip]');
    await strip.locator('rect').nth(3).waitFor();
    await strip.locator('svg').focus();
    await page.keyboard.press('Home');
    assert.match(await strip.locator('output').textContent(),
      /Block \d+: signed/);
    await strip.locator('summary').click();
    assert.ok(await strip.locator('tbody tr').count() >= 4);
    const [file] = await Promise.all([page.waitForEvent('download'),
      strip.locator('details button').click()]);
    assert.match(readFileSync(await file.path(), 'utf8'),
      /\r\n\d+,signed,\d{4}-/);
    const told = await page.textContent('[data-test=network]');
    for (const text of [node.url, '31337', 'CMT', '--http.addr 0.0.0.0']) {
      assert.ok(told.includes(text), text);
    }
    await page.goto(`${node.url}/charts`);
    const gas = page.locator('.plot', { hasText: 'Gas used' });
    await gas.locator('svg').focus();
    await page.keyboard.press('ArrowLeft');
    assert.match(await gas.locator('output').textContent(), /Block \d+: .* gas/);
    assert.equal(await page.locator('.plot svg').count(), 3);
    // by another machine's browser, without TLS: what it refuses is said
    await page.addInitScript(() => Object.defineProperty(window,
      'isSecureContext', { get: () => false }));
    await page.goto(`${node.url}/node`);
    await page.waitForSelector('li:has-text("passkeys")');
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  });

test('a method is found, asked with its parameters, and answers', { skip },
  async () => {
    const page = await open(browser);
    await page.goto(`${node.url}/console`);
    await page.fill('#method', 'eth_getBalance');
    await page.fill('#p-address', '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266');
    await page.click('button.main');
    await page.waitForSelector('[data-test=result]');
    assert.equal(BigInt(JSON.parse(await page.textContent(
      '[data-test=result]'))), 10000n * 10n ** 18n);
    assert.match(await page.textContent('.answer .hash'),
      /^cybermiles rpc eth_getBalance '0xf39F/);
    await page.fill('#p-address', '0x12');
    await page.click('button.main');
    await page.waitForSelector('.answer .notice.error');
    await page.fill('#method', 'eth_getBalances');
    await page.waitForSelector('#method-error');
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  });

test('both pages fit 320 px, dark and light, without axe violations', { skip },
  async () => {
    for (const colorScheme of ['light', 'dark']) {
      const page = await open(browser, { colorScheme, bypassCSP: true,
        viewport: { width: 320, height: 640 } });
      for (const path of ['/node', '/console']) {
        await page.goto(node.url + path);
        await page.waitForSelector(path === '/node' ? '.plot svg' : '.form',
          { timeout: 30000 });
        await page.waitForFunction(() => !document.querySelector('.skeleton'));
        await look(page, `${colorScheme}_${path.slice(1)}`);
      }
      await page.context().close();
    }
  });

test('text that a spreadsheet would run is saved as text', async () => {
  const { csvText } = await import(join(WEB, 'csv.js'));
  assert.equal(csvText(['a', 'b'], [['=1+1', -2], ['x,"y"\n', '@z']]),
    'a,b\r\n\'=1+1,-2\r\n"x,""y""\n",\'@z\r\n');
});

// That none was made is said on the node's page and on Home until one is there; a
// week later it is said again.
async function backupsOf(page, url) {
  const late = '[data-test=overdue]', todo = '[data-test=todo-backup]';
  await page.goto(url);
  await page.waitForSelector(`${todo}:has-text("There is none yet")`);
  await page.click(`${todo} a[href="/node"]`);
  await look(page, 'overdue');
  await page.click(`${late} [data-test=backup]`);
  await page.waitForSelector(late, { state: 'detached', timeout: 60000 });
  await page.goto(url);
  await page.waitForSelector('[data-test=health]');
  await page.waitForFunction(() => !document.querySelector('.skeleton'));
  assert.equal(await page.locator(todo).count(), 0);
  await page.clock.setFixedTime(Date.now() + 8 * 86400000);
  await page.goto(`${url}/node`);
  await page.waitForSelector(`${late}:has-text("the last one: 8 days ago")`);
  await page.goto(url);
  await page.waitForSelector(`${todo}:has-text("8 days ago")`);
  await page.waitForSelector('[data-test=health] .bad:has-text("8 days ago")');
}

test('a copied file signs nothing until its owner presses the button', { skip },
  async () => {
    const dir = folder(), db = join(dir, 'one.db'), copy = join(dir, 'two.db');
    const password = join(dir, 'password');
    writeFileSync(password, 'correct horse battery\n');
    assert.equal(run(['init', '--db', db]).status, 0);
    assert.equal(run(['admin', 'create', 'boss', '--db', db, '--password',
      password]).status, 0);
    const one = await Node.start(['run', '--db', db, '--ipcdisable']);
    assert.equal(run(['backup', copy, '--db', db]).status, 0);
    const two = await Node.start(['run', '--db', copy, '--ipcdisable']);
    const height = await two.height();
    const page = await open(browser, { bypassCSP: true });
    await page.goto(`${two.url}/node`);
    await page.waitForSelector('text=cybermiles run --claim');
    assert.equal(await page.locator('[data-test=claim]').count(), 0);
    await page.goto(`${two.url}/login`);
    await page.fill('#name', 'boss');
    await page.fill('#password', 'correct horse battery');
    await page.click('main button.main');
    await page.waitForURL((u) => !u.pathname.startsWith('/login'));
    await page.goto(`${two.url}/node`);
    // Not beside the first, which signs with the same key.
    await page.click('[data-test=claim]');
    await page.waitForSelector('[role=alert]:has-text("signs with this file")');
    assert.equal((await one.stop()).code, 0);
    assert.equal(await two.height(), height);
    await page.click('[data-test=claim]');
    await page.waitForSelector('[data-test=claim]', { state: 'detached',
      timeout: 30000 });
    await until('a block', async () => await two.height() > height, 60000);
    await backupsOf(page, two.url);
    assert.deepEqual(page.wrong, []);
    await page.context().close();
    assert.equal((await two.stop()).code, 0);
    remove(dir);
  });

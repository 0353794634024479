// listings.mjs - listings that are changed in Chromium while they sell: the CSV
// that goes out comes in again, and changes what was changed in it and nothing
// else; prices of many and the editor leave alone what was sold meanwhile.
// TEST_TIMEOUT=400
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { Node, folder, remove } from '../e2e/node.mjs';
import { CHROMIUM, WEB, launch, look, open } from './browser.mjs';
import { settled } from './purse.mjs';

const skip = existsSync(CHROMIUM) ? false : 'no Chromium on this machine';
const ODD = '=HYPERLINK("http://x","y"), "quoted"';
const BODY = 'two lines,\nand "=not" a formula\n-- really';
let node, browser, page, dir, csv, orders, seller;

before(async () => {
  if (skip) return;
  globalThis.localStorage = { getItem: () => null, setItem() {} };
  csv = await import(join(WEB, 'csv.js'));
  dir = folder();
  node = await Node.start(['dev']);
  browser = await launch();
  page = await open(browser);
  [seller] = await node.rpc('eth_accounts');
  const provider = new ethers.JsonRpcProvider(node.url, undefined,
    { cacheTimeout: -1, polling: true, pollingInterval: 50 });
  orders = new ethers.Contract(`0x${'0'.repeat(36)}1013`, await (await fetch(
    `${node.url}/abi/Orders.json`)).json(), await provider.getSigner(5));
});
after(async () => {
  orders?.runner.provider.destroy();
  await browser?.close();
  if (node) assert.equal((await node.stop()).code, 0);
  if (dir) remove(dir);
});

const get = (id) => node.rpc('market_get', [id]);
const stocks = async (id) => (await get(id)).variants.map((v) => v.stock);
async function buy(id, variant) {
  const { version, price, variants } = await get(id);
  const total = BigInt(variants[variant].price) || BigInt(price);
  await (await orders.place([seller, [[id, version, variant, 1]],
    ethers.ZeroHash.slice(0, 18), ethers.ZeroAddress, total, 0,
    ethers.ZeroAddress, 0, '0x', 0, 0, ethers.ZeroHash, ethers.ZeroHash],
  { value: total })).wait();
}

// Gives a file, as text or rows of cells, to the page; what it says of it.
async function give(text) {
  const file = join(dir, 'in.csv');
  writeFileSync(file, typeof text === 'string' ? text
    : csv.csvText(text[0], text.slice(1)));
  await page.setInputFiles('#file', []);
  await page.waitForSelector('.notice', { state: 'detached' });
  await page.setInputFiles('#file', file);
  return page.textContent('.notice strong');
}
async function take() {
  const [download] = await Promise.all([page.waitForEvent('download'),
    page.click('[data-test=export]')]);
  return readFileSync(await download.path(), 'utf8');
}
const save = async () => {
  await page.click('[data-test=import]');
  await page.waitForFunction(() => /(\d+) of \1 /.test(document.querySelector(
    'p[role=status]')?.textContent));
};

test('CSV: formulas, quotes, lines and variants go in, out and in again',
  { skip }, async () => {
    await page.goto(`${node.url}/sell/csv`);
    const head = ['title', 'body', 'price', 'variant', 'variantPrice', 'stock',
      'sku', 'tags'];
    assert.equal(await give([head, [ODD, BODY, '4.5', 'red', '', '7', '-r1',
      "'=a, b"], ['', '', '', 'blue', '5', '', '@b2', ''],
    ['Plain', '', '2', '', '', '3', '', '']]),
    '2 new, 0 changed, 0 as they are, 0 with errors');
    await save();
    const l = await get(1);
    assert.equal(l.document.title, ODD);
    assert.equal(l.document.body, BODY);
    assert.deepEqual(l.document.tags, ["'=a", 'b']);
    assert.deepEqual(l.document.variants, ['red', 'blue']);
    assert.deepEqual(l.variants.map((v) => [v.stock, BigInt(v.price)]),
      [[7, 0n], [4294967295, 5n * 10n ** 18n]]);
    const text = await take();
    assert.match(text, /,"'=HYPERLINK.*,"''=a, b".*,'-r1,.*,'@b2,/s);
    assert.equal(await give(text),
      '0 new, 0 changed, 2 as they are, 0 with errors');
    assert.equal(await page.locator('[data-test=import]').count(), 0);
    await look(page, 'csv');
  });

test('CSV: what was changed is, what was sold meanwhile stays sold', { skip },
  async () => {
    const rows = csv.parseCsv(await take());
    const at = (name) => rows[0].indexOf(name);
    const old = await get(1);
    await buy(1, 0); // 7 becomes 6 after the file was written
    rows[1][at('price')] = '9.25';
    rows[1][at('stock')] = '10'; // three more
    rows[2][at('sku')] = '=b3';
    rows.push(rows[0].map((c) => ({ id: '1', variantNo: '3', variant: 'green',
      stock: '2' })[c] ?? ''));
    assert.equal(await give(rows),
      '0 new, 1 changed, 1 as they are, 0 with errors');
    assert.equal((await page.textContent('tbody code')).trim(),
      'price, variants, stock');
    await save();
    const now = await get(1);
    assert.equal(BigInt(now.price), 9250000000000000000n);
    assert.deepEqual(now.document, { ...old.document, variants: ['red', 'blue',
      'green'] });
    assert.deepEqual(now.variants.map((v) => v.stock), [9, 4294967295, 2]);
    assert.equal(now.variants[1].sku, ethers.encodeBytes32String('=b3'));
    for (const same of ['expires', 'handling', 'mediator', 'category', 'token',
      'maxFeeBps']) assert.equal(now[same], old[same], same);
    assert.equal((await get(2)).version, 1);
    assert.match(await give(await take()), /^0 new, 0 changed, 2 as they are/);
  });

test('CSV: rows that cannot be are named, and nothing of them is sent',
  { skip }, async () => {
    const head = ['id', 'title', 'price', 'variantNo', 'stock', 'active',
      'images'];
    assert.equal(await give([head, ['1', 'x', 'much', '', '', '', ''],
      ['99', 'x', '1', '', '', '', ''], ['2', 'Plain', '2', '5', '1', '1', ''],
      ['', 'New', '1', '', '-3', '1', ''], ['', 'New', '1', '', '3', 'maybe',
        'cat.png'], ['', '', '1', '', '3', '1', '']]),
    '0 new, 0 changed, 0 as they are, 6 with errors');
    const wrong = await page.locator('tbody tr').allTextContents();
    for (const [i, words] of [/2.*price: /, /3.*id: No listing of yours/,
      /4.*variantNo: Line 4/, /5.*stock \(Line 5\)/, /6.*active.*images|images.*active/,
      /7.*title/].entries()) assert.match(wrong[i], words);
    assert.equal(await page.locator('[data-test=import]').count(), 0);
    const file = join(dir, 'short.csv');
    writeFileSync(file, 'price\r\n1\r\n');
    await page.setInputFiles('#file', file);
    await page.waitForSelector('#file-error:has-text("missing: title")');
  });

test('a price by percent and the editor leave a sale in between alone', { skip },
  async () => {
    const [red] = await stocks(1);
    // Once everything is read and before anything is signed.
    let bought = 0;
    const sell = async (route) => {
      if (/"eth_estimateGas"/.test(route.request().postData() ?? '')) {
        bought++;
        await buy(1, 0);
      }
      await route.continue();
    };
    await page.goto(`${node.url}/sell`);
    await page.check('input[aria-label^="Choose =HYPER"]');
    await page.fill('#bulk-value', '10');
    await page.waitForSelector('[data-test=bulk-go]:not([disabled])');
    await page.route('**/*', sell);
    await page.click('[data-test=bulk-go]');
    await page.waitForSelector('[data-test=bulk]', { state: 'detached' });
    await page.unroute('**/*', sell);
    const dearer = await get(1);
    assert.equal(BigInt(dearer.price), 10175000000000000000n);
    assert.equal(BigInt(dearer.variants[1].price), 55n * 10n ** 17n);
    assert.equal(dearer.variants[0].stock, red - bought);
    await page.goto(`${node.url}/sell/listing/1`);
    await page.fill('#title', 'Another title');
    await page.fill('#stock-2', '5');
    await page.route('**/*', sell);
    await page.click('form.form button.main');
    await page.waitForSelector('h1:has-text("Another title")');
    await page.unroute('**/*', sell);
    assert.ok(bought >= 2);
    assert.deepEqual(await stocks(1), [red - bought, 4294967295, 5]);
    assert.equal((await get(1)).expires, dearer.expires);
    await settled(page);
    await buy(2, 0); // of three
    await page.goto(node.url);
    await page.waitForSelector('[data-test=todo-low] a:has-text("Plain")');
    assert.deepEqual(page.wrong, []);
  });

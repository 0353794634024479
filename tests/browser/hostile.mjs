// hostile.mjs - every document that people put on the chain holds markup, a
// script, a closing tag, a text that turns right to left, and much of it: no
// page runs it, breaks its policy, shows it outside an isolate of its own or
// grows wider than the screen by it.
// TEST_TIMEOUT=300
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { Node } from '../e2e/node.mjs';
import { CHROMIUM, launch, open } from './browser.mjs';
import { actAs } from './purse.mjs';

const skip = existsSync(CHROMIUM) ? false : 'no Chromium on this machine';
const JUNK = 'test test test test test test test test test test test junk';
const MODULES = { Identity: 0x1010, Platforms: 0x1011, Market: 0x1012,
  Orders: 0x1013, Mediation: 0x1014 };
const { ZeroAddress: ZERO, ZeroHash: NONE } = ethers;
const DAY = 86400;
const EVIL = '"><script>window.pwned=1</script><img src=x onerror=pwned=1>'
  + '</title></script>javascript:pwned=1 \u202egpj.exe\u2066 '
  + 'W'.repeat(200);
// Whatever member of a document a page shows, it shows this.
const DOC = { about: EVIL, address: EVIL, body: EVIL, contact: EVIL,
  images: [], lines: [], name: EVIL, note: EVIL, policy: EVIL, reason: EVIL,
  tags: [EVIL.slice(0, 60)], text: EVIL, title: EVIL, tracking: EVIL,
  url: 'javascript:window.pwned=1', variants: [EVIL.slice(0, 90)] };
let node, browser, provider, seller, buyer, at, doc;

const account = (i) => ethers.HDNodeWallet.fromPhrase(JUNK, undefined,
  `m/44'/60'/0'/0/${i}`).connect(provider);
async function send(as, module, method, ...args) {
  const last = args.at(-1)?.value === undefined ? {} : args.pop();
  return (await at[module].connect(as)[method](...args,
    { gasLimit: 3000000n, ...last })).wait();
}

before(async () => {
  if (skip) return;
  node = await Node.start(['dev']);
  browser = await launch();
  provider = new ethers.JsonRpcProvider(node.url, undefined,
    { staticNetwork: true, cacheTimeout: -1 });
  provider.pollingInterval = 50;
  at = {};
  for (const [name, n] of Object.entries(MODULES)) {
    at[name] = new ethers.Contract(`0x${n.toString(16).padStart(40, '0')}`,
      await (await fetch(`${node.url}/abi/${name}.json`)).json(), provider);
  }
  [seller, buyer] = [account(0), account(1)];
  doc = (await node.rpc('content_put', [ethers.hexlify(
    ethers.toUtf8Bytes(JSON.stringify(DOC)))])).hash;
  for (const who of [seller, buyer]) {
    await send(who, 'Identity', 'create', 1, doc, NONE);
  }
  await send(seller, 'Platforms', 'register', doc, doc, 100, 0, 0, 0n,
    { value: ethers.parseEther('100') });
  await send(seller, 'Market', 'save', 0n, ZERO, [1, 0, doc, ZERO, 1000n, 0n,
    DAY, DAY, DAY, 14, 1000, 0, ZERO, 0, 0n, 0n, 0n], [[0, 0n, 9, NONE, true]]);
  const order = (qty) => [seller.address, [[1n, 1, 0, qty]],
    '0x0000000000000000', ZERO, 1000n * BigInt(qty), 1n, ZERO, 0n, '0x', 0n, 0n,
    doc, doc];
  for (const qty of [1, 2]) {
    await send(buyer, 'Orders', 'place', order(qty),
      { value: 1000n * BigInt(qty) });
    await send(seller, 'Orders', 'ship', BigInt(qty), doc);
  }
  await send(buyer, 'Orders', 'confirm', 1n);
  await send(buyer, 'Market', 'review', 1n, 1, doc);
  await send(seller, 'Market', 'reply', 1n, 1, doc);
  const until = BigInt((await provider.getBlock('latest')).timestamp + DAY);
  await send(seller, 'Orders', 'createInvoice', ZERO, [ZERO, ZERO, 500n, 0n, 2,
    0, 0, 0n, until, doc, doc, 0, 0, 0, [], [], []]);
  await send(seller, 'Orders', 'savePlan', 0n, ZERO,
    [ZERO, 100n, DAY, 0, 0, 0, doc]);
  await send(buyer, 'Mediation', 'open', 0x1013, 2n, 255, 5000, 1, doc,
    { value: ethers.parseEther('2') });
});
after(async () => {
  provider?.destroy();
  await browser?.close();
  if (node) assert.equal((await node.stop()).code, 0);
});

// Texts that turn the writing's direction and can turn what stands beside them;
// what the page is wider than its screen by.
const look = () => {
  const apart = ['isolate', 'isolate-override', 'plaintext'];
  const bare = [], walk = document.createTreeWalker(document.body,
    NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const own = walk.currentNode.parentElement;
    let e = own;
    if (!/\u202e/.test(walk.currentNode.data)
      || e.closest('script, textarea, option')) continue;
    // Apart by its style, or alone in its block.
    for (; e; e = e.parentElement) {
      const { display, unicodeBidi } = getComputedStyle(e);
      if (e.localName === 'bdi' || (display.startsWith('inline')
        && apart.includes(unicodeBidi))) break;
      if (!display.startsWith('inline')) {
        if (e.textContent.trim() !== walk.currentNode.data.trim()) e = null;
        break;
      }
    }
    if (!e) bare.push(own.outerHTML.slice(0, 90));
  }
  const wide = [...document.querySelectorAll('main *')].filter((e) =>
    e.getBoundingClientRect().right > window.innerWidth + 1
      && !e.closest('.scroll')).map((e) => e.outerHTML.slice(0, 60)).slice(0, 3);
  return { bare, who: wide, pwned: window.pwned ?? null, title: document.title,
    wide: document.documentElement.scrollWidth - window.innerWidth,
    evil: document.body.textContent.includes('window.pwned') };
};

test('no page runs, turns or is torn by what documents say', { skip },
  async () => {
    const wrong = [], shown = [];
    const paths = ['/', '/sell', '/sell/listing/1', '/sell/reviews',
      '/sell/posts', '/orders', '/order/1', '/order/2', '/purchases', '/buy',
      '/listing/1', `/party/${seller.address.toLowerCase()}`, '/invoices',
      '/invoice/1', '/plans', '/plan/1', '/resolve', '/case/1', '/storefront',
      '/identity', `/address/${seller.address.toLowerCase()}`, '/cart', '/names',
      '/favourites'];
    const page = await open(browser, { viewport: { width: 320, height: 640 } });
    await page.addInitScript(() => {
      localStorage.setItem('favourites', '[1]');
      localStorage.setItem('cart', '[{"listing":1,"variant":0,"qty":20}]');
    });
    await page.goto(node.url);
    await actAs(page, seller.address);
    for (const path of paths) {
      await page.goto(node.url + path);
      await page.waitForSelector('main h1');
      await page.waitForFunction(() =>
        !document.querySelector('main .skeleton, main [aria-busy=true]'),
      undefined, { timeout: 20000 });
      const seen = await page.evaluate(look);
      if (seen.evil) shown.push(path);
      if (seen.pwned) wrong.push(`${path}: a script ran`);
      if (/\u202e/.test(seen.title)) wrong.push(`${path}: title turned`);
      if (seen.wide > 0) wrong.push(`${path}: ${seen.wide} px too wide: ${seen.who}`);
      for (const b of seen.bare) wrong.push(`${path}: not apart: ${b}`);
    }
    assert.deepEqual(wrong, []);
    assert.deepEqual(page.wrong, []);
    // The documents were there to be shown.
    assert.ok(shown.length >= 8, shown.join(' '));
    await page.context().close();
  });

test('a token that calls itself as the coin of the chain is told apart', { skip },
  async () => {
    const page = await open(browser);
    await page.goto(node.url);
    await actAs(page, seller.address);
    for (const [symbol, shown] of [['CMT', 'CMT?'], ['\u202eTMC', 'TMC'],
      ['\u0421\u041c\u0422', '\u0421\u041c\u0422?'], ['C\u200bMT', 'CMT?']]) {
      // answers whatever it is asked with its symbol, as Solidity encodes it
      const text = ethers.AbiCoder.defaultAbiCoder().encode(['string'], [symbol]);
      const { contractAddress } = await (await seller.sendTransaction({
        data: ethers.concat(['0x606c600c600039606c6000f3',
          '0x6060600c60003960606000f3', text]) })).wait();
      const address = contractAddress.toLowerCase();
      await page.evaluate((a) => localStorage.setItem('tokens',
        JSON.stringify([a])), address);
      await page.goto(`${node.url}/money`);
      await page.waitForSelector(`main :text("${shown}${shown.endsWith('?')
        ? address.slice(2, 6) : ''}")`);
      assert.equal(await page.evaluate(() =>
        /[\u202a-\u202e\u200b]/.test(document.querySelector('main')
          .innerText)), false);
    }
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  });

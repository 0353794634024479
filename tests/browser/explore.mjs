// explore.mjs - calls, events and errors told in words on the dashboard, and
// contracts read there, in Chromium; its ABI decoder beside ethers.
// TEST_TIMEOUT=300
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { Node } from '../e2e/node.mjs';
import { TOKEN, compile } from '../e2e/solc.mjs';
import { CHROMIUM, WEB, launch, open } from './browser.mjs';

const skip = existsSync(CHROMIUM) ? false : 'no Chromium on this machine';
const DEEDS = `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;
import "@openzeppelin/contracts/token/ERC721/ERC721.sol";
contract Deeds is ERC721 {
  uint256 public price = 2 ether;
  constructor() ERC721("Deeds", "DEED") { _mint(msg.sender, 7); }
  function buy(uint256[] calldata ids) external payable {
    require(msg.value == price * ids.length, "pay the price of each");
    for (uint256 i = 0; i < ids.length; i++) _mint(msg.sender, ids[i]);
  }
}`;
let node, browser, wallet, token, moods, deeds, out;

before(async () => {
  if (skip) return;
  node = await Node.start(['dev', '--dev.credits']);
  browser = await launch();
  const provider = new ethers.JsonRpcProvider(node.url, undefined,
    { staticNetwork: true, cacheTimeout: -1 });
  wallet = new ethers.NonceManager(ethers.HDNodeWallet.fromPhrase('test test '
    + 'test test test test test test test test test junk').connect(provider));
  out = compile({ 'Shop.sol': TOKEN, 'Deeds.sol': DEEDS });
  const deploy = async (name) => {
    const c = await new ethers.ContractFactory(out[name].abi,
      out[name].bytecode, wallet).deploy();
    return c.waitForDeployment();
  };
  token = await deploy('Token');
  moods = await deploy('Moods');
  deeds = await deploy('Deeds');
});
after(async () => {
  wallet?.provider.destroy();
  await browser?.close();
  if (node) assert.equal((await node.stop()).code, 0);
});

test('a token, its transfer and what it tells are in words', { skip },
  async () => {
    const to = ethers.Wallet.createRandom().address;
    const sent = await (await token.transfer(to, 12345n)).wait();
    const page = await open(browser);
    await page.goto(`${node.url}/tx/${sent.hash}`);
    await page.waitForSelector('[data-test=decoded] >> nth=1');
    assert.deepEqual(await page.locator('[data-test=decoded]')
      .allTextContents(), ['Transfer', 'transfer']);
    assert.match(await page.textContent('main'), /12,345/);
    await page.goto(`${node.url}/address/${token.target}`);
    await page.waitForSelector('dd:has-text("Shop Token (SHOP)")');
    await page.click('[data-test=tab-read]');
    await page.click('summary code:text-is("balanceOf")');
    const read = page.locator('details.read', { hasText: 'balanceOf' });
    await read.locator('input').fill(to);
    await read.locator('button').click();
    await read.locator('dd:has-text("12,345")').waitFor();
    await read.locator('input').fill('0x12');
    await read.locator('button').click();
    await read.locator('.wrong:has-text("needs 20 bytes")').waitFor();
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  });

test('an address lists its transactions, a page at a time, and saves them',
  { skip }, async () => {
    const { length } = await Promise.all(Array.from({ length: 30 }, async () =>
      (await wallet.sendTransaction({ to: moods.target, value: 1n,
        gasLimit: 100000 })).wait()));
    assert.equal(length, 30);
    const page = await open(browser);
    await page.goto(`${node.url}/address/${moods.target}`);
    const rows = page.locator('[data-test=history] tbody tr');
    await rows.nth(24).waitFor();
    assert.equal(await rows.count(), 25);
    const first = await rows.nth(0).locator('a').nth(0).getAttribute('href');
    await page.click('button:text-is("Older")');
    await page.waitForSelector('button:text-is("Newer")');
    await page.waitForFunction((href) => document.querySelector(
      '[data-test=history] tbody a').getAttribute('href') !== href, first);
    assert.equal(await rows.count(), 6); // with the one that made it
    assert.match(await rows.last().textContent(), /makes a contract/);
    const [file] = await Promise.all([page.waitForEvent('download'),
      page.click('button:text-is("Save as CSV")')]);
    assert.equal(readFileSync(await file.path(), 'utf8').trim().split('\r\n')
      .length, 7);
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  });

test('a contract of unknown interface speaks when its ABI is given', { skip },
  async () => {
    const tx = await wallet.sendTransaction({ to: moods.target,
      gasLimit: 200000, data: moods.interface.getFunction('failsTyped')
        .selector });
    await tx.wait().catch(() => {});
    const page = await open(browser);
    await page.goto(`${node.url}/address/${moods.target}`);
    await page.click('[data-test=tab-source]');
    await page.fill('#abi', 'no abi');
    await page.click('button:text-is("Keep")');
    await page.waitForSelector('#abi-error');
    await page.fill('#abi', JSON.stringify(out.Moods.abi));
    await page.click('button:text-is("Keep")');
    await page.waitForSelector('.notice:has-text("Given by you, unchecked")');
    await page.goto(`${node.url}/tx/${tx.hash}`);
    await page.waitForSelector('.status.bad');
    assert.match(await page.textContent('main'), /Closed\(until: 7, by: 0x/);
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  });

test('a module is known by itself', { skip }, async () => {
  const module = `0x${'1004'.padStart(40, '0')}`;
  const { abi } = await (await fetch(`${node.url}/abi/index.json`)).json()
    .then(async (list) => ({ abi: await (await fetch(`${node.url}/abi/${list
      .find((m) => m.address === module).name}.json`)).json() }));
  const credits = new ethers.Contract(module, abi, wallet);
  const tx = await (await credits.registerPolicy(token.target, [], 0, 50000,
    10, 100, 0)).wait();
  const page = await open(browser);
  await page.goto(`${node.url}/tx/${tx.hash}`);
  await page.waitForSelector('[data-test=decoded] >> nth=1');
  assert.deepEqual(await page.locator('[data-test=decoded]')
    .allTextContents(), ['PolicyRegistered', 'registerPolicy']);
  await page.goto(`${node.url}/address/${module}`);
  await page.waitForSelector('h1:has-text("Credits")');
  await page.click('[data-test=tab-read]');
  await page.click('summary code:text-is("prices")');
  const read = page.locator('details.read', { hasText: 'prices' });
  await read.locator('button').click();
  await read.locator('dd:has-text("65,536") >> nth=0').waitFor();
  assert.deepEqual(page.wrong, []);
  await page.context().close();
});

test('metadata that the code names is told from what is only given', { skip },
  async () => {
    const page = await open(browser);
    const file = (name, text) => ({ name, mimeType: 'application/json',
      buffer: Buffer.from(text) });
    const give = async (...files) => {
      await page.setInputFiles('#abi-files', files);
      await page.click('button:text-is("Keep")');
    };
    await page.goto(`${node.url}/address/${deeds.target}?tab=source`);
    await page.waitForSelector('#abi-files');
    const { metadata } = out.Deeds;
    await give(file('metadata.json', metadata.replace('"DEED"', '"DEAD"')
      .replace('"price"', '"prize"')));
    await page.waitForSelector('.notice:has-text("Given by you, unchecked")');
    await give(file('metadata.json', metadata), file('Deeds.sol', DEEDS));
    await page.waitForSelector('.notice.good:has-text("Contract Deeds")');
    await page.click('summary:has-text("Deeds.sol")');
    assert.match(await page.textContent('details.read[open] pre'),
      /pay the price of each/);
    assert.equal(await page.locator('summary:has-text("its hash agrees")')
      .count(), 1);
    await page.click('[data-test=tab-code]');
    await page.focus('[data-test=tab-code]');
    await page.keyboard.press('ArrowLeft');
    await page.waitForSelector('.notice.good:has-text("this very interface")');
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  });

test('a contract is written to: tried first, refused in its words, then sent',
  { skip }, async () => {
    const page = await open(browser);
    await page.goto(`${node.url}/address/${deeds.target}?tab=source`);
    await page.fill('#abi', JSON.stringify(out.Deeds.abi));
    await page.click('button:text-is("Keep")');
    await page.click('[data-test=tab-write]');
    await page.click('summary:has-text("buy")');
    const buy = page.locator('[data-test=method]', { hasText: 'buy' });
    const [ids, value] = [buy.locator('input').nth(0),
      buy.locator('input').nth(1)];
    await ids.fill('11, 12');
    await buy.locator('[data-test=try]').click();
    await buy.locator('.wrong:has-text("as JSON")').waitFor();
    await ids.fill('[11, 12]');
    await value.fill('3');
    await buy.locator('[data-test=try]').click();
    await buy.locator('.wrong:has-text("pay the price of each")').waitFor();
    await value.fill('4');
    await buy.locator('[data-test=try]').click();
    await buy.locator('[data-test=tried]:has-text("gas")').waitFor();
    assert.equal(await deeds.balanceOf(wallet.signer.address), 1n);
    await buy.locator('[data-test=send]').click();
    await buy.locator('text=it is in a block').waitFor();
    assert.equal(await deeds.ownerOf(12), wallet.signer.address);
    assert.equal(await node.rpc('eth_getBalance', [deeds.target, 'latest']),
      `0x${(4n * 10n ** 18n).toString(16)}`);
    assert.deepEqual(page.wrong, []);
    wallet.reset();
    await page.context().close();
  });

test('tokens are listed as they move; one tells supply, transfers, holders',
  { skip }, async () => {
    const page = await open(browser);
    await page.goto(`${node.url}/tokens`);
    await page.waitForSelector('tr:has-text("Deeds (DEED)"):has-text("721")');
    await page.click('td a:has-text("Shop Token (SHOP)")');
    await page.waitForSelector('h1:has-text("Shop Token")');
    assert.match(await page.textContent('[data-test=supply]'), /1,000/);
    await page.waitForSelector('td:has-text("0.000000000000012345 SHOP")');
    await page.fill('#who', wallet.signer.address);
    await page.click('[data-test=holder] button');
    await page.waitForSelector('[data-test=holds]:has-text("999.99")');
    await page.goto(`${node.url}/token/${deeds.target}`);
    await page.waitForSelector('td:has-text("number 7")');
    await page.fill('#token-id', '7');
    await page.click('[data-test=holder] button');
    await page.waitForSelector(`.card a[title="${wallet.signer.address}"]`);
    await page.goto(`${node.url}/token/${moods.target}`);
    await page.waitForSelector('.empty:has-text("no token")');
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  });

test('the pool tells who waits, for what, since when and how much room is left',
  { skip }, async () => {
    const other = ethers.HDNodeWallet.fromPhrase('test test test test test test '
      + 'test test test test test junk', undefined, "m/44'/60'/0'/0/5")
      .connect(wallet.provider);
    await other.sendTransaction({ to: token.target, nonce: 3, gasLimit: 100000,
      data: token.interface.encodeFunctionData('transfer', [other.address, 1n]) });
    const page = await open(browser);
    await page.goto(`${node.url}/pool`);
    const row = page.locator('[data-test=sender] tbody tr');
    await row.waitFor();
    assert.match(await row.textContent(), /transfer.*number 0 .*missing/);
    assert.match(await page.textContent('main'), /1 of [1-9][\d,]{3,}/);
    await node.rpc('anvil_dropAllTransactions');
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  });

/* ------------------------------------------------------- beside ethers */

let seed = 7;
const dice = (n) => {
  seed = Math.imul(seed, 1103515245) + 12345 >>> 0;
  return (seed >>> 8) % n;
};
const bytes = (n) => ethers.hexlify(Uint8Array.from({ length: n },
  () => dice(256)));
function sample(depth) {
  const kind = dice(depth > 2 ? 7 : 10);
  const bits = 8 * (1 + dice(32));
  if (kind === 0) return [`uint${bits}`, BigInt(bytes(bits / 8))];
  if (kind === 1) {
    return [`int${bits}`, BigInt.asIntN(bits, BigInt(bytes(bits / 8)))];
  }
  if (kind === 2) return ['address', bytes(20)];
  if (kind === 3) return ['bool', dice(2) === 1];
  if (kind === 4) return [`bytes${bits / 8}`, bytes(bits / 8)];
  if (kind === 5) return ['bytes', bytes(dice(70))];
  if (kind === 6) return ['string', 'ä\u202e€x'.repeat(dice(20))];
  if (kind === 7) {
    const parts = Array.from({ length: 1 + dice(3) }, () => sample(depth + 1));
    return [{ components: parts.map(([t]) => t) }, parts.map(([, v]) => v)];
  }
  const [item, first] = sample(depth + 1);
  const count = dice(4) + (kind === 9 ? 1 : 0);
  return [{ item, count: kind === 9 ? count : '' },
    Array(count).fill(first)];
}
function param(type, name) {
  if (typeof type === 'string') return { type, name };
  if (type.components) {
    return { type: 'tuple', name,
      components: type.components.map((c, i) => param(c, `f${i}`)) };
  }
  const inner = param(type.item, name);
  return { ...inner, type: `${inner.type}[${type.count}]` };
}
const plain = (v) => Array.isArray(v) || v instanceof ethers.Result
  ? [...v].map(plain) : typeof v === 'string' ? v.toLowerCase() : v;

test('calls are encoded and decoded as ethers does', async () => {
  const { encodeCall, readCall } = await import(join(WEB, 'abi.js'));
  for (let i = 0; i < 400; i++) {
    const args = Array.from({ length: dice(5) }, () => sample(0));
    const row = { type: 'function', name: 'f',
      inputs: args.map(([t], k) => param(t, `a${k}`)), outputs: [] };
    const values = args.map(([, v]) => v);
    const data = new ethers.Interface([row]).encodeFunctionData('f', values);
    assert.equal(encodeCall(row, values), data);
    assert.deepEqual(plain(readCall([row], data).args.map((a) => a.value)),
      plain(values));
    const bad = ethers.getBytes(data);
    if (bad.length > 4) bad[4 + dice(bad.length - 4)] ^= 1 << dice(8);
    const told = readCall([row], ethers.hexlify(bad.subarray(0,
      bad.length - dice(40)))); // whatever it says, it does not throw
    assert.ok(told === null || told.args.length === args.length);
  }
});

test('lists that point at one another end soon', async () => {
  const { decode, AbiError } = await import(join(WEB, 'abi.js'));
  const word = (n) => n.toString(16).padStart(64, '0');
  const level = word(64) + word(64 * 32).repeat(64); // all are the next list
  const trap = `0x${word(32)}${level.repeat(3)}${word(64)}${word(1).repeat(64)}`;
  assert.throws(() => decode([{ type: 'uint8[][][][]' }], trap), AbiError);
});

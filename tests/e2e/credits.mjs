// credits.mjs - credits as a developer meets them: spent, refused with the ways
// on, paid by a sponsor, rented; and their module called from ethers and from
// Solidity through the interface that the node serves.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { Node } from './node.mjs';
import { compile } from './solc.mjs';

const PHRASE = 'test test test test test test test test test test test junk';
const MODULE = '0x0000000000000000000000000000000000001004';
const USER = (imports) => `
// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;
${imports}
contract Shop {
  ICredits constant credits = ICredits(${ethers.getAddress(MODULE)});
  uint256 public visits;
  function visit() external { visits++; }
  function availableOf(address a) external view returns (uint64 v) {
    (v,,,,) = credits.creditsOf(a);
  }
  function lend(address to, uint256 stake) external {
    credits.delegateCredits(to, stake);
  }
  function trap(address to) external returns (bytes4) {
    try credits.delegateCredits(to, 5 ether) { return 0; }
    catch (bytes memory why) { return bytes4(why); }
  }
  function inside() external returns (bool ok, bytes memory out) {
    (ok, out) = address(credits).delegatecall(
      abi.encodeCall(ICredits.prices, ()));
  }
  function peek() external view returns (bool ok, bytes memory out) {
    (ok, out) = address(credits).staticcall(
      abi.encodeCall(ICredits.removePolicy, (1)));
  }
}`;
let node, provider, account, abi, module, shop;

const credits = (a) => provider.send('cm_credits', [a]);
const refused = async (promise) => {
  try { await promise; } catch (e) {
    return e.info?.error?.message ?? e.error?.message ?? e.message;
  }
  assert.fail('was not refused');
};

before(async () => {
  node = await Node.start(['dev', '--dev.credits']);
  provider = new ethers.JsonRpcProvider(node.url, undefined,
    { cacheTimeout: -1 });
  provider.pollingInterval = 50;
  account = (i) => ethers.HDNodeWallet
    .fromPhrase(PHRASE, undefined, `m/44'/60'/0'/0/${i}`).connect(provider);
  abi = await (await fetch(`${node.url}/abi/Credits.json`)).json();
  module = new ethers.Contract(MODULE, abi, provider);
});
after(async () => {
  provider?.destroy();
  assert.deepEqual(await node.stop(), { code: 0, signal: null });
});

test('the modules are listed with ABI and Solidity interface', async () => {
  const page = await (await fetch(`${node.url}/abi/`)).text();
  assert.match(page, /\/abi\/Credits\.json/);
  assert.match(page, /0x0{36}1004/);
  assert.equal((await fetch(`${node.url}/abi/None.json`)).status, 404);
  const names = abi.filter((e) => e.type === 'function').map((e) => e.name);
  for (const name of ['creditsOf', 'prices', 'rentCredits', 'delegateCredits'])
    assert.ok(names.includes(name), name);
});

test('a transfer costs its gas and bytes, not money', async () => {
  const from = account(1), to = account(2).address;
  const was = await credits(from.address);
  assert.equal(BigInt(was.available), 3000000n);
  const raw = await from.signTransaction(await from.populateTransaction(
    { to, value: 1n, gasLimit: 21000n }));
  await (await provider.broadcastTransaction(raw)).wait();
  const bytes = BigInt(ethers.dataLength(raw));
  const cost = 21000n + 8n * bytes;
  const now = BigInt((await credits(from.address)).available);
  assert.ok(now >= 3000000n - cost && now < 3000000n - cost + 2000n,
    `${now}`);
});

test('cm_estimateCredits says the cost, the payer, and no beforehand',
  async () => {
    const call = { from: account(1).address, to: account(2).address,
      value: '0x1' };
    const e = await provider.send('cm_estimateCredits', [call]);
    assert.equal(e.admitted, true);
    assert.equal(e.payer, account(1).address.toLowerCase());
    assert.equal(BigInt(e.gasUsed), 21000n);
    const big = await provider.send('cm_estimateCredits',
      [{ ...call, gas: '0x500000' }]);
    assert.equal(big.admitted, false);
    assert.match(big.reason, /insufficient credits/);
  });

test('who asks for more than there is, is told what there is and three ways on',
  async () => {
    const why = await refused(account(1).sendTransaction(
      { to: account(2).address, value: 1n, gasLimit: 16000000n }));
    assert.match(why, /insufficient credits: needs \d+, available \d+/);
    assert.match(why, /stake/);
    assert.match(why, /sponsor/);
    assert.match(why, /cannot hold as many/);
  });

test('who has spent all is told when it refills', async () => {
  const from = account(3);
  const tx = await from.sendTransaction({ to: account(2).address, value: 1n,
    gasLimit: 2900000n });
  await tx.wait();
  const tx2 = await from.sendTransaction({ to: account(2).address, value: 1n,
    gasLimit: 1500000n });
  await tx2.wait();
  const why = await refused(from.sendTransaction(
    { to: account(2).address, value: 1n, gasLimit: 1500000n }));
  assert.match(why, /refilled in \d+ (hours|minutes): wait, stake/);
});

test('the interface of every module compiles', async () => {
  const list = await (await fetch(`${node.url}/abi/index.json`)).json();
  assert.ok(list.length >= 7);
  for (const { name } of list) {
    const text = await (await fetch(`${node.url}/abi/${name}.sol`)).text();
    assert.ok(compile({ [`${name}.sol`]: text })[`I${name}`].abi.length > 0,
      name);
  }
});

test('Solidity calls the module through the interface that is served',
  async () => {
    const text = await (await fetch(`${node.url}/abi/Credits.sol`)).text();
    const out = compile({ 'Shop.sol': USER('import "./Credits.sol";'),
      'Credits.sol': text });
    const factory = new ethers.ContractFactory(out.Shop.abi,
      out.Shop.bytecode, account(0));
    shop = await factory.deploy();
    await shop.waitForDeployment();
    const seen = await shop.availableOf(account(1).address);
    assert.equal(seen, (await module.creditsOf(account(1).address))[0]);
    const [ok, data] = await shop.inside.staticCall();
    assert.equal(ok, false);
    assert.equal(module.interface.parseError(data).name,
      'DelegateCallForbidden');
    const [ok2, data2] = await shop.peek();
    assert.equal(ok2, false);
    assert.equal(module.interface.parseError(data2).name, 'StaticContext');
  });

test('a revert of the module carries its named error, through Solidity too',
  async () => {
    const to = account(5).address;
    await assert.rejects(
      module.connect(account(1)).delegateCredits.staticCall(to, 10n ** 18n),
      (e) => e.revert?.name === 'StakeShort' && e.revert.args.have === 0n);
    assert.equal(await shop.trap.staticCall(to),
      module.interface.getError('StakeShort').selector);
    await assert.rejects(shop.lend.staticCall(to, 10n ** 18n), (e) =>
      module.interface.parseError(e.data).name === 'StakeShort');
    await assert.rejects(
      provider.call({ to: MODULE, data: '0x12345678' }),
      (e) => module.interface.parseError(e.data).name === 'UnknownMethod');
    await assert.rejects(
      provider.call({ to: MODULE, data: '0x' }),
      (e) => module.interface.parseError(e.data).name === 'NoPlainTransfer');
  });

test('a sponsor pays for calls of its contract by those who have nothing',
  async () => {
    const poor = ethers.Wallet.createRandom().connect(provider);
    const call = { to: await shop.getAddress(),
      data: shop.interface.encodeFunctionData('visit'), gasLimit: 100000n };
    assert.match(await refused(poor.sendTransaction(call)),
      /insufficient credits/);
    const tx = await module.connect(account(0)).registerPolicy(
      await shop.getAddress(), [shop.interface.getFunction('visit').selector],
      0, 200000, 0, 0, 0);
    const receipt = await tx.wait();
    const log = module.interface.parseLog(receipt.logs[0]);
    assert.equal(log.name, 'PolicyRegistered');
    assert.equal(log.args.sponsor, account(0).address);
    const list = await provider.send('cm_sponsors', [await shop.getAddress()]);
    assert.equal(list.length, 1);
    assert.equal(list[0].active, true);
    const was = await credits(poor.address);
    const before = await shop.visits();
    await (await poor.sendTransaction(call)).wait();
    assert.equal(await shop.visits(), before + 1n);
    assert.equal((await credits(poor.address)).debt, was.debt);
    // Another method of it is not among the policy's.
    assert.match(await refused(poor.sendTransaction({ ...call,
      data: shop.interface.encodeFunctionData('trap', [poor.address]) })),
      /insufficient credits/);
  });

test('who has none buys credits with a transaction that they pay', async () => {
  const buyer = ethers.Wallet.createRandom().connect(provider);
  const most = ethers.parseEther('0.5');
  await (await account(0).sendTransaction(
    { to: buyer.address, value: most })).wait();
  assert.match(await refused(buyer.sendTransaction(
    { to: account(1).address, value: 1n, gasLimit: 21000n })),
    /insufficient credits/);
  const price = await module.rentPrice(1000000n);
  const tx = await module.connect(buyer).rentCredits(1000000n,
    { value: price * 2n, gasLimit: 300000n });
  const receipt = await tx.wait();
  assert.equal(module.interface.parseLog(receipt.logs[0]).name,
    'CreditsRented');
  const kept = await provider.getBalance(buyer.address);
  assert.ok(kept >= most - price * 2n && kept <= most - price + price / 1000n);
  const have = BigInt((await credits(buyer.address)).available);
  assert.ok(have > 500000n && have < 1000000n, `${have}`);
  await (await buyer.sendTransaction(
    { to: account(1).address, value: 1n, gasLimit: 21000n })).wait();
});

test('a chain without credits says so', async () => {
  const plain = await Node.start(['dev']);
  try {
    const r = await plain.raw('cm_credits', [MODULE]);
    assert.match(r.error.message, /credits are off/);
  } finally {
    await plain.stop();
  }
});

// dev.mjs - a development chain as viem's test client and ethers drive it: each
// of viem's test actions, in Anvil's and in Hardhat's words; blocks that hold
// edits and senders without keys, read whole; the kept file verified after.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { createPublicClient, createTestClient, createWalletClient, http,
  keccak256, numberToHex, parseEther, webSocket } from 'viem';
import { foundry } from 'viem/chains';
import { Node, folder, run } from './node.mjs';

const NOBODY = '0x00000000000000000000000000000000000000AA';
const SLOT1 = numberToHex(1, { size: 32 });
// returns its slot 1
const CODE = '0x60015460005260206000f3';
let node, file, pub, anvil, hardhat, wallet, provider, first;

before(async () => {
  file = join(folder(), 'dev.db');
  node = await Node.start(['dev', '--db', file]);
  const transport = http(node.url);
  const as = { chain: foundry, transport, pollingInterval: 20, cacheTime: 0 };
  pub = createPublicClient(as);
  anvil = createTestClient({ ...as, mode: 'anvil' });
  hardhat = createTestClient({ ...as, mode: 'hardhat' });
  wallet = createWalletClient(as);
  [first] = await wallet.getAddresses();
  provider = new ethers.JsonRpcProvider(node.url, undefined,
    { cacheTimeout: -1 });
  provider.pollingInterval = 20;
});
after(async () => {
  provider?.destroy();
  if (!node) return;
  assert.deepEqual(await node.stop(), { code: 0, signal: null });
  const v = run(['verify', '--db', file]);
  assert.equal(v.status, 0, v.stdout + v.stderr);
});
const block = () => pub.getBlock();

for (const [name, test_of] of [['anvil', () => anvil],
  ['hardhat', () => hardhat]]) {
  test(`${name}: balance, code, nonce, storage`, async () => {
    const t = test_of();
    await t.setBalance({ address: NOBODY, value: parseEther('2') });
    assert.equal(await pub.getBalance({ address: NOBODY }), parseEther('2'));
    await t.setCode({ address: NOBODY, bytecode: CODE });
    await t.setStorageAt({ address: NOBODY, index: 1,
      value: numberToHex(42, { size: 32 }) });
    const { data } = await pub.call({ to: NOBODY });
    assert.equal(BigInt(data), 42n);
    assert.equal(BigInt(await pub.getStorageAt({ address: NOBODY,
      slot: SLOT1 })), 42n);
    await t.setNonce({ address: NOBODY, nonce: name === 'anvil' ? 7 : 8 });
    assert.equal(await pub.getTransactionCount({ address: NOBODY }),
      name === 'anvil' ? 7 : 8);
  });
  test(`${name}: mine, time, automine, interval`, async () => {
    const t = test_of();
    const was = await block();
    await t.mine({ blocks: 3, interval: 60 });
    let now = await block();
    assert.equal(now.number, was.number + 3n);
    assert.ok(now.timestamp >= was.timestamp + 120n);
    await t.increaseTime({ seconds: 500 });
    await t.setNextBlockTimestamp({ timestamp: now.timestamp + 9000n });
    await t.mine({ blocks: 1 });
    assert.equal((await block()).timestamp, now.timestamp + 9000n);
    await t.setAutomine(false);
    assert.equal(await t.getAutomine(), false);
    const hash = await wallet.sendTransaction({ account: first, to: NOBODY,
      value: 1n });
    assert.equal((await t.getTxpoolStatus()).pending, 1);
    assert.ok(Object.keys((await t.getTxpoolContent()).pending).length);
    await t.inspectTxpool();
    await t.dropTransaction({ hash });
    assert.equal((await t.getTxpoolStatus()).pending, 0);
    await t.setAutomine(true);
    now = await block();
    // viem's setIntervalMining has one name for Anvil's seconds and for
    // Hardhat's milliseconds, which here are those.
    const every = (seconds) => (name === 'hardhat'
      ? t.setIntervalMining({ interval: seconds })
      : t.request({ method: 'anvil_setIntervalMining', params: [seconds] }));
    await every(1);
    for (let i = 0; i < 200 && (await block()).number === now.number; i++) {
      await new Promise((resolve) => { setTimeout(resolve, 25); });
    }
    assert.notEqual((await block()).number, now.number);
    await every(0);
    await t.setAutomine(true);
    await t.mine({ blocks: 1 }); // after one that may be under way
  });
  test(`${name}: snapshot and revert`, async () => {
    const t = test_of();
    const at = (await block()).number;
    const id = await t.snapshot();
    await t.mine({ blocks: 2 });
    await t.setBalance({ address: NOBODY, value: 0n });
    await t.revert({ id });
    assert.equal((await block()).number, at);
    assert.notEqual(await pub.getBalance({ address: NOBODY }), 0n);
  });
  test(`${name}: impersonation`, async () => {
    const t = test_of();
    await t.impersonateAccount({ address: NOBODY });
    const hash = await wallet.sendTransaction({ account: NOBODY, to: first,
      value: 3n });
    const r = await pub.waitForTransactionReceipt({ hash });
    assert.equal(r.from.toLowerCase(), NOBODY.toLowerCase());
    assert.equal(r.status, 'success');
    await t.stopImpersonatingAccount({ address: NOBODY });
    await assert.rejects(wallet.sendTransaction({ account: NOBODY, to: first,
      value: 3n }));
  });
  test(`${name}: coinbase; no fees`, async () => {
    const t = test_of();
    await t.setCoinbase({ address: NOBODY });
    await t.mine({ blocks: 1 });
    assert.equal((await block()).miner, NOBODY.toLowerCase());
    await t.setMinGasPrice({ gasPrice: 0n });
    await t.setNextBlockBaseFeePerGas({ baseFeePerGas: 0n });
    await assert.rejects(t.setNextBlockBaseFeePerGas({ baseFeePerGas: 5n }),
      /takes no fees/);
    await t.setLoggingEnabled(false);
  });
}

test('anvil alone: time between blocks, all senders, the pool, the state',
  async () => {
    await anvil.setBlockTimestampInterval({ interval: 77 });
    await anvil.mine({ blocks: 1 });
    const a = await block();
    await anvil.mine({ blocks: 1 });
    assert.equal((await block()).timestamp, a.timestamp + 77n);
    await anvil.removeBlockTimestampInterval();
    await anvil.request({ method: 'anvil_autoImpersonateAccount',
      params: [true] });
    const hash = await wallet.sendTransaction({ account: NOBODY, to: first,
      value: 1n });
    await pub.waitForTransactionReceipt({ hash });
    await anvil.request({ method: 'anvil_autoImpersonateAccount',
      params: [false] });
    await anvil.sendUnsignedTransaction({ from: NOBODY, to: first, value: 1n });
    await anvil.dropAllTransactions?.();
    const state = await anvil.dumpState();
    const before = await pub.getBalance({ address: NOBODY });
    await anvil.setBalance({ address: NOBODY, value: 1n });
    await anvil.loadState({ state });
    assert.equal(await pub.getBalance({ address: NOBODY }), before);
    await anvil.setBlockGasLimit({ gasLimit: (await block()).gasLimit });
  });

test('a block that holds an edit is read whole by viem and ethers', async () => {
  await anvil.setBalance({ address: NOBODY, value: parseEther('5') });
  const b = await pub.getBlock({ includeTransactions: true });
  const [tx] = b.transactions;
  assert.equal(tx.from, '0xfffffffffffffffffffffffffffffffffffffffe');
  const r = await pub.getTransactionReceipt({ hash: tx.hash });
  assert.equal(r.status, 'success');
  assert.equal(keccak256(await pub.request({
    method: 'debug_getRawTransaction', params: [tx.hash] })), tx.hash);
  const e = await provider.getBlock(Number(b.number), true);
  assert.equal(e.prefetchedTransactions[0].hash, tx.hash);
  assert.equal((await provider.getTransactionReceipt(tx.hash)).status, 1);
});

test('ethers: a delegation (type 4) at base fee 0', async () => {
  const [a, b] = [0, 1].map((i) => ethers.HDNodeWallet.fromPhrase(
    'test test test test test test test test test test test junk', undefined,
    `m/44'/60'/0'/0/${i}`).connect(provider));
  const authorization = await b.authorize({ address: NOBODY,
    nonce: await provider.getTransactionCount(b.address), chainId: 31337n });
  const tx = await a.sendTransaction({ type: 4, to: a.address, maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n, authorizationList: [authorization] });
  const r = await tx.wait();
  assert.deepEqual([r.type, r.status], [4, 1]);
  assert.equal(await provider.getCode(b.address),
    `0xef0100${NOBODY.slice(2).toLowerCase()}`);
});

test('subscribers are told the blocks that come in place of others',
  async () => {
    const ws = createPublicClient({ chain: foundry,
      transport: webSocket(node.url.replace('http', 'ws')) });
    const heads = [];
    const { unsubscribe } = await ws.transport.subscribe({
      params: ['newHeads'], onData: ({ result }) => heads.push(result) });
    const id = await anvil.snapshot();
    const want = async (n) => {
      for (let i = 0; i < 400 && heads.length < n; i++) {
        await new Promise((resolve) => { setTimeout(resolve, 25); });
      }
      assert.equal(heads.length, n);
    };
    await anvil.mine({ blocks: 2 });
    await want(2);
    await anvil.revert({ id });
    await anvil.mine({ blocks: 2, interval: 5 });
    await want(4);
    assert.deepEqual(heads.slice(2).map((h) => h.number),
      heads.slice(0, 2).map((h) => h.number));
    assert.notEqual(heads[3].hash, heads[1].hash);
    await unsubscribe();
    (await ws.transport.getRpcClient()).close();
  });

test('reset is back at genesis', async () => {
  await hardhat.reset();
  assert.equal((await block()).number, 0n);
  assert.equal(await pub.getBalance({ address: NOBODY }), 0n);
  await anvil.setBalance({ address: NOBODY, value: 1n });
});

// history.mjs - who took part in what: ots_* and trace_filter by the index of
// addresses, in memory and in the file, beside what the blocks themselves say.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { ethers } from 'ethers';
import { Node, folder, remove } from './node.mjs';
import { compile } from './solc.mjs';

const PHRASE = 'test test test test test test test test test test test junk';
const key = (i) => ethers.HDNodeWallet.fromPhrase(PHRASE, undefined,
  `m/44'/60'/0'/0/${i}`);
const MAKER = `
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.0;
contract Child { constructor() payable {} receive() external payable {} }
contract Maker {
  event Made(address child);
  function make() external payable returns (address c) {
    c = address(new Child{value: msg.value}());
    emit Made(c);
  }
  function fail() external { try this.makeAndFail() {} catch {} }
  function makeAndFail() external { new Child{salt: bytes32(uint256(7))}();
    revert("no"); }
  function makeAt() external { new Child{salt: bytes32(uint256(7))}(); }
  function pass(address payable to) external payable { to.transfer(msg.value); }
}`;

let dir, db, node, maker, child, late, abi;
const history = []; // of alice: { hash, number }, oldest first
const wallet = key(0);
const busy = key(1).address;
const inner = ethers.getAddress('0x' + 'ab'.repeat(20));

let nonce = 0;
async function send(fields) {
  const raw = await wallet.signTransaction({ type: 2, chainId: 31337,
    nonce: nonce++, gasLimit: 1000000n, maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n, ...fields });
  return node.rpc('eth_sendRawTransaction', [raw]);
}
const receipt = (hash) => node.rpc('eth_getTransactionReceipt', [hash]);

before(async () => {
  dir = folder();
  db = join(dir, 'dev.db');
  node = await Node.start(['dev', '--db', db]);
  const c = compile({ 'Maker.sol': MAKER }).Maker;
  abi = new ethers.Interface(c.abi);
  const made = await receipt(await send({ data: c.bytecode }));
  maker = made.contractAddress;
  for (let i = 0; i < 30; i++) await send({ to: busy, value: 1n });
  const m = await receipt(await send({ to: maker, value: 3n,
    data: abi.encodeFunctionData('make') }));
  child = abi.parseLog(m.logs[0]).args.child;
  await send({ to: maker, data: abi.encodeFunctionData('fail') });
  await send({ to: maker, value: 9n,
    data: abi.encodeFunctionData('pass', [inner]) });
  // Three in one block.
  await node.rpc('evm_setAutomine', [false]);
  for (let i = 0; i < 3; i++) await send({ to: busy, value: 2n });
  await node.rpc('evm_mine');
  await node.rpc('evm_setAutomine', [true]);
  late = await send({ to: maker, data: abi.encodeFunctionData('makeAt') });
  for (let h = 1; h <= await node.height(); h++) {
    const b = await node.rpc('eth_getBlockByNumber',
      [ethers.toQuantity(h), true]);
    for (const t of b.transactions) history.push({ hash: t.hash, number: h,
      to: t.to, nonce: Number(t.nonce) });
  }
});
after(async () => {
  if (node) assert.equal((await node.stop()).code, 0);
  remove(dir);
});

const before_ = (a, b, n) => node.rpc('ots_searchTransactionsBefore', [a, b, n]);
const after_ = (a, b, n) => node.rpc('ots_searchTransactionsAfter', [a, b, n]);
const hashes = (page) => page.txs.map((t) => t.hash);

// The same questions of a running node, whose newest blocks are in memory, and
// of one started again, which has all in the file.
function questions(where) {
  test(`${where}: pages backwards tell all, whole blocks, each once`,
    async () => {
      const mine = [...history].reverse().map((t) => t.hash);
      for (const size of [1, 2, 7, 36, 37, 38, 1000]) {
        const got = [];
        let at = 0;
        for (let page = 0; ; page++) {
          const p = await before_(wallet.address, at, size);
          assert.equal(p.firstPage, page === 0);
          assert.equal(p.txs.length, p.receipts.length);
          assert.ok(p.txs.length >= Math.min(size, mine.length - got.length));
          p.receipts.forEach((r, i) => {
            assert.equal(r.transactionHash, p.txs[i].hash);
            assert.equal(typeof r.timestamp, 'number');
          });
          got.push(...hashes(p));
          if (p.lastPage) break;
          at = Number(p.txs.at(-1).blockNumber);
        }
        assert.deepEqual(got, mine, `page size ${size}`);
      }
    });

  test(`${where}: pages forwards tell the same, newest first in each`,
    async () => {
      const mine = history.map((t) => t.hash);
      for (const size of [1, 3, 36, 1000]) {
        const got = [];
        let at = 0;
        for (let page = 0; ; page++) {
          const p = await after_(wallet.address, at, size);
          assert.equal(p.lastPage, page === 0);
          got.push(...hashes(p).reverse());
          if (p.firstPage) break;
          at = Number(p.txs[0].blockNumber);
        }
        assert.deepEqual(got, mine, `page size ${size}`);
      }
    });

  test(`${where}: ends of the range`, async () => {
    const head = history.at(-1).number;
    const first = await before_(wallet.address, 1, 5);
    assert.deepEqual([first.txs, first.lastPage, first.firstPage],
      [[], true, false]);
    const last = await after_(wallet.address, head, 5);
    assert.deepEqual([last.txs, last.firstPage, last.lastPage],
      [[], true, false]);
    const beyond = await before_(wallet.address, head + 1000, 1);
    assert.equal(hashes(beyond)[0], history.at(-1).hash);
    const nobody = await before_('0x' + '11'.repeat(20), 0, 5);
    assert.deepEqual(nobody,
      { txs: [], receipts: [], firstPage: true, lastPage: true });
    const bad = await node.raw('ots_searchTransactionsBefore',
      [wallet.address, 0, 0]);
    assert.equal(bad.error.code, -32602);
  });

  test(`${where}: recipients, contracts and who was met in calls`,
    async () => {
      const to = (a) => history.filter((t) => t.to === a.toLowerCase())
        .map((t) => t.hash).reverse();
      assert.deepEqual(hashes(await before_(busy, 0, 100)), to(busy));
      assert.equal(to(busy).length, 33);
      assert.deepEqual(hashes(await before_(maker, 0, 100)),
        [...to(maker), history[0].hash]);
      const make = history.find((t) => t.nonce === 31).hash;
      assert.deepEqual(hashes(await before_(child, 0, 100)), [make]);
      const pass = history.find((t) => t.nonce === 33).hash;
      assert.deepEqual(hashes(await before_(inner, 0, 100)), [pass]);
      // Three of one block on a page of one.
      const page = await before_(busy, history.at(-1).number, 1);
      assert.equal(page.txs.length, 3);
      assert.equal(new Set(page.txs.map((t) => t.blockNumber)).size, 1);
    });

  test(`${where}: by sender and nonce`, async () => {
    for (const t of history) {
      assert.equal(await node.rpc('ots_getTransactionBySenderAndNonce',
        [wallet.address, t.nonce]), t.hash);
    }
    assert.equal(await node.rpc('ots_getTransactionBySenderAndNonce',
      [wallet.address, history.length]), null);
    assert.equal(await node.rpc('ots_getTransactionBySenderAndNonce',
      [busy, 0]), null);
  });

  test(`${where}: creators of contracts, undone creations left out`,
    async () => {
      const of = (a) => node.rpc('ots_getContractCreator', [a]);
      assert.deepEqual(await of(maker),
        { hash: history[0].hash, creator: wallet.address.toLowerCase() });
      assert.deepEqual(await of(child), {
        hash: history.find((t) => t.nonce === 31).hash,
        creator: maker.toLowerCase() });
      const calls = await node.rpc('ots_traceTransaction', [late]);
      const at = calls.find((c) => c.type === 'CREATE2').to;
      assert.deepEqual(await of(at), { hash: late, creator: maker });
      // The call that failed met it too.
      assert.equal((await before_(at, 0, 9)).txs.length, 2);
      assert.equal(await of(busy), null);
    });

  test(`${where}: trace_filter finds messages by either end, in any range`,
    async () => {
      const q = (f) => node.rpc('trace_filter', [{ fromBlock: '0x0',
        toBlock: 'latest', ...f }]);
      const inn = await q({ toAddress: [inner] });
      assert.equal(inn.length, 1);
      assert.equal(inn[0].action.from, maker.toLowerCase());
      assert.equal(inn[0].action.value, '0x9');
      assert.equal((await q({ toAddress: [busy] })).length, 33);
      assert.equal((await q({ toAddress: [busy], count: 5 })).length, 5);
      const some = await q({ toAddress: [busy], after: 30 });
      assert.equal(some.length, 3);
      const both = await q({ fromAddress: [maker], toAddress: [inner, busy] });
      assert.equal(both.length, 1);
      assert.equal((await q({ fromAddress: [wallet.address] })).length,
        history.length);
      assert.deepEqual(await q({ toAddress: ['0x' + '22'.repeat(20)] }), []);
    });
}

questions('in memory');
test('started again', async () => {
  assert.equal((await node.stop()).code, 0);
  node = await Node.start(['dev', '--db', db]);
});
questions('in the file');

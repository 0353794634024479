// import.mjs - a plain Ethereum chain: made from a genesis without a
// `cybermiles` object, filled out of a file of blocks, cut off and resumed,
// served read-only, checked.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { BINARY, Node, folder, remove, run } from './node.mjs';

const suite = join(process.env.CONFORMANCE_DIR ?? '', 'execution-apis');
const genesis = join(suite, 'genesis.json');
const chain = join(suite, 'chain.rlp');
const skip = existsSync(chain) ? false : `${suite} is not there`;
const HEAD = 54;
const HASH =
  '0xd226371d0b1551adb03fb52b71f08e3e11247fe9b1af994768af8cdaa8e7dcd7';
let dir, blocks, node;

// Where each block of a file of blocks ends.
function split(bytes) {
  const list = [];
  for (let at = 0; at < bytes.length;) {
    const more = bytes[at] > 0xf7 ? bytes[at] - 0xf7 : 0;
    const len = more ? Number(`0x${bytes.subarray(at + 1, at + 1 + more)
      .toString('hex')}`) : bytes[at] - 0xc0;
    const end = at + 1 + more + len;
    list.push(bytes.subarray(at, end));
    at = end;
  }
  return list;
}

function made(name) {
  const db = join(dir, name);
  const r = run(['init', '--genesis', genesis, '--db', db, '--json']);
  assert.equal(r.status, 0, r.stderr);
  return { db, init: JSON.parse(r.stdout) };
}
function file(name, parts) {
  const path = join(dir, name);
  writeFileSync(path, Buffer.concat(parts));
  return path;
}
function take(db, path) {
  const r = run(['import', path, '--db', db, '--json']);
  return { ...r, said: r.stdout ? JSON.parse(r.stdout) : {} };
}

before(() => {
  dir = folder();
  if (!skip) blocks = split(readFileSync(chain));
});
after(async () => {
  await node?.kill();
  remove(dir);
});

test('init of a plain genesis has no operator', { skip }, () => {
  const { init } = made('a.db');
  assert.equal(init.chainId, 3503995874084926);
  assert.equal(init.genesisHash,
    '0x44fd89d504659cd58f48f4796b77a7e7012cf296a2409afa2f6c3cb99b5b3d99');
  assert.equal(init.operator, undefined);
  assert.equal(init.password, undefined);
});

test('an import is resumed, and says what was there', { skip }, () => {
  const { db } = made('b.db');
  let r = take(db, file('b1.rlp', blocks.slice(0, 20)));
  assert.deepEqual([r.said.height, r.said.blocks, r.said.known], [20, 20, 0]);
  r = take(db, chain);
  assert.deepEqual([r.said.height, r.said.blocks, r.said.known],
    [HEAD, HEAD - 20, 20]);
  r = take(db, chain);
  assert.deepEqual([r.said.blocks, r.said.known], [0, HEAD]);
  r = run(['verify', '--db', db]);
  assert.equal(r.status, 0, r.stderr);
});

test('an import that is killed loses no whole block', { skip }, async () => {
  const { db } = made('c.db');
  // Blocks that stop coming: the process waits for more, and is killed.
  const child = spawn(BINARY, ['import', '-', '--db', db],
    { stdio: ['pipe', 'ignore', 'ignore'] });
  const exited = new Promise((resolve) => child.on('exit', resolve));
  child.stdin.on('error', () => {});
  child.stdin.write(Buffer.concat(blocks.slice(0, 30)));
  await new Promise((resolve) => setTimeout(resolve, 700));
  child.kill('SIGKILL');
  await exited;
  const r = take(db, chain);
  assert.equal(r.status, 0, r.stderr);
  assert.equal(r.said.height, HEAD);
  assert.equal(r.said.blocks + r.said.known, HEAD);
  assert.equal(run(['verify', '--db', db]).status, 0);
});

test('what is wrong is refused, and nothing of it stays', { skip }, () => {
  const { db } = made('d.db');
  const bad = Buffer.from(blocks[4]);
  bad[bad.length - 1] ^= 1;
  let r = take(db, file('d1.rlp', [...blocks.slice(0, 4), bad]));
  assert.equal(r.status, 1);
  assert.match(r.stderr, /block 5: malformed input/);
  assert.equal(r.said.blocks, 4);
  const root = Buffer.from(blocks[4]); // of the state, in its header
  root[6 + 33 + 33 + 21 + 10] ^= 1;
  r = take(db, file('d5.rlp', [root]));
  assert.match(r.stderr, /block 5: wrong state root/);
  r = take(db, file('d2.rlp', [blocks[6]]));
  assert.match(r.stderr, /block 7: another parent/);
  r = take(db, file('d3.rlp', [blocks[4].subarray(0, 100)]));
  assert.match(r.stderr, /ends within a block/);
  r = take(db, file('d4.rlp', [Buffer.from('no chain')]));
  assert.match(r.stderr, /at byte 0 is no block/);
  r = take(db, chain);
  assert.equal(r.said.height, HEAD, r.stderr);
  r = take(join(dir, 'none.db'), chain);
  assert.equal(r.status, 1);
  assert.match(r.stderr, /make its chain first|holds no chain/);
  const own = join(dir, 'own.db');
  assert.equal(run(['init', '--db', own]).status, 0);
  r = take(own, chain);
  assert.notEqual(r.status, 0);
});

// vmTrace against the struct logger, every step of the chain's last blocks.
async function steps(node) {
  const flat = (vm) => vm.ops.flatMap((o) => [o, ...(o.sub ? flat(o.sub) : [])]);
  let cnt = 0, stores = 0;
  for (let n = 25; n <= HEAD; n++) {
    const at = `0x${n.toString(16)}`;
    const ours = await node.rpc('trace_replayBlockTransactions',
      [at, ['vmTrace']]);
    const logs = await node.rpc('debug_traceBlockByNumber', [at]);
    assert.equal(ours.length, logs.length);
    for (const [i, { vmTrace }] of ours.entries()) {
      const ops = flat(vmTrace);
      const want = logs[i].result.structLogs;
      assert.equal(ops.length, want.length);
      for (const [k, op] of ops.entries()) {
        assert.deepEqual([op.pc, op.cost], [want[k].pc, want[k].gasCost]);
        cnt++;
        const next = want[k + 1];
        if (!next || next.depth !== want[k].depth || !op.ex) continue;
        assert.equal(op.ex.used, next.gas);
        const { push, store } = op.ex;
        assert.deepEqual(push.map(BigInt),
          next.stack.slice(next.stack.length - push.length).map(BigInt));
        if (store) stores++;
      }
    }
  }
  assert.ok(cnt > 100 && stores > 3, `${cnt} steps, ${stores} stores`);
}

// Pages of accounts and slots, against single reads, at two heights.
async function ranges(node) {
  for (const at of ['0x14', 'latest']) {
    const all = await node.rpc('debug_accountRange', [at, '0x', 256, true,
      false]);
    const found = {};
    for (let start = '0x'; start;) {
      const page = await node.rpc('debug_accountRange', [at, start, 7, true,
        true]);
      Object.assign(found, page.accounts);
      start = page.next &&
        `0x${Buffer.from(page.next, 'base64').toString('hex')}`;
    }
    assert.deepEqual(Object.keys(found), Object.keys(all.accounts));
    assert.ok(Object.keys(found).length > 20);
    for (const a of Object.values(all.accounts)) {
      const [balance, nonce] = await Promise.all([
        node.rpc('eth_getBalance', [a.address, at]),
        node.rpc('eth_getTransactionCount', [a.address, at])]);
      assert.equal(BigInt(balance), BigInt(a.balance));
      assert.equal(Number(nonce), a.nonce);
      for (const [slot, val] of Object.entries(a.storage ?? {})) {
        assert.equal(BigInt(await node.rpc('eth_getStorageAt',
          [a.address, slot, at])), BigInt(`0x${val}`));
      }
    }
  }
  // The block after block 53 begins with what block 53 left.
  const { accounts } = await node.rpc('debug_accountRange',
    ['0x35', '0x', 256, true, false]);
  const many = Object.values(accounts)
    .reduce((a, b) => (Object.keys(a.storage ?? {}).length >
      Object.keys(b.storage ?? {}).length ? a : b));
  const slots = {};
  for (let start = '0x'; start;) {
    const page = await node.rpc('debug_storageRangeAt',
      ['0x36', 0, many.address, start, 5]);
    for (const s of Object.values(page.storage)) slots[s.key] = s.value;
    start = page.nextKey;
  }
  assert.deepEqual(Object.keys(slots).sort(),
    Object.keys(many.storage).sort());
  for (const [key, val] of Object.entries(many.storage)) {
    assert.equal(BigInt(slots[key]), BigInt(`0x${val}`));
  }
  const none = await node.raw('debug_storageRangeAt',
    ['0x36', 0, `0x${'12'.repeat(20)}`, '0x', 5]);
  assert.match(none.error.message, /doesn't exist/);
}

test('served read-only, with the state of every height', { skip },
  async () => {
    const { db } = made('e.db');
    assert.equal(take(db, chain).status, 0);
    node = await Node.start(['run', '--db', db]);
    assert.match(node.stdout, /read-only/);
    assert.match(node.stderr, /read_only=1/);
    assert.equal(await node.rpc('eth_chainId'), '0xc72dd9d5e883e');
    const head = await node.rpc('eth_getBlockByNumber', ['latest', true]);
    assert.equal(head.hash, HASH);
    // Who sent a transaction has the nonce that it had, before and after it.
    for (let n = 1; n <= HEAD; n++) {
      const at = `0x${n.toString(16)}`, before_ = `0x${(n - 1).toString(16)}`;
      const b = await node.rpc('eth_getBlockByNumber', [at, true]);
      const first = b.transactions[0];
      if (!first) continue;
      assert.equal(await node.rpc('eth_getTransactionCount',
        [first.from, before_]), first.nonce);
      const receipts = await node.rpc('eth_getBlockReceipts', [at]);
      assert.equal(receipts.at(-1).cumulativeGasUsed, b.gasUsed);
      const traces = await node.rpc('debug_traceBlockByNumber',
        [at, { tracer: 'callTracer' }]);
      assert.deepEqual(traces.map((t) => t.result.gasUsed),
        receipts.map((r) => r.gasUsed));
    }
    await steps(node);
    // The next block's base fee, and a tip, can be paid.
    const fees = await node.rpc('eth_feeHistory', ['0x5', 'latest', [50]]);
    assert.equal(fees.baseFeePerGas.at(-1), await node.rpc('eth_baseFee'));
    assert.equal(fees.baseFeePerGas.at(-2), head.baseFeePerGas);
    assert.equal(BigInt(await node.rpc('eth_gasPrice')),
      BigInt(await node.rpc('eth_maxPriorityFeePerGas')) +
      BigInt(head.baseFeePerGas));
    assert.equal(await node.rpc('eth_blobBaseFee'), '0x1');
    const pending = await node.rpc('eth_getBlockByNumber', ['pending', false]);
    assert.equal(pending.baseFeePerGas, fees.baseFeePerGas.at(-1));
    assert.equal(await node.rpc('eth_getUncleCountByBlockNumber', ['0x2']),
      '0x0');
    await ranges(node);
    const can = await node.rpc('eth_capabilities');
    assert.deepEqual(can.head, { number: head.number, hash: HASH });
    assert.deepEqual(can.blocks, { disabled: false, oldestBlock: '0x0' });
    assert.equal(can.state.deleteStrategy.retentionBlocks, '0x15f90');
    assert.equal(can.stateproofs.deleteStrategy.retentionBlocks, '0x80');
    assert.equal(await node.height(), HEAD); // nothing was made
    assert.equal((await node.stop()).code, 0);
  });

// The polynomial that is 1 everywhere: its commitment is the generator of G1,
// all its proofs are the point at infinity.
const ONE = `${'00'.repeat(31)}01`.repeat(4096);
const TWO = `${'00'.repeat(31)}02`.repeat(4096);
const G1 = '0x97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac58'
  + '6c55e83ff97a1aeffb3af00adb22c6bb';
const NONE = `0xc0${'00'.repeat(47)}`;

function blobTx(key, nonce, chainId, version, { blob = ONE, proof = NONE } = {}) {
  const hash = `0x01${ethers.sha256(G1).slice(4)}`;
  const tx = ethers.Transaction.from({ type: 3, chainId, nonce,
    to: `0x${'11'.repeat(20)}`, gasLimit: 21000n, maxFeePerGas: 10n ** 10n,
    maxPriorityFeePerGas: 1n, maxFeePerBlobGas: 10n ** 9n,
    blobVersionedHashes: [hash] });
  tx.signature = key.sign(tx.unsignedHash);
  const fields = ethers.decodeRlp(`0x${tx.serialized.slice(4)}`);
  const cells = Array(128).fill(NONE);
  cells[100] = proof;
  const parts = version ? [fields, '0x01', [`0x${blob}`], [G1], cells]
    : [fields, [`0x${blob}`], [G1], [proof]];
  return { bare: tx.serialized, hash: tx.hash,
    raw: `0x03${ethers.encodeRlp(parts).slice(2)}` };
}

test('pooled blobs are verified, and then dropped; own chains take none',
  async () => {
    const key = new ethers.SigningKey(`0x${'42'.repeat(32)}`);
    const forks = { homesteadBlock: 0, eip150Block: 0, eip155Block: 0,
      eip158Block: 0, byzantiumBlock: 0, constantinopleBlock: 0,
      petersburgBlock: 0, istanbulBlock: 0, berlinBlock: 0, londonBlock: 0,
      terminalTotalDifficulty: 0, shanghaiTime: 0, cancunTime: 0, pragueTime: 0,
      osakaTime: 0 };
    const json = join(dir, 'blobs.json'), db = join(dir, 'blobs.db');
    writeFileSync(json, JSON.stringify({ config: { chainId: 4844, ...forks,
      blobSchedule: Object.fromEntries(['cancun', 'prague', 'osaka'].map((f) =>
        [f, { target: 6, max: 9, baseFeeUpdateFraction: 5007716 }])) },
    gasLimit: '0x1c9c380', difficulty: '0x0', alloc: {
      [ethers.computeAddress(key.publicKey)]: { balance: '0xde0b6b3a7640000' } } }));
    const r = run(['init', '--genesis', json, '--db', db]);
    assert.equal(r.status, 0, r.stderr);
    const n = await Node.start(['run', '--db', db]);
    const send = (tx) => n.raw('eth_sendRawTransaction', [tx.raw]);
    for (const [version, nonce] of [[0, 0], [1, 1]]) {
      for (const bad of [{ blob: TWO }, { proof: G1 },
        { proof: `0x${'00'.repeat(48)}` }, { blob: 'ff'.repeat(131072) }]) {
        const { error } = await send(blobTx(key, nonce, 4844, version, bad));
        assert.match(error.message, /^KZG verification error: blob 0/);
      }
      const tx = blobTx(key, nonce, 4844, version);
      assert.equal((await send(tx)).result, tx.hash);
      const there = await n.rpc('eth_getTransactionByHash', [tx.hash]);
      assert.equal(there.blobVersionedHashes.length, 1);
      assert.equal(await n.rpc('debug_getRawTransaction', [tx.hash]), tx.bare);
    }
    const bare = blobTx(key, 2, 4844, 1);
    assert.match((await send({ raw: bare.bare })).error.message,
      /missing sidecar/);
    assert.equal((await n.rpc('eth_config')).current.blobSchedule.max, 9);
    assert.equal((await n.stop()).code, 0);

    const own = await Node.start(['dev']);
    const tx = blobTx(key, 0, 31337, 1), old = blobTx(key, 0, 31337, 0);
    for (const raw of [tx.raw, tx.bare, old.raw]) {
      assert.deepEqual((await own.raw('eth_sendRawTransaction', [raw])).error,
        { code: -32000,
          message: 'blob transactions (type 3) are not accepted on this chain' });
    }
    const { blobSchedule } = (await own.rpc('eth_config')).current;
    assert.deepEqual([blobSchedule.max, blobSchedule.target], [0, 0]);
    assert.equal((await own.stop()).code, 0);
  });

// durability.mjs - kill -9 in a stream of transactions, copies, backups.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ethers } from 'ethers';
import { Node, folder, remove, run, until } from './node.mjs';

const PHRASE = 'test test test test test test test test test test test junk';
const key = (i) => ethers.HDNodeWallet.fromPhrase(PHRASE, undefined,
  `m/44'/60'/0'/0/${i}`);

// A network of one whose genesis gives the well-known accounts something.
async function network(dir) {
  const db = join(dir, 'shop.db');
  const file = join(dir, 'genesis.json');
  const alloc = {};
  for (let i = 0; i < 10; i++) {
    alloc[key(i).address] = { balance: ethers.toQuantity(10n ** 24n) };
  }
  writeFileSync(file, JSON.stringify({ config: { chainId: 424242 }, alloc,
    cybermiles: { version: 1,
      parameters: { block_interval_ms: 200, empty_block_ms: 1000 } } }));
  const made = run(['init', '--genesis', file, '--db', db]);
  assert.equal(made.status, 0, made.stderr);
  return db;
}

function signed(cnt, firstNonce = 0) {
  const wallet = key(0);
  const txs = [];
  for (let i = 0; i < cnt; i++) {
    const tx = ethers.Transaction.from({ type: 2, chainId: 424242,
      nonce: firstNonce + i, to: key(1 + (i % 9)).address, value: 1n,
      gasLimit: 21000n, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n });
    tx.signature = wallet.signingKey.sign(tx.unsignedHash);
    txs.push({ raw: tx.serialized, hash: tx.hash });
  }
  return txs;
}

test('killed in the middle of 2,000 transactions, nothing that had a receipt '
  + 'is lost', async () => {
  const dir = folder();
  const db = await network(dir);
  const txs = signed(2000);
  let node = await Node.start(['run', '--db', db]);
  const receipts = new Map();
  let sent = 0;
  let dead = false;
  const send = async () => {
    for (let i = 0; i < txs.length && !dead; i += 50) {
      const body = JSON.stringify(txs.slice(i, i + 50).map((t, j) => ({
        jsonrpc: '2.0', id: j, method: 'eth_sendRawTransaction',
        params: [t.raw] })));
      try {
        for (const r of await (await node.post(body)).json()) {
          assert.equal(r.error, undefined, JSON.stringify(r.error));
        }
        sent = i + 50;
      } catch (e) { if (!dead) throw e; }
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  };
  const watch = async () => {
    for (let i = 0; !dead && i < txs.length;) {
      try {
        const r = await node.rpc('eth_getTransactionReceipt', [txs[i].hash]);
        if (r) receipts.set(txs[i++].hash, r);
        else await new Promise((resolve) => setTimeout(resolve, 5));
      } catch (e) { if (!dead) throw e; }
    }
  };
  const work = [send(), watch()];
  await until('a few hundred receipts', () => receipts.size > 300, 60000);
  dead = true;
  const status = await node.kill();
  assert.equal(status.signal, 'SIGKILL');
  await Promise.all(work);
  assert.ok(sent > 300);

  const verify = run(['verify', '--db', db]);
  assert.equal(verify.status, 0, verify.stderr);
  node = await Node.start(['run', '--db', db]);
  for (const [hash, was] of receipts) {
    const is = await node.rpc('eth_getTransactionReceipt', [hash]);
    assert.deepEqual(is, was);
  }
  const nonce = Number(await node.rpc('eth_getTransactionCount',
    [key(0).address, 'latest']));
  assert.ok(nonce >= receipts.size);
  for (const t of txs.slice(nonce)) {
    await node.rpc('eth_sendRawTransaction', [t.raw]);
  }
  await until('the chain to go on', async () =>
    (await node.rpc('eth_getTransactionReceipt', [txs.at(-1).hash])) !== null);
  assert.equal(BigInt(await node.rpc('eth_getBalance', [key(0).address,
    'latest'])), 10n ** 24n - 2000n);
  assert.equal((await node.stop()).code, 0);
  assert.equal(run(['verify', '--db', db]).status, 0);
  remove(dir);
});

test('after a clean stop there is one file; its copy has the same head',
  async () => {
    const dir = folder();
    const db = join(dir, 'dev.db');
    let node = await Node.start(['dev', '--db', db]);
    for (let nonce = 0; nonce < 20; nonce++) {
      await node.rpc('eth_sendRawTransaction', [await key(0).signTransaction({
        type: 2, chainId: 31337, nonce, to: key(1).address, value: 1n,
        gasLimit: 21000n, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n })]);
    }
    const head = await node.rpc('eth_getBlockByNumber', ['latest', true]);
    assert.equal(Number(head.number), 20);
    assert.equal((await node.stop()).code, 0);
    assert.deepEqual(readdirSync(dir), ['dev.db']);
    const other = folder();
    const copy = join(other, 'copy.db');
    copyFileSync(db, copy);
    node = await Node.start(['dev', '--db', copy]);
    assert.deepEqual(await node.rpc('eth_getBlockByNumber', ['latest', true]),
      head);
    assert.equal((await node.stop()).code, 0);
    assert.equal(run(['verify', '--db', copy]).status, 0);
    remove(dir);
    remove(other);
  });

test('a backup taken while blocks are made is whole and starts', async () => {
  const dir = folder();
  const db = await network(dir);
  let node = await Node.start(['run', '--db', db]);
  const txs = signed(300);
  for (const t of txs.slice(0, 150)) {
    await node.rpc('eth_sendRawTransaction', [t.raw]);
  }
  await until('a block', async () => (await node.height()) > 1);
  const dest = join(dir, 'backup.db');
  const backup = run(['backup', dest, '--db', db, '--json']);
  assert.equal(backup.status, 0, backup.stderr);
  const told = JSON.parse(backup.stdout);
  const top = await node.rpc('eth_getBlockByNumber',
    [`0x${told.height.toString(16)}`, false]);
  assert.equal(told.hash, top.hash);
  for (const t of txs.slice(150)) {
    await node.rpc('eth_sendRawTransaction', [t.raw]);
  }
  assert.equal((await node.stop()).code, 0);
  assert.ok(!existsSync(`${dest}.part`));
  assert.ok(run(['verify', '--db', dest]).stdout.includes(
    `whole up to block ${told.height}, ${told.hash}`));
  node = await Node.start(['run', '--db', dest]);
  assert.ok(await node.height() > 0);
  assert.equal((await node.stop()).code, 0);
  remove(dir);
});

test('a dev chain with --db is kept, without it is gone', async () => {
  const dir = folder();
  const db = join(dir, 'dev.db');
  let node = await Node.start(['dev', '--db', db]);
  const wallet = key(0);
  const tx = await wallet.signTransaction({ type: 2, chainId: 31337, nonce: 0,
    to: key(1).address, value: 5n, gasLimit: 21000n, maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n });
  const hash = await node.rpc('eth_sendRawTransaction', [tx]);
  assert.ok(await node.rpc('eth_getTransactionReceipt', [hash]),
    'automining: the receipt is there at once');
  assert.equal(await node.height(), 1);
  await node.stop();
  node = await Node.start(['dev', '--db', db]);
  assert.equal(await node.height(), 1);
  assert.ok(await node.rpc('eth_getTransactionReceipt', [hash]));
  await node.stop();
  node = await Node.start(['dev', '--dev.period', '1'], { env: { TMPDIR: dir } });
  await until('two blocks by the clock', async () => (await node.height()) >= 2);
  await node.stop();
  assert.deepEqual(readdirSync(dir), ['dev.db']);
  remove(dir);
});

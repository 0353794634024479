// keep.mjs - a chain's history as an operator handles it: export and import,
// reindex, prune, restore, freeze; each killed in the middle as well.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, statSync,
  truncateSync, writeFileSync, writeSync, closeSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { BINARY, Node, folder, remove, run } from './node.mjs';

const PHRASE = 'test test test test test test test test test test test junk';
const key = (i) => ethers.HDNodeWallet.fromPhrase(PHRASE, undefined,
  `m/44'/60'/0'/0/${i}`);
const BLOCKS = 400;

let dir, db, head, sent;

// A chain of some hundred blocks, one of them with many transfers.
before(async () => {
  dir = folder();
  db = join(dir, 'dev.db');
  const node = await Node.start(['dev', '--db', db]);
  const wallet = key(0);
  let nonce = 0;
  const send = async (cnt) => {
    const body = [];
    for (let i = 0; i < cnt; i++, nonce++) {
      const tx = ethers.Transaction.from({ type: 2, chainId: 31337, nonce,
        to: key(1 + (nonce % 9)).address, value: 1n, gasLimit: 21000n,
        maxFeePerGas: 0n, maxPriorityFeePerGas: 0n });
      tx.signature = wallet.signingKey.sign(tx.unsignedHash);
      body.push({ jsonrpc: '2.0', id: nonce,
        method: 'eth_sendRawTransaction', params: [tx.serialized] });
    }
    for (const r of await (await node.post(JSON.stringify(body))).json()) {
      assert.equal(r.error, undefined, JSON.stringify(r.error));
    }
  };
  // sha3 of nothing at deployment: a contract with code and a slot.
  await node.rpc('eth_sendRawTransaction', [await wallet.signTransaction({
    type: 2, chainId: 31337, nonce: nonce++, data: '0x6001600055600160005360016000f3',
    gasLimit: 200000n, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n })]);
  await send(40);
  await node.rpc('evm_setAutomine', [false]);
  for (let round = 0; round < 10; round++) {
    await send(60);
    await node.rpc('hardhat_mine', ['0x23']);
  }
  await node.rpc('evm_setAutomine', [true]);
  await send(20);
  while (await node.height() < BLOCKS) await node.rpc('evm_mine');
  head = await node.rpc('eth_getBlockByNumber', [ethers.toQuantity(BLOCKS),
    false]);
  sent = Number(await node.rpc('eth_getTransactionCount',
    [wallet.address, ethers.toQuantity(BLOCKS)]));
  assert.ok(sent > 600);
  assert.equal((await node.stop()).code, 0);
});
after(() => remove(dir));

function ok(r) {
  assert.equal(r.status, 0, r.stderr);
  return r.stdout.trim().startsWith('{') ? JSON.parse(r.stdout) : r.stdout;
}

// Starts a command and kills it after so many ms; true: it was still at it.
async function killed(args, ms) {
  const child = spawn(BINARY, args, { stdio: 'ignore' });
  const end = new Promise((resolve) => child.on('exit', (c, s) => resolve(s)));
  setTimeout(() => child.kill('SIGKILL'), ms);
  return await end === 'SIGKILL';
}

test('exported, packed and not, and imported into a new file: the same chain',
  async () => {
    const plain = join(dir, 'chain.rlp'), gz = join(dir, 'chain.rlp.gz'),
      zst = join(dir, 'chain.rlp.zst');
    const all = ok(run(['export', plain, '--to', String(BLOCKS), '--json',
      '--db', db]));
    assert.equal(all.to, BLOCKS);
    ok(run(['export', gz, '--to', String(BLOCKS), '--db', db]));
    ok(run(['export', zst, '--to', String(BLOCKS), '--db', db]));
    assert.deepEqual(gunzipSync(readFileSync(gz)), readFileSync(plain));
    assert.ok(statSync(zst).size < statSync(plain).size * 0.8);
    assert.equal(run(['export', plain, '--db', db]).status, 1, 'never over one');
    for (const file of [zst, gz]) {
      const other = join(dir, 'other.db');
      const got = ok(run(['import', file, '--db', other, '--json']));
      assert.equal(got.height, BLOCKS);
      ok(run(['verify', '--deep', '--db', other]));
      const node = await Node.start(['run', '--db', other]);
      assert.deepEqual(await node.rpc('eth_getBlockByNumber', ['latest', false]),
        head);
      assert.equal(Number(await node.rpc('eth_getTransactionCount',
        [key(0).address, 'latest'])), sent);
      // Its key is none of the validators': it is not continued.
      await new Promise((resolve) => setTimeout(resolve, 500));
      assert.equal(await node.height(), BLOCKS);
      assert.equal((await node.stop()).code, 0);
      // Given again: all are there.
      assert.equal(ok(run(['import', file, '--db', other, '--json'])).known,
        BLOCKS + 1);
      remove(other);
    }
  });

test('exported as tables that a spreadsheet may open; whole blocks come back',
  async () => {
    const table = (name, ...args) => {
      const file = join(dir, name);
      ok(run(['export', file, '--to', '120', '--db', db, ...args]));
      const text = (name.endsWith('.gz') ? gunzipSync(readFileSync(file))
        : readFileSync(file)).toString();
      assert.ok(text.endsWith('\r\n'));
      const lines = text.slice(0, -2).split('\r\n').map((l) => l.split(','));
      // Nothing begins a formula, or would have to be quoted.
      for (const l of lines.slice(1)) {
        assert.equal(l.length, lines[0].length);
        for (const f of l) assert.match(f, /^(0x[0-9a-f]*|[0-9][0-9.:TZ-]*)?$/);
      }
      return lines.slice(1).map((l) => Object.fromEntries(
        l.map((f, i) => [lines[0][i], f])));
    };
    const node = await Node.start(['dev', '--db', db]);
    const asked = [];
    for (let h = 0; h <= 120; h++) {
      asked.push(await node.rpc('eth_getBlockByNumber',
        [ethers.toQuantity(h), true]));
    }
    const blocks = table('blocks.csv'); // beside the running node
    assert.equal(blocks.length, 121);
    for (const [h, b] of asked.entries()) {
      assert.equal(blocks[h].hash, b.hash);
      assert.equal(Number(blocks[h].transactions), b.transactions.length);
      assert.equal(Math.floor(Date.parse(blocks[h].time) / 1000),
        Number(b.timestamp));
      assert.equal(BigInt(blocks[h].gas_used), BigInt(b.gasUsed));
      assert.equal(blocks[h].state_root, b.stateRoot);
    }
    const txs = table('txs.csv.gz', '--rows', 'transactions');
    const sentTxs = asked.flatMap((b) => b.transactions)
      .filter((t) => t.type !== '0x7e');
    const told = txs.filter((t) => t.type !== '126');
    assert.deepEqual(told.map((t) => t.hash), sentTxs.map((t) => t.hash));
    for (const [i, t] of sentTxs.entries()) {
      assert.equal(told[i].from, t.from);
      assert.equal(told[i].to, t.to ?? '');
      assert.equal(told[i].created !== '', t.to === null);
      assert.equal(BigInt(told[i].value), BigInt(t.value));
      assert.equal(ethers.parseEther(told[i].amount), BigInt(t.value));
      assert.equal(told[i].status, '1');
    }
    const some = told.find((t) => t.amount !== '0');
    const receipt = await node.rpc('eth_getTransactionReceipt', [some.hash]);
    assert.equal(Number(receipt.gasUsed), Number(some.gas_used));
    assert.equal((await node.stop()).code, 0);
    // Whole blocks in a column are taken back, also with others beside it.
    const whole = table('whole.data', '--format', 'csv', '--rows', 'rlp');
    const other = join(dir, 'csv.db'), mixed = join(dir, 'mixed.csv');
    writeFileSync(mixed, 'note,"rlp"\n' + whole.map((r, i) =>
      `"${i}",${r.rlp}\n`).join(''));
    assert.equal(ok(run(['import', mixed, '--db', other, '--json'])).height, 120);
    ok(run(['verify', '--deep', '--db', other]));
    remove(other);
    for (const [text, why] of [[`number,rlp\n0,${whole[0].rlp}\n1,0xzz\n`,
      /line 3: its rlp is no block/], ['number,hash\n', /has no column rlp/],
    [`rlp\n${whole[1].rlp}\n`, /does not begin with block 0/]]) {
      writeFileSync(mixed, text);
      const r = run(['import', mixed, '--db', other]);
      assert.notEqual(r.status, 0);
      assert.match(r.stderr, why);
      remove(other);
    }
    for (const args of [['--format', 'xml'], ['--rows', 'logs', '--format',
      'csv'], ['--rows', 'rlp']]) {
      assert.equal(run(['export', join(dir, 'no'), '--db', db, ...args]).status,
        2);
    }
  });

test('an import that is killed goes on; a part of a chain joins', async () => {
  const zst = join(dir, 'chain.rlp.zst'), other = join(dir, 'cut.db');
  let cut = 0;
  for (let ms = 150; ms < 900; ms += 150) {
    cut += await killed(['import', zst, '--db', other], ms);
  }
  assert.ok(cut > 0);
  ok(run(['import', zst, '--db', other]));
  ok(run(['verify', '--deep', '--db', other]));
  remove(other);
  const first = join(dir, 'first.rlp'), second = join(dir, 'second.rlp.gz');
  ok(run(['export', first, '--to', '100', '--db', db]));
  ok(run(['export', second, '--from', '90', '--to', '200', '--db', db]));
  ok(run(['import', first, '--db', other]));
  assert.equal(ok(run(['import', second, '--db', other, '--json'])).height, 200);
  const gap = run(['import', second, '--db', join(dir, 'none.db')]);
  assert.notEqual(gap.status, 0);
  remove(other);
});

test('bad blocks are named with the reason', () => {
  const bytes = readFileSync(join(dir, 'first.rlp'));
  const other = join(dir, 'bad.db'), file = join(dir, 'bad.rlp');
  const spoil = (at, what) => {
    const b = Buffer.from(bytes);
    b[at] ^= 1;
    writeFileSync(file, b);
    remove(other);
    const r = run(['import', file, '--db', other]);
    assert.notEqual(r.status, 0);
    assert.match(r.stderr, what);
  };
  spoil(bytes.length - 3, /block 100: a vote's signature is wrong/);
  writeFileSync(file, bytes.subarray(0, bytes.length - 10));
  remove(other);
  const r = run(['import', file, '--db', other]);
  assert.match(r.stderr, /ends within a block/);
  remove(other);
});

test('reindexed, and killed in it: the same indexes', async () => {
  const other = join(dir, 're.db');
  copyFileSync(db, other);
  const one = ok(run(['reindex', '--db', other, '--json']));
  assert.equal(one.done, true);
  assert.ok(one.entries > 3 * sent);
  assert.equal(one.tables, true);
  assert.ok(one.accounts > 10 && one.slots >= 1 && one.nodes >= 1);
  ok(run(['verify', '--deep', '--db', other]));
  for (let ms = 20; ms < 200; ms += 30) {
    await killed(['reindex', '--tables=false', '--db', other], ms);
    ok(run(['verify', '--deep', '--db', other]));
  }
  // While the tables are made nobody else uses the file.
  for (let ms = 10; ms < 100; ms += 10) {
    await killed(['reindex', '--db', other], ms);
    const r = run(['verify', '--db', other]);
    if (r.status) assert.match(r.stderr, /reindex/);
  }
  ok(run(['reindex', '--db', other]));
  ok(run(['verify', '--deep', '--db', other]));
  const node = await Node.start(['dev', '--db', other]);
  const page = await node.rpc('ots_searchTransactionsBefore',
    [key(1).address, 0, 1000]);
  assert.ok(page.txs.length >= 70);
  assert.equal((await node.stop()).code, 0);
  remove(other);
});

test('pruned: smaller, whole, and asked below it says from where on',
  async () => {
    const other = join(dir, 'pruned.db');
    copyFileSync(db, other);
    for (let ms = 20; ms < 140; ms += 40) {
      await killed(['prune', '--history.state', '128', '--history.blocks', '150',
        '--db', other], ms);
    }
    const p = ok(run(['prune', '--history.state', '128', '--history.blocks',
      '150', '--db', other, '--json']));
    assert.equal(p.done, true);
    assert.ok(statSync(other).size < statSync(db).size);
    assert.ok(p.oldestBlock > 100 && p.oldestState > 100);
    ok(run(['verify', '--deep', '--db', other]));
    const node = await Node.start(['dev', '--db', other,
      '--history.state', '128', '--history.blocks', '150']);
    const old = ethers.toQuantity(p.oldestBlock - 50);
    assert.ok(await node.rpc('eth_getBlockByNumber', ['0x0', true]));
    for (const [method, params] of [
      ['eth_getLogs', [{ fromBlock: old, toBlock: 'latest' }]]]) {
      const r = await node.raw(method, params);
      assert.equal(r.error.code, 4444, JSON.stringify(r));
      assert.match(r.error.message, new RegExp(`from block ${p.oldestBlock} `
        + '|kept from block'));
    }
    const r = await node.raw('eth_getBalance', [key(0).address, old]);
    assert.match(r.error.message, /is not kept, the oldest is \d+/);
    assert.ok(await node.height() >= BLOCKS);
    assert.equal((await node.stop()).code, 0);
    ok(run(['verify', '--deep', '--db', other]));
    remove(other);
  });

test('db: check, prune, vacuum, version', () => {
  const other = join(dir, 'room.db');
  copyFileSync(db, other);
  const v = ok(run(['db', 'version', '--db', other, '--json']));
  assert.equal(v.schema, v.programSchema);
  assert.equal(v.bytes, statSync(other).size);
  const kept = ok(run(['db', 'vacuum', '--db', other, '--json']));
  assert.deepEqual([kept.oldestState, kept.oldestBlock, kept.done],
    [0, 0, true]);
  const less = ok(run(['db', 'prune', '--history.state', '128',
    '--history.blocks', '150', '--db', other, '--json']));
  assert.ok(less.oldestBlock > 100 && less.bytesAfter < kept.bytesAfter);
  ok(run(['db', 'check', '--db', other]));
  assert.equal(run(['db', 'mend', '--db', other]).status, 2);
  writeFileSync(other, 'x'.repeat(4096));
  assert.equal(run(['db', 'version', '--db', other]).status, 3);
  assert.equal(run(['db', 'version', '--db', join(dir, 'none.db')]).status, 1);
  remove(other);
});

test('a backup is restored over a damaged file, which is put aside',
  async () => {
    const other = join(dir, 'live.db'), copy = join(dir, 'backup.db');
    copyFileSync(db, other);
    ok(run(['backup', copy, '--db', other]));
    const node = await Node.start(['dev', '--db', other]);
    await node.rpc('evm_mine');
    const busy = run(['restore', copy, '--db', other]);
    assert.equal(busy.status, 3, 'not while it runs');
    assert.match(busy.stderr, /in use/);
    await node.kill();
    assert.ok(existsSync(`${other}-wal`));
    for (let ms = 20; ms < 200; ms += 60) {
      await killed(['restore', copy, '--db', other], ms);
      assert.ok(existsSync(other));
    }
    const done = ok(run(['restore', copy, '--db', other, '--json']));
    assert.ok(existsSync(done.aside));
    assert.ok(!existsSync(`${other}-wal`));
    ok(run(['verify', '--deep', '--db', other]));
    // A backup that is no good is refused, and nothing is touched.
    const bad = join(dir, 'bad-backup.db');
    copyFileSync(copy, bad);
    const fd = openSync(bad, 'r+');
    writeSync(fd, Buffer.alloc(8192, 7), 0, 8192, 8192 * 9);
    closeSync(fd);
    const size = statSync(other).size;
    assert.equal(run(['restore', bad, '--db', other]).status, 3);
    assert.equal(statSync(other).size, size);
    // A copy that was cut off.
    truncateSync(bad, 8192 * 20);
    const cut = run(['dev', '--db', bad]);
    assert.equal(cut.status, 3);
    assert.match(cut.stderr, /cut off/);
    for (const f of readdirSync(dir)) {
      if (f.startsWith('live.db') || f.startsWith('backup')) {
        remove(join(dir, f));
      }
    }
  });

test('backups into a folder: the newest stay, a light one is small and starts',
  async () => {
    const into = join(dir, 'backups');
    mkdirSync(into);
    for (let i = 0; i < 3; i++) {
      ok(run(['backup', into, '--keep', '2', '--db', db]));
      await new Promise((resolve) => setTimeout(resolve, 1100));
    }
    assert.equal(readdirSync(into).length, 2);
    const light = join(dir, 'light.db');
    ok(run(['backup', light, '--light', '--db', db]));
    assert.ok(statSync(light).size < statSync(db).size);
    ok(run(['verify', '--deep', '--db', light]));
    const node = await Node.start(['dev', '--db', light]);
    assert.deepEqual(await node.rpc('eth_getBlockByNumber',
      [ethers.toQuantity(BLOCKS), false]), head);
    assert.equal((await node.stop()).code, 0);
    assert.equal(run(['backup', light, '--keep', '2', '--db', db]).status, 2);
    remove(light);
    remove(into);
  });

test('freeze: a plain copy taken by another program beside the node is whole',
  async () => {
    const other = join(dir, 'frozen.db'), copy = join(dir, 'plain.db');
    copyFileSync(db, other);
    const node = await Node.start(['dev', '--db', other]);
    await node.rpc('hardhat_mine', ['0x20']);
    const r = run(['freeze', '--db', other, '--', 'cp', '--', other, copy]);
    assert.equal(r.status, 0, r.stderr);
    assert.equal(run(['freeze', '--db', other, '--', 'sh', '-c', 'exit 7'])
      .status, 7);
    assert.equal((await node.stop()).code, 0);
    ok(run(['verify', '--db', copy]));
    remove(other);
  });

test('a file of another schema is refused with exit code 3 and the way on',
  () => {
    const other = join(dir, 'schema.db');
    const ours = ok(run(['db', 'version', '--db', db, '--json'])).schema;
    for (const [version, words] of [[1, `needs schema ${ours}`],
      [99, `has schema 99, this program knows schema ${ours}`]]) {
      copyFileSync(db, other);
      const fd = openSync(other, 'r+');
      writeSync(fd, Buffer.from([0, 0, 0, version]), 0, 4, 60);
      closeSync(fd);
      const r = run(['dev', '--db', other]);
      assert.equal(r.status, 3);
      assert.ok(r.stderr.includes(words), r.stderr);
    }
    remove(other);
  });

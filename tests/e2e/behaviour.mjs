// behaviour.mjs - what breaks wallets, libraries and indexers when a node does
// it otherwise, asked without any of them: fees, errors and their words, tags,
// members of blocks, limits, chain ids.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { Node, folder, remove, run } from './node.mjs';

const KEY0 =
  '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const A0 = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';
const A1 = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
// Reverts with what it is given; emits LOG1 of topic 1, then stops.
const REVERTS = '0x6008600c60003960086000f3365f5f37365ffd00';
const LOGS = '0x6006600c60003960066000f360015f5fa100';
const GWEI = 10n ** 9n;
const hex = (n) => `0x${BigInt(n).toString(16)}`;
let dir, n, nonce = 0;

const wallet = new ethers.Wallet(KEY0);
const signed = (tx, by = wallet) => by.signTransaction({ chainId: 31337,
  gasLimit: 100000, type: 2, maxFeePerGas: 0, maxPriorityFeePerGas: 0,
  nonce, ...tx });
async function send(tx) {
  const hash = await n.rpc('eth_sendRawTransaction', [await signed(tx)]);
  nonce++;
  const r = await n.rpc('eth_getTransactionReceipt', [hash]);
  assert.equal(r.status, '0x1');
  return r;
}
// The error of a call that must fail.
async function fails(code, words, method, ...params) {
  const { error } = await n.raw(method, params);
  assert.ok(error, `${method} did not fail`);
  assert.equal(error.code, code, `${method}: ${error.message}`);
  assert.match(error.message, words, method);
  return error;
}

before(async () => {
  dir = folder();
  n = await Node.start(['dev', '--ipcpath', join(dir, 'n.ipc'),
    '--rpc.batch-request-limit', '5', '--rpc.gascap', '1000000000000',
    '--rpc.evmtimeout', '1']);
});
after(async () => {
  assert.deepEqual(await n.stop(), { code: 0, signal: null });
  remove(dir);
});

/*--------------------------------------------------------------------- fees */

test('fees are zero, and there', async () => {
  await send({ to: A1, value: 1 });
  for (const method of ['eth_gasPrice', 'eth_maxPriorityFeePerGas',
    'eth_blobBaseFee', 'eth_baseFee']) {
    assert.equal(await n.rpc(method), '0x0', method);
  }
  for (const tag of ['0x0', 'latest', 'pending']) {
    const b = await n.rpc('eth_getBlockByNumber', [tag, false]);
    assert.equal(b.baseFeePerGas, '0x0', tag);
  }
});

test('eth_feeHistory counts in hex and in integers', async () => {
  const shapes = [];
  for (const count of ['0x2', 2, '2']) {
    const h = await n.rpc('eth_feeHistory', [count, 'latest', [25, 75]]);
    assert.deepEqual(h.baseFeePerGas, ['0x0', '0x0', '0x0']);
    assert.equal(h.gasUsedRatio.length, 2);
    for (const ratio of h.gasUsedRatio) assert.equal(typeof ratio, 'number');
    assert.deepEqual(h.reward, [['0x0', '0x0'], ['0x0', '0x0']]);
    shapes.push(h);
  }
  assert.deepEqual(shapes[1], shapes[0]);
  assert.deepEqual(shapes[2], shapes[0]);
  const bare = await n.rpc('eth_feeHistory', [1, 'latest', []]);
  assert.equal(bare.gasUsedRatio.length, 1);
});

test('fees that a wallet attaches are taken and not charged', async () => {
  const fresh = ethers.Wallet.createRandom();
  await send({ to: fresh.address, value: 7n });
  for (const [i, fees] of [{ type: 0, gasPrice: 50n * GWEI },
    { type: 1, gasPrice: GWEI, accessList: [] },
    { type: 2, maxFeePerGas: 3n * GWEI, maxPriorityFeePerGas: GWEI }]
    .entries()) {
    const tx = { nonce: i, to: A1, value: 1n, ...fees };
    if (tx.type !== 2) {
      tx.maxFeePerGas = tx.maxPriorityFeePerGas = undefined;
    }
    const hash = await n.rpc('eth_sendRawTransaction',
      [await signed(tx, fresh)]);
    const r = await n.rpc('eth_getTransactionReceipt', [hash]);
    assert.equal(r.status, '0x1');
    assert.equal(r.effectiveGasPrice, '0x0');
  }
  assert.equal(await n.rpc('eth_getBalance', [fresh.address, 'latest']), '0x4');
  // All that is there, without a wei for gas; and estimated with fees.
  const all = { from: fresh.address, to: A1, value: '0x4' };
  assert.equal(await n.rpc('eth_estimateGas',
    [{ ...all, maxFeePerGas: hex(GWEI), maxPriorityFeePerGas: hex(GWEI) }]),
  '0x5208');
  assert.equal(await n.rpc('eth_call', [{ ...all, gasPrice: hex(GWEI),
    gas: '0x5208' }, 'latest']), '0x');
  await n.rpc('eth_sendRawTransaction', [await signed({ nonce: 3, to: A1,
    value: 4n, maxFeePerGas: 9n * GWEI, maxPriorityFeePerGas: GWEI }, fresh)]);
  assert.equal(await n.rpc('eth_getBalance', [fresh.address, 'latest']), '0x0');
});

test('eth_fillTransaction is not there, in the words that are remembered',
  async () => {
    const e = await fails(-32601, /^the method eth_fillTransaction does not exist/,
      'eth_fillTransaction', { from: A0, to: A1 });
    assert.deepEqual(Object.keys(e).sort(), ['code', 'message']);
  });

/*------------------------------------------------------------------- errors */

test('a revert is code 3 with its reason and its bytes', async () => {
  const { contractAddress: to } = await send({ data: REVERTS });
  const data = new ethers.Interface(['function Error(string)'])
    .encodeFunctionData('Error', ['not today']);
  for (const method of ['eth_call', 'eth_estimateGas']) {
    const e = await fails(3, /^execution reverted: not today$/, method,
      { from: A0, to, data }, 'latest');
    assert.equal(e.data, data);
    const own = await fails(3, /^execution reverted$/, method,
      { from: A0, to, data: '0x12345678' }, 'latest');
    assert.equal(own.data, '0x12345678');
  }
  const panic = '0x4e487b71' + '11'.padStart(64, '0');
  assert.equal((await fails(3, /^execution reverted: .*overflow/, 'eth_call',
    { to, data: panic }, 'latest')).data, panic);
});

test('the pool refuses in geth\'s words', async () => {
  const raw = async (tx, by) => [await signed(tx, by)];
  const refused = (words, params) =>
    fails(-32000, words, 'eth_sendRawTransaction', ...params);
  await n.rpc('evm_setAutomine', [false]);
  const first = await raw({ to: A1, value: 1n });
  await n.rpc('eth_sendRawTransaction', first);
  await refused(/^already known$/, first);
  const pooled = await n.rpc('eth_getTransactionBySenderAndNonce',
    [A0, hex(nonce)]);
  assert.deepEqual([pooled.value, pooled.blockHash], ['0x1', null]);
  await n.rpc('evm_setAutomine', [true]);
  await n.rpc('evm_mine');
  nonce++;
  await refused(/^nonce too low/, await raw({ nonce: 0, to: A1, value: 9n }));
  await refused(/^insufficient funds for gas \* price \+ value/,
    await raw({ nonce: 0, to: A1, value: 1n }, ethers.Wallet.createRandom()));
  await refused(/^intrinsic gas too low/, await raw({ to: A1, gasLimit: 20000 }));
  await refused(/^exceeds block gas limit/,
    await raw({ to: A1, gasLimit: 2n ** 40n }));
  await refused(/chain id/i, await raw({ to: A1, chainId: 1 }));
  await refused(/^max initcode size exceeded/,
    await raw({ data: '0x' + '00'.repeat(49153), gasLimit: 10000000 }));
  await refused(/./, ['0x02c0']);
});

test('codes of errors that clients tell apart', async () => {
  await fails(-32601, /does not exist/, 'eth_nonsense');
  await fails(-32602, /^missing value for required argument 0/, 'eth_getBalance');
  await fails(-32602, /./, 'eth_getBalance', '0x12', 'latest');
  await fails(-32602, /too many arguments/, 'eth_chainId', 1);
  await fails(-32602, /hex/, 'web3_sha3', [1, 256]);
  assert.equal(await n.rpc('web3_sha3', [[1, 255]]), ethers.keccak256('0x01ff'));
  await fails(-32000, /^header not found|not found$/, 'eth_getBalance', A0,
    '0xffffff');
  const parse = await (await n.post('{"jsonrpc":')).json();
  assert.deepEqual([parse.error.code, parse.id], [-32700, null]);
  const bad = await (await n.post('{"id":1}')).json();
  assert.equal(bad.error.code, -32600);
  const six = await (await n.post(JSON.stringify(Array(6).fill(
    { jsonrpc: '2.0', id: 1, method: 'eth_chainId' })))).json();
  const e = Array.isArray(six) ? six[0].error : six.error;
  assert.match(e.message, /batch too large|limit/);
  assert.equal(await (await n.post('[]')).json().then((j) => j.error.code),
    -32600);
  // A loop without end.
  await fails(-32002, /timeout|time/, 'eth_call', { data: '0x5b600056' });
});

/*---------------------------------------------------------- tags and blocks */

test('every tag resolves, objects of EIP-1898 too', async () => {
  const head = await n.rpc('eth_getBlockByNumber', ['latest', false]);
  for (const tag of ['safe', 'finalized']) {
    assert.equal((await n.rpc('eth_getBlockByNumber', [tag, false])).hash,
      head.hash);
  }
  assert.equal((await n.rpc('eth_getBlockByNumber', ['earliest', false]))
    .number, '0x0');
  assert.equal((await n.rpc('eth_getBlockByNumber', ['pending', false]))
    .number, hex(BigInt(head.number) + 1n));
  const balance = await n.rpc('eth_getBalance', [A0, 'latest']);
  for (const at of ['safe', 'finalized', 'pending', head.number,
    { blockNumber: head.number }, { blockHash: head.hash },
    { blockHash: head.hash, requireCanonical: true }]) {
    assert.equal(await n.rpc('eth_getBalance', [A0, at]), balance);
    await n.rpc('eth_call', [{ to: A1 }, at]);
    await n.rpc('eth_getStorageAt', [A0, '0x0', at]);
  }
  await fails(-32000, /not found/, 'eth_getBalance', A0,
    { blockHash: `0x${'11'.repeat(32)}` });
  assert.equal(await n.rpc('eth_getBlockByHash', [`0x${'11'.repeat(32)}`, true]),
    null);
  assert.equal(await n.rpc('eth_getTransactionReceipt',
    [`0x${'11'.repeat(32)}`]), null);
});

test('blocks have the members of the forks that eth_config tells', async () => {
  const b = await n.rpc('eth_getBlockByNumber', ['latest', true]);
  assert.deepEqual(b.withdrawals, []);
  assert.deepEqual(b.uncles, []);
  for (const word of ['withdrawalsRoot', 'mixHash', 'parentBeaconBlockRoot',
    'requestsHash', 'stateRoot', 'receiptsRoot', 'transactionsRoot',
    'sha3Uncles']) {
    assert.match(b[word], /^0x[0-9a-f]{64}$/, word);
  }
  for (const number of ['blobGasUsed', 'excessBlobGas', 'difficulty']) {
    assert.equal(b[number], '0x0', number);
  }
  const config = await n.rpc('eth_config');
  assert.equal(config.current.chainId, '0x7a69');
  assert.ok(Object.keys(config.current.precompiles).length >= 17);
  assert.ok(config.current.systemContracts);
});

/*--------------------------------------------------------------------- logs */

test('eth_getLogs finds by address and topic, and names the range that it takes',
  async () => {
    const { contractAddress: address } = await send({ data: LOGS });
    const r = await send({ to: address });
    assert.equal(r.logs.length, 1);
    const [topic] = r.logs[0].topics;
    const found = await n.rpc('eth_getLogs',
      [{ fromBlock: 'earliest', toBlock: 'latest', address, topics: [topic] }]);
    assert.deepEqual(found, r.logs);
    for (const other of [{ address: A1 }, { topics: [null, topic] },
      { topics: [`0x${'22'.repeat(32)}`] }]) {
      assert.deepEqual(await n.rpc('eth_getLogs', [{ fromBlock: '0x0',
        address, ...other }]), []);
    }
    assert.deepEqual(await n.rpc('eth_getLogs', [{ blockHash: r.blockHash }]),
      r.logs);
    await fails(-32602, /BlockHash/, 'eth_getLogs',
      { blockHash: r.blockHash, fromBlock: '0x0' });
    await fails(-32602, /invalid block range/, 'eth_getLogs',
      { fromBlock: '0x5', toBlock: '0x1' });
    // A dev chain goes on without waiting.
    await n.rpc('hardhat_mine', [hex(10050)]);
    const e = await fails(-32005, /\b10,?000\b/, 'eth_getLogs',
      { fromBlock: '0x0', toBlock: 'latest' });
    const [from, to] = e.message.match(/0x[0-9a-f]+/g) ?? [];
    assert.ok(to, e.message);
    assert.ok(Array.isArray(await n.rpc('eth_getLogs',
      [{ fromBlock: from, toBlock: to }])), e.message);
  });

/*----------------------------------------------------------------- chain ids */

test('a chain id is small enough for wallets and never used again', async () => {
  assert.equal(await n.rpc('net_version'), String(BigInt(
    await n.rpc('eth_chainId'))));
  const ids = ['a', 'b'].map((name) => JSON.parse(run(['init', '--json', '--db',
    join(dir, `${name}.db`)]).stdout).chainId);
  assert.notEqual(ids[0], ids[1]);
  for (const id of ids) {
    assert.ok(id >= 2 ** 20 && id < 4503599627370476, String(id));
  }
});

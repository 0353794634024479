// web3js.mjs - what a developer does with web3.js v4 on a development chain,
// over HTTP and over WebSocket; and that it reads a block of a chain whose
// blocks settle credits whole.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Web3 } from 'web3';
import { Node } from '../e2e/node.mjs';
import { TOKEN, compile } from '../e2e/solc.mjs';

const KEYS = [
  '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d'];
let node, web3, ws, alice, bob, contracts, token;

before(async () => {
  node = await Node.start(['dev', '--dev.credits']);
  web3 = new Web3(node.url);
  ws = new Web3(new Web3.providers.WebsocketProvider(
    node.url.replace('http', 'ws')));
  web3.eth.accounts.wallet.add(KEYS[0]);
  alice = web3.eth.accounts.privateKeyToAccount(KEYS[0]);
  bob = web3.eth.accounts.privateKeyToAccount(KEYS[1]);
  contracts = compile({ 'Token.sol': TOKEN });
});
after(async () => {
  ws?.provider?.disconnect();
  assert.deepEqual(await node.stop(), { code: 0, signal: null });
});

test('chain id, network id, accounts, client version', async () => {
  assert.equal(await web3.eth.getChainId(), 31337n);
  assert.equal(await web3.eth.net.getId(), 31337n);
  assert.equal((await web3.eth.getAccounts())[0], alice.address);
  assert.match(await web3.eth.getNodeInfo(), /CyberMiles/);
  assert.equal(await web3.eth.net.isListening(), true);
  assert.equal(await web3.eth.isSyncing(), false);
});

test('value sent arrives and costs nothing', async () => {
  const before = await web3.eth.getBalance(alice.address);
  const receipt = await web3.eth.sendTransaction({ from: alice.address,
    to: bob.address, value: '12345' });
  assert.equal(receipt.status, 1n);
  assert.equal(receipt.effectiveGasPrice, 0n);
  assert.equal(await web3.eth.getBalance(alice.address), before - 12345n);
});

for (const [type, fees] of [['0x0', { gasPrice: '0' }],
  ['0x0', { gasPrice: '1000000000' }],
  ['0x1', { gasPrice: '0', accessList: [{ address: KEYS[0].slice(0, 42),
    storageKeys: [] }] }],
  ['0x2', { maxFeePerGas: '0', maxPriorityFeePerGas: '0' }],
  ['0x2', { maxFeePerGas: '3000000000', maxPriorityFeePerGas: '1' }]]) {
  test(`a signed transaction of type ${type} with ${Object.entries(fees)[0]}`,
    async () => {
      const signed = await bob.signTransaction({ type, to: alice.address,
        value: '1', gas: '60000', chainId: '31337',
        nonce: await web3.eth.getTransactionCount(bob.address), ...fees });
      const receipt = await web3.eth.sendSignedTransaction(
        signed.rawTransaction);
      assert.equal(receipt.status, 1n);
      assert.equal(receipt.type, BigInt(type));
      assert.equal(receipt.transactionHash, signed.transactionHash);
      const tx = await web3.eth.getTransaction(signed.transactionHash);
      assert.equal(tx.from.toLowerCase(), bob.address.toLowerCase());
    });
}

test('a contract is deployed, called, changed; its event read', async () => {
  const { abi, bytecode } = contracts.Token;
  token = await new web3.eth.Contract(abi).deploy({ data: bytecode })
    .send({ from: alice.address });
  assert.equal(await token.methods.symbol().call(), 'SHOP');
  const r = await token.methods.transfer(bob.address, 77n)
    .send({ from: alice.address });
  assert.equal(r.events.Transfer.returnValues.value, 77n);
  assert.equal(await token.methods.balanceOf(bob.address).call(), 77n);
  const past = await token.getPastEvents('Transfer', { fromBlock: 0,
    filter: { to: bob.address } });
  assert.equal(past.length, 1);
  assert.equal(past[0].returnValues.from, alice.address);
});

test('a revert tells its reason, before and after sending', async () => {
  const { abi, bytecode } = contracts.Moods;
  const moods = await new web3.eth.Contract(abi).deploy({ data: bytecode })
    .send({ from: alice.address });
  await assert.rejects(moods.methods.fails().call(), (e) => {
    assert.match(e.cause?.message ?? e.message, /shop is closed/);
    return true;
  });
  await assert.rejects(moods.methods.failsTyped().call(), (e) => {
    assert.equal(e.cause.errorName, 'Closed');
    return true;
  });
  await assert.rejects(moods.methods.fails().send({ from: alice.address }));
});

test('gas: estimate, price, fee history', async () => {
  assert.equal(await web3.eth.estimateGas({ from: alice.address,
    to: bob.address, value: '1' }), 21000n);
  assert.equal(await web3.eth.getGasPrice(), 0n);
  assert.equal(await web3.eth.getMaxPriorityFeePerGas(), 0n);
  const h = await web3.eth.getFeeHistory(2, 'latest', [50]);
  assert.deepEqual(h.baseFeePerGas, [0n, 0n, 0n]);
  assert.equal(h.gasUsedRatio.length, 2);
  const f = await web3.eth.calculateFeeData();
  assert.equal(f.baseFeePerGas, 0n);
});

test('blocks that settled credits, or hold an edit, are read whole', async () => {
  await node.rpc('hardhat_setBalance', [`0x${'aa'.repeat(20)}`, '0x64']);
  const at = await web3.eth.getBlockNumber();
  for (let n = 0n; n <= at; n++) {
    const b = await web3.eth.getBlock(n, true);
    assert.equal(b.number, n);
    assert.equal(b.baseFeePerGas, 0n);
    for (const t of b.transactions ?? []) {
      const r = await web3.eth.getTransactionReceipt(t.hash);
      assert.equal(r.blockHash, b.hash);
      assert.equal(r.gasUsed > 0n, true);
    }
  }
});

test('proof, storage, code', async () => {
  const p = await web3.eth.getProof(token.options.address,
    [`0x${'2'.padStart(64, '0')}`]);
  assert.equal(p.storageProof[0].value, 1000n * 10n ** 18n);
  assert.equal(BigInt(await web3.eth.getStorageAt(token.options.address, 2)),
    1000n * 10n ** 18n);
  assert.match(await web3.eth.getCode(token.options.address), /^0x[0-9a-f]+$/);
});

test('signing by the node: message and typed data', async () => {
  const text = web3.utils.utf8ToHex('hello');
  const sig = (await web3.eth.sign(text, 0)).signature
    ?? await web3.eth.sign(text, alice.address);
  assert.equal(web3.eth.accounts.recover('hello', sig), alice.address);
  const data = { types: { EIP712Domain: [{ name: 'name', type: 'string' }],
    Order: [{ name: 'price', type: 'uint256' }] }, primaryType: 'Order',
  domain: { name: 'shop' }, message: { price: 5 } };
  assert.equal(await node.rpc('eth_signTypedData', [alice.address, data]),
    await node.rpc('eth_signTypedData_v4', [alice.address, data]));
});

test('subscriptions over WebSocket: heads, logs, pending', async () => {
  const heads = await ws.eth.subscribe('newBlockHeaders');
  const logs = await ws.eth.subscribe('logs',
    { address: token.options.address });
  const pending = await ws.eth.subscribe('pendingTransactions');
  const got = { heads: [], logs: [], pending: [] };
  heads.on('data', (d) => got.heads.push(d));
  logs.on('data', (d) => got.logs.push(d));
  pending.on('data', (d) => got.pending.push(d));
  const r = await token.methods.transfer(bob.address, 5n)
    .send({ from: alice.address });
  for (let i = 0; i < 200; i++) {
    if (got.heads.length && got.logs.length && got.pending.length) break;
    await new Promise((resolve) => { setTimeout(resolve, 25); });
  }
  assert.equal(got.heads.at(-1).number, r.blockNumber);
  assert.equal(got.logs[0].transactionHash, r.transactionHash);
  assert.ok(got.pending.includes(r.transactionHash));
  await ws.eth.clearSubscriptions();
});

test('a batch answers each request', async () => {
  const batch = new web3.BatchRequest();
  const both = [batch.add({ method: 'eth_chainId', params: [] }),
    batch.add({ method: 'eth_blockNumber', params: [] })];
  await batch.execute();
  const [id, at] = await Promise.all(both);
  assert.equal(BigInt(id), 31337n);
  assert.equal(BigInt(at), await web3.eth.getBlockNumber());
});

// viem.mjs - the same chain through viem.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createPublicClient, createTestClient, createWalletClient,
  defineChain, getContract, http, parseEther, zeroAddress } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { Node } from './node.mjs';
import { TOKEN, compile } from './solc.mjs';

const PHRASE = 'test test test test test test test test test test test junk';
let node, reader, wallet, alice, bob, contracts, chain;

before(async () => {
  node = await Node.start(['dev']);
  chain = defineChain({ id: 31337, name: 'CyberMiles dev',
    nativeCurrency: { name: 'CyberMiles Token', symbol: 'CMT', decimals: 18 },
    rpcUrls: { default: { http: [node.url] } } });
  alice = mnemonicToAccount(PHRASE, { addressIndex: 0 });
  bob = mnemonicToAccount(PHRASE, { addressIndex: 1 });
  const transport = http(node.url, { batch: true });
  reader = createPublicClient({ chain, transport, pollingInterval: 50 });
  wallet = createWalletClient({ chain, transport, account: alice });
  contracts = compile({ 'Token.sol': TOKEN });
});
after(async () => {
  assert.deepEqual(await node.stop(), { code: 0, signal: null });
});

test('value sent through a batching transport arrives', async () => {
  const hash = await wallet.sendTransaction({ to: bob.address,
    value: parseEther('1.5') });
  const receipt = await reader.waitForTransactionReceipt({ hash });
  assert.equal(receipt.status, 'success');
  assert.equal(receipt.effectiveGasPrice, 0n);
  assert.equal(await reader.getBalance({ address: bob.address }),
    parseEther('10001.5'));
});

test('fees are estimated as zero', async () => {
  const fees = await reader.estimateFeesPerGas();
  assert.equal(fees.maxFeePerGas, 0n);
  assert.equal(await reader.getGasPrice(), 0n);
  const history = await reader.getFeeHistory({ blockCount: 2,
    rewardPercentiles: [10, 50] });
  assert.ok(history.baseFeePerGas.every((f) => f === 0n));
  assert.ok(history.gasUsedRatio.every((r) => typeof r === 'number'));
});

test('a contract deploys, is written, read and its logs are found',
  async () => {
    const hash = await wallet.deployContract(contracts.Token);
    const { contractAddress } = await reader.waitForTransactionReceipt({
      hash });
    const token = getContract({ address: contractAddress,
      abi: contracts.Token.abi, client: { public: reader, wallet } });
    const sent = await token.write.transfer([bob.address, 7n]);
    await reader.waitForTransactionReceipt({ hash: sent });
    assert.equal(await token.read.balanceOf([bob.address]), 7n);
    const logs = await token.getEvents.Transfer({ to: bob.address },
      { fromBlock: 0n });
    assert.equal(logs.length, 1);
    assert.deepEqual(logs[0].args, { from: alice.address, to: bob.address,
      value: 7n });
    const proof = await reader.getProof({ address: contractAddress,
      storageKeys: [`0x${'0'.repeat(63)}2`] });
    assert.equal(proof.storageProof[0].value, parseEther('1000'));
    assert.ok(proof.accountProof.length > 0);
  });

test('a revert is told with its reason before anything is sent', async () => {
  const hash = await wallet.deployContract(contracts.Moods);
  const { contractAddress } = await reader.waitForTransactionReceipt({ hash });
  const nonce = await reader.getTransactionCount({ address: alice.address });
  await assert.rejects(wallet.writeContract({ address: contractAddress,
    abi: contracts.Moods.abi, functionName: 'fails' }), /shop is closed/);
  await assert.rejects(reader.simulateContract({ address: contractAddress,
    abi: contracts.Moods.abi, functionName: 'failsTyped' }), /Closed/);
  assert.equal(await reader.getTransactionCount({ address: alice.address }),
    nonce);
});

test('an EIP-7702 delegation is signed, sent and seen', async () => {
  const authorization = await wallet.signAuthorization({
    contractAddress: zeroAddress, executor: 'self' });
  const hash = await wallet.sendTransaction({ to: alice.address,
    authorizationList: [authorization] });
  const receipt = await reader.waitForTransactionReceipt({ hash });
  assert.equal(receipt.type, 'eip7702');
  const tx = await reader.getTransaction({ hash });
  assert.equal(tx.authorizationList.length, 1);
});

test('a block is read whole', async () => {
  const block = await reader.getBlock({ includeTransactions: true });
  assert.equal(block.transactions.length, 1);
  assert.equal(block.baseFeePerGas, 0n);
  assert.deepEqual(block.withdrawals, []);
  const receipts = await reader.request({ method: 'eth_getBlockReceipts',
    params: [`0x${block.number.toString(16)}`] });
  assert.equal(receipts.length, 1);
});

test('what waits is seen in the pool, then replaced away', async () => {
  const pool = createTestClient({ mode: 'anvil', chain,
    transport: http(node.url) });
  const nonce = await reader.getTransactionCount({ address: bob.address });
  const hash = await wallet.sendTransaction({ account: bob, gas: 21000n,
    nonce: nonce + 1, to: alice.address, value: 5n });
  assert.deepEqual(await pool.getTxpoolStatus(), { pending: 0, queued: 1 });
  const content = await pool.getTxpoolContent();
  assert.equal(content.queued[bob.address][nonce + 1].hash, hash);
  const words = await pool.inspectTxpool();
  assert.match(words.queued[bob.address][nonce + 1],
    new RegExp(`^${alice.address}: 5 wei \\+ 21000 gas`));
  await wallet.sendTransaction({ account: bob, gas: 21000n, nonce,
    to: alice.address, value: 4n });
  await reader.waitForTransactionReceipt({ hash });
  assert.deepEqual(await pool.getTxpoolStatus(), { pending: 0, queued: 0 });
});

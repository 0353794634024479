// ethers.mjs - what a developer does with ethers v6 on a dev chain.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { Node } from './node.mjs';
import { TOKEN, compile } from './solc.mjs';

const PHRASE = 'test test test test test test test test test test test junk';
let node, provider, alice, bob, contracts;

before(async () => {
  node = await Node.start(['dev']);
  provider = new ethers.JsonRpcProvider(node.url, undefined,
    { cacheTimeout: -1 });
  provider.pollingInterval = 50;
  const account = (i) => ethers.HDNodeWallet
    .fromPhrase(PHRASE, undefined, `m/44'/60'/0'/0/${i}`).connect(provider);
  alice = account(0);
  bob = account(1);
  contracts = compile({ 'Token.sol': TOKEN });
});
after(async () => {
  provider?.destroy();
  assert.deepEqual(await node.stop(), { code: 0, signal: null });
});

test('the chain id and the ten accounts are the well-known ones', async () => {
  assert.equal((await provider.getNetwork()).chainId, 31337n);
  assert.equal(alice.address, '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266');
  assert.equal(await provider.getBalance(alice.address),
    ethers.parseEther('10000'));
});

test('value sent arrives, to the wei, and costs nothing else', async () => {
  const to = ethers.Wallet.createRandom().address;
  const before = await provider.getBalance(alice.address);
  const tx = await alice.sendTransaction({ to, value: 12345n });
  const receipt = await tx.wait();
  assert.equal(receipt.status, 1);
  assert.equal(receipt.gasUsed, 21000n);
  assert.equal(receipt.gasPrice, 0n);
  assert.equal(await provider.getBalance(to), 12345n);
  assert.equal(await provider.getBalance(alice.address), before - 12345n);
});

test('each type of transaction is taken at base fee 0', async () => {
  const to = bob.address;
  for (const request of [
    { type: 0, gasPrice: 0n },
    { type: 0, gasPrice: 1000000000n },
    { type: 1, gasPrice: 0n, accessList: [{ address: to,
      storageKeys: [ethers.ZeroHash] }] },
    { type: 2, maxFeePerGas: 1000000000n, maxPriorityFeePerGas: 1000000000n },
    { type: 2, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n },
  ]) {
    const tx = await alice.sendTransaction({ to, value: 1n, ...request });
    const receipt = await tx.wait();
    assert.equal(receipt.type, request.type);
    const got = await provider.getTransaction(tx.hash);
    assert.equal(got.from, alice.address);
    assert.equal(got.type, request.type);
    if (request.gasPrice) assert.equal(got.gasPrice, request.gasPrice);
  }
  const auth = await bob.authorize({ address: alice.address,
    nonce: await bob.getNonce() });
  const tx = await alice.sendTransaction({ type: 4, to: bob.address,
    maxFeePerGas: 0n, maxPriorityFeePerGas: 0n, authorizationList: [auth] });
  assert.equal((await tx.wait()).type, 4);
  assert.equal(await provider.getCode(bob.address),
    `0xef0100${alice.address.slice(2).toLowerCase()}`);
  const undo = await bob.authorize({ address: ethers.ZeroAddress,
    nonce: await bob.getNonce() });
  await (await alice.sendTransaction({ type: 4, to: bob.address,
    maxFeePerGas: 0n, maxPriorityFeePerGas: 0n,
    authorizationList: [undo] })).wait();
  assert.equal(await provider.getCode(bob.address), '0x');
});

test('an OpenZeppelin token deploys, transfers, logs and estimates',
  async () => {
    const { abi, bytecode } = contracts.Token;
    const factory = new ethers.ContractFactory(abi, bytecode, alice);
    const token = await factory.deploy();
    await token.waitForDeployment();
    const address = await token.getAddress();
    assert.equal(address, (await token.deploymentTransaction().wait())
      .contractAddress);
    assert.equal(await token.symbol(), 'SHOP');
    assert.equal(await token.balanceOf(alice.address),
      ethers.parseEther('1000'));
    const gas = await token.transfer.estimateGas(bob.address, 5n);
    const receipt = await (await token.transfer(bob.address, 5n)).wait();
    assert.ok(receipt.gasUsed <= gas && gas < receipt.gasUsed * 2n);
    assert.equal(await token.balanceOf(bob.address), 5n);
    const logs = await token.queryFilter(token.filters.Transfer(
      alice.address, bob.address));
    assert.equal(logs.length, 1);
    assert.equal(logs[0].args.value, 5n);
    assert.equal(logs[0].transactionHash, receipt.hash);
    const other = await token.queryFilter(token.filters.Transfer(
      bob.address));
    assert.equal(other.length, 0);
  });

test('a revert tells its reason, a typed error its values, a panic its code',
  async () => {
    const { abi, bytecode } = contracts.Moods;
    const moods = await new ethers.ContractFactory(abi, bytecode, alice)
      .deploy();
    await moods.waitForDeployment();
    await assert.rejects(moods.fails.staticCall(),
      (e) => e.code === 'CALL_EXCEPTION' && e.reason === 'shop is closed');
    await assert.rejects(moods.failsTyped.staticCall(), (e) =>
      e.revert.name === 'Closed' && e.revert.args[0] === 7n &&
      e.revert.args[1] === alice.address);
    await assert.rejects(moods.panics.staticCall(0n),
      (e) => e.revert.name === 'Panic' && BigInt(e.revert.args[0]) === 18n);
    await assert.rejects(moods.fails.estimateGas(),
      (e) => e.reason === 'shop is closed');
    const tx = await moods.fails.send({ gasLimit: 100000n });
    await assert.rejects(tx.wait(), (e) => e.code === 'CALL_EXCEPTION' &&
      e.receipt.status === 0);
    const answer = await node.raw('eth_call', [{ to: await moods.getAddress(),
      data: moods.interface.encodeFunctionData('fails') }, 'latest']);
    assert.equal(answer.error.code, 3);
    assert.equal(answer.error.message, 'execution reverted: shop is closed');
    assert.match(answer.error.data, /^0x08c379a0/);
  });

test('state of an old height can still be asked', async () => {
  const to = ethers.Wallet.createRandom().address;
  const first = await (await alice.sendTransaction({ to, value: 1n })).wait();
  await (await alice.sendTransaction({ to, value: 2n })).wait();
  assert.equal(await provider.getBalance(to, first.blockNumber - 1), 0n);
  assert.equal(await provider.getBalance(to, first.blockNumber), 1n);
  assert.equal(await provider.getBalance(to), 3n);
  assert.equal(await provider.getTransactionCount(alice.address,
    first.blockNumber), first.blockNumber > 0 ?
    (await provider.getTransaction(first.hash)).nonce + 1 : 0);
});

test('randomness is the header\'s and differs from block to block',
  async () => {
    const { abi, bytecode } = contracts.Moods;
    const moods = await new ethers.ContractFactory(abi, bytecode, alice)
      .deploy();
    await moods.waitForDeployment();
    const at = await provider.getBlockNumber();
    const block = await provider.send('eth_getBlockByNumber',
      [ethers.toQuantity(at), false]);
    assert.equal(await moods.randao({ blockTag: at }), BigInt(block.mixHash));
    const parent = await provider.send('eth_getBlockByNumber',
      [ethers.toQuantity(at - 1), false]);
    assert.notEqual(block.mixHash, parent.mixHash);
  });

test('whole blocks with transactions are read and hash to their hash',
  async () => {
    const head = await provider.getBlockNumber();
    for (let i = 0; i <= head; i++) {
      const block = await provider.getBlock(i, true);
      assert.equal(block.number, i);
      if (i > 0) {
        assert.equal(block.parentHash, (await provider.getBlock(i - 1)).hash);
        assert.equal(block.transactions.length, 1);
      }
      for (const tx of block.prefetchedTransactions) {
        assert.equal(tx.blockNumber, i);
        assert.equal(ethers.Transaction.from(tx).hash, tx.hash);
      }
    }
  });

test('the pool is asked as geth is', async () => {
  const nonce = await bob.getNonce();
  const tx = await bob.sendTransaction({ to: alice.address, value: 1n,
    nonce: nonce + 2, gasLimit: 21000n });
  const from = await provider.send('txpool_contentFrom', [bob.address]);
  assert.equal(from.queued[nonce + 2].hash, tx.hash);
  assert.deepEqual(from.pending, {});
  const status = await provider.send('txpool_status', []);
  assert.equal(Number(status.queued), 1);
});

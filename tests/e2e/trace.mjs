// trace.mjs - traces and simulations, as viem and ethers ask for them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { createPublicClient, encodeFunctionData, http, parseAbi,
  parseEther } from 'viem';
import { Node } from './node.mjs';
import { TOKEN, compile } from './solc.mjs';

const PHRASE = 'test test test test test test test test test test test junk';
const ERC20 = parseAbi([
  'function transfer(address to, uint256 value) returns (bool)',
  'function balanceOf(address owner) view returns (uint256)']);
let node, provider, alice, client, token, moods, bob;

before(async () => {
  node = await Node.start(['dev']);
  provider = new ethers.JsonRpcProvider(node.url, undefined,
    { cacheTimeout: -1 });
  provider.pollingInterval = 50;
  alice = ethers.HDNodeWallet.fromPhrase(PHRASE).connect(provider);
  bob = ethers.Wallet.createRandom().address;
  client = createPublicClient({ transport: http(node.url) });
  const all = compile({ 'Token.sol': TOKEN });
  const deploy = async (c) => {
    const made = await new ethers.ContractFactory(c.abi, c.bytecode, alice)
      .deploy();
    await made.waitForDeployment();
    return made;
  };
  token = await deploy(all.Token);
  moods = await deploy(all.Moods);
});
after(async () => {
  provider?.destroy();
  assert.deepEqual(await node.stop(), { code: 0, signal: null });
});

test('callTracer tells a transfer with its event', async () => {
  const tx = await token.transfer(bob, 5n);
  const receipt = await tx.wait();
  const trace = await client.request({ method: 'debug_traceTransaction',
    params: [tx.hash, { tracer: 'callTracer',
      tracerConfig: { withLog: true } }] });
  assert.equal(trace.type, 'CALL');
  assert.equal(BigInt(trace.gasUsed), receipt.gasUsed);
  assert.equal(BigInt(trace.output), 1n);
  assert.equal(trace.logs.length, 1);
  assert.equal(trace.logs[0].topics[0],
    ethers.id('Transfer(address,address,uint256)'));
});

test('steps of a transaction add up to the gas it used', async () => {
  const tx = await token.transfer(bob, 1n);
  const receipt = await tx.wait();
  const trace = await provider.send('debug_traceTransaction', [tx.hash, {}]);
  assert.equal(BigInt(trace.gas), receipt.gasUsed);
  const last = trace.structLogs.at(-1);
  assert.equal(last.op, 'RETURN');
  assert.ok(trace.structLogs.some((s) => s.op === 'SSTORE' && s.storage));
});

test('prestateTracer in diffMode tells what a transfer changed', async () => {
  const tx = await token.transfer(bob, 1n);
  await tx.wait();
  const { pre, post } = await provider.send('debug_traceTransaction',
    [tx.hash, { tracer: 'prestateTracer', tracerConfig: { diffMode: true } }]);
  const at = token.target.toLowerCase();
  assert.equal(Object.keys(post[at].storage).length, 2);
  assert.equal(post[alice.address.toLowerCase()].nonce,
    pre[alice.address.toLowerCase()].nonce + 1);
});

test('a revert is told with its reason', async () => {
  const trace = await provider.send('debug_traceCall', [{ to: moods.target,
    data: moods.interface.encodeFunctionData('fails') }, 'latest',
  { tracer: 'callTracer' }]);
  assert.equal(trace.error, 'execution reverted');
  assert.equal(trace.revertReason, 'shop is closed');
});

test('viem simulates calls with the changes of assets', async () => {
  const { results, assetChanges } = await client.simulateCalls({
    account: alice.address, traceAssetChanges: true,
    calls: [{ to: token.target, abi: ERC20, functionName: 'transfer',
      args: [bob, 7n] }, { to: bob, value: parseEther('1') }] });
  assert.equal(results[0].status, 'success');
  assert.equal(results[0].result, true);
  assert.equal(results[1].status, 'success');
  const change = assetChanges.find((c) =>
    c.token.address.toLowerCase() === token.target.toLowerCase());
  assert.equal(change.value.diff, -7n);
});

test('viem simulates blocks that follow each other', async () => {
  const rich = '0x00000000000000000000000000000000000c0de0';
  const [one, two] = await client.simulateBlocks({ blocks: [
    { stateOverrides: [{ address: rich, balance: parseEther('3') }],
      calls: [{ account: rich, to: bob, value: parseEther('1') }] },
    { calls: [{ account: alice.address, to: token.target,
      data: encodeFunctionData({ abi: ERC20, functionName: 'balanceOf',
        args: [alice.address] }) }] }] });
  assert.equal(two.number, one.number + 1n);
  assert.equal(two.parentHash, one.hash);
  assert.equal(one.calls[0].status, 'success');
  assert.ok(BigInt(two.calls[0].data) > 0n);
  assert.equal(await provider.getBalance(bob), 0n);
});

test('trace_block and trace_replayTransaction agree', async () => {
  const receipt = await (await token.transfer(bob, 2n)).wait();
  const [flat] = await node.rpc('trace_block',
    [ethers.toQuantity(receipt.blockNumber)]);
  const replay = await node.rpc('trace_replayTransaction',
    [receipt.hash, ['trace', 'stateDiff']]);
  assert.deepEqual(replay.trace[0].action, flat.action);
  assert.equal(flat.transactionHash, receipt.hash);
  assert.ok(replay.stateDiff[token.target.toLowerCase()]);
});

test('a submission answers its receipt at once', async () => {
  const raw = await alice.signTransaction(await alice.populateTransaction(
    { to: bob, value: 9n }));
  const receipt = await node.rpc('eth_sendRawTransactionSync', [raw]);
  assert.equal(receipt.status, '0x1');
  assert.equal(await provider.getBalance(bob), 9n);
});

test('the table of methods is OpenRPC', async () => {
  const doc = await node.rpc('rpc_discover');
  const call = doc.methods.find((m) => m.name === 'eth_call');
  assert.deepEqual(call.params.map((p) => p.required),
    [true, false, false, false]);
  assert.equal((await node.rpc('eth_config')).current.chainId, '0x7a69');
});

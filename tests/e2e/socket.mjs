// socket.mjs - subscriptions and calls over a WebSocket, as ethers v6 and viem
// make them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { createPublicClient, webSocket, parseAbiItem } from 'viem';
import { Node } from './node.mjs';
import { TOKEN, compile } from './solc.mjs';

const PHRASE = 'test test test test test test test test test test test junk';
let node, provider, alice, client, url;

before(async () => {
  node = await Node.start(['dev']);
  url = node.url.replace('http:', 'ws:');
  provider = new ethers.WebSocketProvider(url, undefined,
    { cacheTimeout: -1 });
  alice = ethers.HDNodeWallet.fromPhrase(PHRASE).connect(provider);
  client = createPublicClient({ transport: webSocket(url) });
});
after(async () => {
  await provider?.destroy();
  (await client?.transport.getRpcClient())?.close();
  assert.deepEqual(await node.stop(), { code: 0, signal: null });
});

// The first cnt things that start(take) is told.
function collect(cnt, start) {
  const got = [];
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`only ${got.length} came`)), 20000)
      .unref();
    start((x) => { if (got.push(x) === cnt) resolve(got); });
  });
}
const send = async () => (await alice.sendTransaction(
  { to: ethers.ZeroAddress, value: 1n })).wait();

// Does something until all has been told: when a subscription stands, only the
// node knows.  What the doing gave, each time.
async function during(all, act) {
  const gave = [];
  let over = false;
  const end = Promise.all(all).finally(() => { over = true; });
  end.catch(() => {}); // it is waited for below
  while (!over) gave.push(await act());
  await end;
  return gave;
}

test('ethers: blocks are told one by one', async () => {
  const blocks = collect(3, (take) => provider.on('block', take));
  await provider.getBlockNumber();
  for (let i = 0; i < 4; i++) await send();
  const got = await blocks;
  assert.deepEqual(got.slice(0, 3).map((n) => n - got[0]), [0, 1, 2]);
  await provider.off('block');
});

test('ethers: pending transactions are told', async () => {
  const hashes = collect(1, (take) => provider.on('pending', take));
  const sent = await during([hashes], send);
  const [first] = await hashes;
  assert.ok(sent.some((r) => r.hash === first), first);
  await provider.off('pending');
});

test('ethers and viem: events of a contract are told', async () => {
  const { abi, bytecode } = compile({ 'Token.sol': TOKEN }).Token;
  const token = await new ethers.ContractFactory(abi, bytecode, alice)
    .deploy();
  await token.waitForDeployment();
  const to = ethers.Wallet.createRandom().address;
  const one = collect(1, (take) => token.on('Transfer', (...a) => take(a)));
  const two = collect(1, (take) => client.watchEvent({
    address: token.target,
    event: parseAbiItem(
      'event Transfer(address indexed from, address indexed to, uint256 value)'),
    onLogs: (logs) => logs.forEach(take) }));
  await during([one, two], async () => (await token.transfer(to, 7n)).wait());
  assert.equal((await one)[0][1], to);
  assert.equal((await two)[0].args.to, to);
  assert.equal((await two)[0].args.value, 7n);
  await token.off('Transfer');
});

test('viem: blocks and pending transactions are told', async () => {
  const blocks = collect(2, (take) => client.watchBlocks({ onBlock: take }));
  const pending = collect(1, (take) => client.watchPendingTransactions(
    { onTransactions: (hashes) => hashes.forEach(take) }));
  const sent = await during([blocks, pending], send);
  const [got, [first]] = [await blocks, await pending];
  assert.equal(got[1].number - got[0].number, 1n);
  assert.ok(sent.some((r) => r.hash === first), first);
});

test('viem: state overrides change a call, and nothing else', async () => {
  const address = '0x00000000000000000000000000000000000c0de0';
  const code = '0x602a60005260206000f3';
  const r = await client.call({ to: address,
    stateOverride: [{ address, code }] });
  assert.equal(BigInt(r.data), 42n);
  assert.equal(await client.getCode({ address }), undefined);
  assert.equal(await client.estimateGas({ account: address, value: 5n,
    to: alice.address, stateOverride: [{ address, balance: 5n }] }), 21000n);
});

test('viem: filters are polled over HTTP', async () => {
  const id = await node.rpc('eth_newBlockFilter');
  await send();
  const hashes = await node.rpc('eth_getFilterChanges', [id]);
  assert.ok(hashes.length >= 1);
  assert.equal(await node.rpc('eth_uninstallFilter', [id]), true);
});

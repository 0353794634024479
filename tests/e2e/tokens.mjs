// tokens.mjs - tokens that cheat, written in Solidity, paid in through ethers and
// through a contract: what they do harms nobody but who trades in them, every
// refusal has a name, and what is owed is paid when they behave again.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { Node } from './node.mjs';
import { compile } from './solc.mjs';

const PHRASE = 'test test test test test test test test test test test junk';
const ORDERS = '0x0000000000000000000000000000000000001013';
const SOURCE = `
// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;
contract Token {
  enum How { Honest, Fee, Silent, False, Reverts, Huge, Endless, Reenters, Lies }
  mapping(address => uint256) has;
  How public coming;      // of transferFrom
  How public going;       // of transfer
  bytes public seen;      // what a call from within was told
  bytes again;
  function mint(address to, uint256 v) external { has[to] += v; }
  function behave(How c, How g, bytes calldata call) external {
    coming = c; going = g; again = call;
  }
  function allowance(address, address) external pure returns (uint256) {
    return type(uint256).max;
  }
  function balanceOf(address a) external view returns (uint256) {
    return coming == How.Lies ? 7 : has[a];
  }
  function move(How how, address from, address to, uint256 v) internal {
    if (how == How.Reverts) revert("no");
    if (how == How.Endless) while (true) {}
    if (how == How.False) answer(0);
    has[from] -= v;
    has[to] += how == How.Fee ? v - 1 : v;
    if (how == How.Reenters) {
      (bool ok, bytes memory out) = address(0x1013).call(again);
      seen = ok ? bytes("done") : out;
    }
    if (how == How.Silent) assembly { return(0, 0) }
    if (how == How.Huge) assembly { mstore(0, 1) return(0, 131072) }
    answer(1);
  }
  function answer(uint256 v) internal pure {
    assembly { mstore(0, v) return(0, 32) }
  }
  function transfer(address to, uint256 v) external { move(going, msg.sender, to, v); }
  function transferFrom(address from, address to, uint256 v) external {
    move(coming, from, to, v);
  }
}
interface Orders {
  function payInstant(address seller, address token, uint256 amount, bytes32 ref)
    external payable returns (uint64);
}
contract Buyer {
  function pay(address seller, address token, uint256 v) external
      returns (bytes memory why) {
    try Orders(address(0x1013)).payInstant(seller, token, v, 0) { }
    catch (bytes memory w) { why = w; }
  }
}`;
const HOW = ['Honest', 'Fee', 'Silent', 'False', 'Reverts', 'Huge', 'Endless',
  'Reenters', 'Lies'];
const how = (name) => HOW.indexOf(name);
let node, provider, seller, buyer, orders, token, trader;

const done = async (sent) => (await sent).wait();
async function behave(coming, going, again = '0x') {
  await done(token.behave(how(coming), how(going), again));
}
// By a key, then by a contract: the error's name in both, or null.
async function pay(amount) {
  const args = [seller.address, await token.getAddress(), amount];
  const one = await orders.payInstant.staticCall(...args, ethers.ZeroHash)
    .then(() => null, (e) => e.revert?.name ?? String(e));
  const why = await trader.pay.staticCall(...args);
  const two = why === '0x' ? null : orders.interface.parseError(why).name;
  assert.equal(two, one, 'a contract is told what a key is told');
  if (one === null) {
    await done(orders.payInstant(...args, ethers.ZeroHash));
    // A caught failure is a success to who estimates gas.
    await done(trader.pay(...args, { gasLimit: 3000000 }));
  }
  return one;
}
const owed = async () => Number(await orders.claimable(
  await token.getAddress(), seller.address));
const sold = async () => Number(await token.balanceOf(seller.address));

before(async () => {
  node = await Node.start(['dev']);
  provider = new ethers.JsonRpcProvider(node.url, undefined,
    { cacheTimeout: -1, staticNetwork: true, batchMaxCount: 1 });
  provider.pollingInterval = 50;
  const account = (i) => ethers.HDNodeWallet
    .fromPhrase(PHRASE, undefined, `m/44'/60'/0'/0/${i}`).connect(provider);
  [seller, buyer] = [account(0), account(1)];
  const abi = await (await fetch(`${node.url}/abi/Orders.json`)).json();
  orders = new ethers.Contract(ORDERS, abi, buyer);
  const out = compile({ 'Token.sol': SOURCE });
  const deploy = async (c) => {
    const made = await new ethers.ContractFactory(c.abi, c.bytecode, buyer)
      .deploy();
    return made.waitForDeployment();
  };
  token = await deploy(out.Token);
  trader = await deploy(out.Buyer);
  await done(token.mint(buyer.address, 1000000));
  await done(token.mint(await trader.getAddress(), 1000000));
});
after(async () => {
  provider?.destroy();
  assert.deepEqual(await node.stop(), { code: 0, signal: null });
});

test('a token that cheats when it comes is refused by name', async () => {
  for (const [coming, want] of [['Fee', 'TokenDelta'], ['False', 'TokenDelta'],
    ['Reverts', 'TokenDelta'], ['Endless', 'TokenDelta'],
    ['Lies', 'TokenDelta']]) {
    await behave(coming, 'Honest');
    const name = await pay(1000);
    assert.ok(name, `${coming} was taken`);
    assert.ok([want, 'BadToken', 'TokenImpaired'].includes(name),
      `${coming}: ${name}`);
  }
  await behave('Honest', 'Honest');
  assert.equal(await owed(), 0);
});

test('no answer, a huge one, and honest ones are paid on', async () => {
  let has = await sold();
  for (const way of ['Honest', 'Silent', 'Huge']) {
    await behave(way, way);
    assert.equal(await pay(1000), null, way);
    assert.equal(await sold(), has += 2000, way);
    assert.equal(await owed(), 0, way);
  }
});

test('what a token does not let out is owed until it does', async () => {
  const before = await sold();
  let sum = 0;
  for (const going of ['False', 'Reverts', 'Endless']) {
    await behave('Honest', going);
    assert.equal(await pay(1000), null, going);
    assert.equal(await owed(), sum += 2000, going);
    const why = await orders.withdraw.staticCall(await token.getAddress(),
      seller.address).then(() => null, (e) => e.revert?.name);
    assert.equal(why, 'PayoutFailed', going);
  }
  await behave('Honest', 'Honest');
  await done(orders.withdraw(await token.getAddress(), seller.address));
  assert.equal(await owed(), 0);
  assert.equal(await sold(), before + sum);
});

test('a call from within a token meets the lock', async () => {
  const again = orders.interface.encodeFunctionData('payInstant',
    [seller.address, ethers.ZeroAddress, 1, ethers.ZeroHash]);
  for (const [coming, going] of [['Reenters', 'Honest'],
    ['Honest', 'Reenters']]) {
    const has = await sold();
    await behave(coming, going, again);
    assert.equal(await pay(1000), null);
    assert.equal(orders.interface.parseError(await token.seen()).name,
      'Reentered');
    assert.equal(await sold(), has + 2000);
  }
  // Views are answered, from before the call.
  await behave('Reenters', 'Honest', orders.interface.encodeFunctionData(
    'claimable', [await token.getAddress(), seller.address]));
  assert.equal(await pay(1000), null);
  assert.equal(ethers.toUtf8String(await token.seen()), 'done');
});

test('whoever trades in something else does not notice', async () => {
  await behave('Endless', 'Endless');
  const was = await provider.getBalance(seller.address);
  await done(orders.payInstant(seller.address, ethers.ZeroAddress, 5,
    ethers.ZeroHash, { value: 5 }));
  assert.equal(await provider.getBalance(seller.address), was + 5n);
  const [held, surplus] = await orders.accounted(ethers.ZeroAddress);
  assert.equal(held + surplus, await provider.getBalance(ORDERS));
});

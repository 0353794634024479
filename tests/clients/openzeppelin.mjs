// openzeppelin.mjs - OpenZeppelin's contracts, compiled with npm's compiler,
// deployed and used on a development chain by ethers: tokens with permits and
// votes, a governor behind a timelock, proxies of both kinds, roles.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { Node } from '../e2e/node.mjs';
import { compile } from '../e2e/solc.mjs';

const SOURCE = `
// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC721URIStorage}
  from "@openzeppelin/contracts/token/ERC721/extensions/ERC721URIStorage.sol";
import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {GovernorSettings}
  from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {GovernorCountingSimple}
  from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {GovernorVotesQuorumFraction}
  from "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {GovernorTimelockControl}
  from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {TransparentUpgradeableProxy}
  from "@openzeppelin/contracts/proxy/transparent/TransparentUpgradeableProxy.sol";
import {ProxyAdmin} from "@openzeppelin/contracts/proxy/transparent/ProxyAdmin.sol";
import {UUPSUpgradeable}
  from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {OwnableUpgradeable}
  from "@openzeppelin/contracts-upgradeable/access/OwnableUpgradeable.sol";

contract Coin is ERC20, ERC20Permit, ERC20Votes {
  constructor() ERC20("Coin", "CN") ERC20Permit("Coin") { _mint(msg.sender, 1000 ether); }
  function _update(address from, address to, uint256 v) internal override(ERC20, ERC20Votes) {
    super._update(from, to, v);
  }
  function nonces(address o) public view override(ERC20Permit, Nonces) returns (uint256) {
    return super.nonces(o);
  }
}
contract Art is ERC721URIStorage {
  uint256 next;
  constructor() ERC721("Art", "ART") {}
  function mint(address to, string calldata uri) external returns (uint256 id) {
    id = ++next; _safeMint(to, id); _setTokenURI(id, uri);
  }
}
contract Goods is ERC1155 {
  constructor() ERC1155("https://shop/{id}.json") {
    uint256[] memory ids = new uint256[](2); uint256[] memory n = new uint256[](2);
    (ids[0], ids[1], n[0], n[1]) = (1, 2, 10, 20);
    _mintBatch(msg.sender, ids, n, "");
  }
}
contract Desk is AccessControl {
  bytes32 public constant CLERK = keccak256("CLERK");
  uint256 public sold;
  constructor() { _grantRole(DEFAULT_ADMIN_ROLE, msg.sender); }
  function sell() external onlyRole(CLERK) { sold++; }
}
contract Council is Governor, GovernorSettings, GovernorCountingSimple, GovernorVotes,
    GovernorVotesQuorumFraction, GovernorTimelockControl {
  constructor(IVotes t, TimelockController l) Governor("Council") GovernorSettings(1, 5, 0)
    GovernorVotes(t) GovernorVotesQuorumFraction(4) GovernorTimelockControl(l) {}
  function proposalThreshold() public view override(Governor, GovernorSettings) returns (uint256) {
    return super.proposalThreshold(); }
  function state(uint256 id) public view override(Governor, GovernorTimelockControl)
    returns (ProposalState) { return super.state(id); }
  function proposalNeedsQueuing(uint256 id) public view
    override(Governor, GovernorTimelockControl) returns (bool) {
    return super.proposalNeedsQueuing(id); }
  function _queueOperations(uint256 id, address[] memory t, uint256[] memory v, bytes[] memory c,
    bytes32 d) internal override(Governor, GovernorTimelockControl) returns (uint48) {
    return super._queueOperations(id, t, v, c, d); }
  function _executeOperations(uint256 id, address[] memory t, uint256[] memory v,
    bytes[] memory c, bytes32 d) internal override(Governor, GovernorTimelockControl) {
    super._executeOperations(id, t, v, c, d); }
  function _cancel(address[] memory t, uint256[] memory v, bytes[] memory c, bytes32 d)
    internal override(Governor, GovernorTimelockControl) returns (uint256) {
    return super._cancel(t, v, c, d); }
  function _executor() internal view override(Governor, GovernorTimelockControl)
    returns (address) { return super._executor(); }
}
contract Timelock is TimelockController {
  constructor(uint256 d, address[] memory p, address[] memory e, address a)
    TimelockController(d, p, e, a) {}
}
contract BoxV1 is UUPSUpgradeable, OwnableUpgradeable {
  uint256 public value;
  constructor() { _disableInitializers(); }
  function initialize(uint256 v) external initializer { __Ownable_init(msg.sender); value = v; }
  function version() external pure virtual returns (uint256) { return 1; }
  function _authorizeUpgrade(address) internal override onlyOwner {}
}
contract BoxV2 is BoxV1 {
  function version() external pure override returns (uint256) { return 2; }
  function raise() external { value += 1; }
}
contract Plain { uint256 public value; function set(uint256 v) external { value = v; } }
contract Plain2 { uint256 public value; function set(uint256 v) external { value = 2 * v; } }
contract Proxy1967 is ERC1967Proxy { constructor(address a, bytes memory d) ERC1967Proxy(a, d) {} }
contract ProxyClear is TransparentUpgradeableProxy {
  constructor(address a, address o, bytes memory d) TransparentUpgradeableProxy(a, o, d) {}
}
contract Admin is ProxyAdmin { constructor() ProxyAdmin(msg.sender) {} }
`;
const PHRASE = 'test test test test test test test test test test test junk';
const IMPLEMENTATION =
  '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc';
const ADMIN =
  '0xb53127684a568b3173ae13b9f8a6016e243e63b6e8ee1178d6a717850b5d6103';
let node, provider, alice, bob, contracts, coin;

before(async () => {
  node = await Node.start(['dev']);
  provider = new ethers.JsonRpcProvider(node.url, undefined,
    { cacheTimeout: -1 });
  provider.pollingInterval = 20;
  [alice, bob] = [0, 1].map((i) => ethers.HDNodeWallet
    .fromPhrase(PHRASE, undefined, `m/44'/60'/0'/0/${i}`).connect(provider));
  contracts = compile({ 'All.sol': SOURCE });
});
after(async () => {
  provider?.destroy();
  assert.deepEqual(await node.stop(), { code: 0, signal: null });
});

async function make(name, ...args) {
  const { abi, bytecode } = contracts[name];
  const c = await new ethers.ContractFactory(abi, bytecode, alice)
    .deploy(...args);
  return c.waitForDeployment();
}
const as = (name, address, who = alice) =>
  new ethers.Contract(address, contracts[name].abi, who);
const done = async (tx) => (await tx).wait();
const at = async (address, slot) =>
  ethers.getAddress(`0x${(await provider.getStorage(address, slot)).slice(26)}`);
async function fails(promise, name, c) {
  const e = await promise.then(() => assert.fail('no revert'), (x) => x);
  assert.equal(c.interface.parseError(e.data)?.name, name);
}

test('ERC20: transfer, allowance, its own errors', async () => {
  coin = await make('Coin');
  await done(coin.transfer(bob.address, 100n));
  assert.equal(await coin.balanceOf(bob.address), 100n);
  await done(coin.approve(bob.address, 50n));
  await done(coin.connect(bob).transferFrom(alice.address, bob.address, 20n));
  assert.equal(await coin.allowance(alice.address, bob.address), 30n);
  await fails(coin.connect(bob).transfer.staticCall(alice.address, 1000n),
    'ERC20InsufficientBalance', coin);
});

test('ERC20Permit: who signs pays nothing and needs no transaction', async () => {
  const domain = { name: 'Coin', version: '1', chainId: 31337,
    verifyingContract: coin.target };
  const types = { Permit: ['owner', 'spender'].map((name) =>
    ({ name, type: 'address' })).concat(['value', 'nonce', 'deadline'].map(
    (name) => ({ name, type: 'uint256' }))) };
  const deadline = (await provider.getBlock('latest')).timestamp + 3600;
  const value = { owner: bob.address, spender: alice.address, value: 33n,
    nonce: await coin.nonces(bob.address), deadline };
  const s = ethers.Signature.from(await bob.signTypedData(domain, types, value));
  await done(coin.permit(bob.address, alice.address, 33n, deadline, s.v, s.r, s.s));
  assert.equal(await coin.allowance(bob.address, alice.address), 33n);
  await fails(coin.permit.staticCall(bob.address, alice.address, 33n, deadline,
    s.v, s.r, s.s), 'ERC2612InvalidSigner', coin);
});

test('ERC20Votes: past votes stand at their block', async () => {
  await done(coin.delegate(alice.address));
  const height = await provider.getBlockNumber();
  const votes = await coin.getVotes(alice.address);
  await done(coin.transfer(bob.address, 1000n));
  assert.equal(await coin.getPastVotes(alice.address, height), votes);
  assert.equal(await coin.getVotes(alice.address), votes - 1000n);
});

test('ERC721: minted, moved, its metadata', async () => {
  const art = await make('Art');
  const r = await done(art.mint(alice.address, 'ipfs://one'));
  assert.equal(r.logs.map((l) => art.interface.parseLog(l)?.name)
    .includes('Transfer'), true);
  await done(art.transferFrom(alice.address, bob.address, 1));
  assert.equal(await art.ownerOf(1), bob.address);
  assert.equal(await art.tokenURI(1), 'ipfs://one');
  assert.equal(await art.supportsInterface('0x80ac58cd'), true);
  await fails(art.transferFrom.staticCall(bob.address, alice.address, 1),
    'ERC721InsufficientApproval', art);
});

test('ERC1155: batches', async () => {
  const goods = await make('Goods');
  await done(goods.safeBatchTransferFrom(alice.address, bob.address, [1, 2],
    [3, 4], '0x'));
  assert.deepEqual([...await goods.balanceOfBatch(
    [alice.address, alice.address, bob.address, bob.address], [1, 2, 1, 2])],
  [7n, 16n, 3n, 4n]);
});

test('AccessControl: roles given and taken', async () => {
  const desk = await make('Desk');
  const role = await desk.CLERK();
  await fails(desk.connect(bob).sell.staticCall(),
    'AccessControlUnauthorizedAccount', desk);
  await done(desk.grantRole(role, bob.address));
  await done(desk.connect(bob).sell());
  assert.equal(await desk.sold(), 1n);
  await done(desk.revokeRole(role, bob.address));
  assert.equal(await desk.hasRole(role, bob.address), false);
});

test('Governor and Timelock: propose, vote, queue, execute', async () => {
  const lock = await make('Timelock', 3600, [], [ethers.ZeroAddress],
    alice.address);
  const council = await make('Council', coin.target, lock.target);
  await done(lock.grantRole(await lock.PROPOSER_ROLE(), council.target));
  await done(coin.transfer(lock.target, 500n));
  const call = coin.interface.encodeFunctionData('transfer',
    [bob.address, 500n]);
  const what = [[coin.target], [0], [call]];
  const r = await done(council.propose(...what, 'pay bob'));
  const id = council.interface.parseLog(r.logs[0]).args.proposalId;
  assert.equal(await council.state(id), 0n); // pending
  await provider.send('hardhat_mine', ['0x2']);
  assert.equal(await council.state(id), 1n); // active
  await done(council.castVote(id, 1));
  await provider.send('hardhat_mine', ['0x6']);
  assert.equal(await council.state(id), 4n); // succeeded
  await done(council.queue(...what, ethers.id('pay bob')));
  assert.equal(await council.state(id), 5n); // queued
  await assert.rejects(council.execute.staticCall(...what,
    ethers.id('pay bob')));
  await provider.send('evm_increaseTime', [3601]);
  await provider.send('evm_mine', []);
  const before = await coin.balanceOf(bob.address);
  await done(council.execute(...what, ethers.id('pay bob')));
  assert.equal(await council.state(id), 7n); // executed
  assert.equal(await coin.balanceOf(bob.address), before + 500n);
});

test('UUPS: initialised once, upgraded by its owner alone', async () => {
  const one = await make('BoxV1'), two = await make('BoxV2');
  const init = one.interface.encodeFunctionData('initialize', [42]);
  const proxy = await make('Proxy1967', one.target, init);
  const box = as('BoxV2', proxy.target);
  assert.deepEqual([await box.value(), await box.version()], [42n, 1n]);
  assert.equal(await at(proxy.target, IMPLEMENTATION), one.target);
  await fails(box.initialize.staticCall(1), 'InvalidInitialization', box);
  await fails(box.connect(bob).upgradeToAndCall.staticCall(two.target, '0x'),
    'OwnableUnauthorizedAccount', box);
  await done(box.upgradeToAndCall(two.target,
    two.interface.encodeFunctionData('raise')));
  assert.deepEqual([await box.value(), await box.version()], [43n, 2n]);
  assert.equal(await at(proxy.target, IMPLEMENTATION), two.target);
});

test('transparent proxy: upgraded through its admin contract', async () => {
  const one = await make('Plain'), two = await make('Plain2');
  const proxy = await make('ProxyClear', one.target, alice.address,
    one.interface.encodeFunctionData('set', [5]));
  const box = as('Plain', proxy.target);
  assert.equal(await box.value(), 5n);
  const admin = as('Admin', await at(proxy.target, ADMIN));
  assert.equal(await admin.owner(), alice.address);
  await done(admin.upgradeAndCall(proxy.target, two.target, '0x'));
  await done(box.set(5));
  assert.equal(await box.value(), 10n);
  assert.equal(await at(proxy.target, IMPLEMENTATION), two.target);
});

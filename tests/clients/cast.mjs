// cast.mjs - each sub-command of Foundry's cast that talks to a node, on one
// development chain; what it prints is looked at, not only that it ends well.
// Left out, for they ask others than a node: 4byte*, upload-signature (a
// directory of signatures), source, interface, creation-code, constructor-args,
// artifact (Etherscan), and batch-mktx, batch-send, keychain, tip20-token (a
// chain of another kind).
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { Node, until } from '../e2e/node.mjs';
import { TOKEN, compile } from '../e2e/solc.mjs';
import { cast as find } from './clients.mjs';

const program = find();
const works = program && spawnSync(program, ['--version']).status === 0;
const skip = works ? false
  : 'Foundry\'s cast could not be installed, or has no build for this machine';

const KEY0 = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const A0 = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';
const A1 = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
const NOBODY = '0x00000000000000000000000000000000000000AA';
let node, token, sent;

function cast(...args) {
  const r = spawnSync(program, args, { encoding: 'utf8', timeout: 60000,
    env: { ...process.env, ETH_RPC_URL: node.url, NO_COLOR: '1',
      FOUNDRY_DISABLE_NIGHTLY_WARNING: '1' } });
  assert.equal(r.status, 0, `cast ${args.join(' ')}: ${r.stderr}${r.stdout}`);
  return r.stdout.trim();
}
const json = (...args) => JSON.parse(cast(...args, '--json'));

before(async () => {
  if (skip) return;
  node = await Node.start(['dev']);
  const { bytecode } = compile({ 'Token.sol': TOKEN }).Token;
  const made = json('send', '--private-key', KEY0, '--create', bytecode);
  assert.equal(made.status, '0x1');
  token = made.contractAddress;
  sent = json('send', '--private-key', KEY0, token,
    'transfer(address,uint256)(bool)', A1, '1000');
  assert.equal(sent.status, '0x1');
});
after(async () => {
  if (node) assert.deepEqual(await node.stop(), { code: 0, signal: null });
});
const it = (name, fn) => test(name, { skip }, fn);

it('chain-id, chain, client', () => {
  assert.equal(cast('chain-id'), '31337');
  assert.equal(cast('chain'), 'unknown'); // told by the genesis hash
  assert.match(cast('client'), /CyberMiles/);
});
it('block-number, age, find-block', () => {
  assert.equal(cast('block-number'), '2');
  assert.equal(cast('block-number', 'earliest'), '0');
  assert.match(cast('age'), /\d{4}/);
  const { timestamp } = json('block', '1');
  assert.equal(Number(cast('find-block', String(Number(timestamp)))), 1);
});
it('gas-price, base-fee: nothing costs', () => {
  assert.equal(cast('gas-price'), '0');
  assert.equal(cast('base-fee'), '0');
});
it('block: whole, one field, with transactions, by hash', () => {
  const b = json('block', 'latest');
  assert.equal(Number(b.number), 2);
  assert.equal(b.baseFeePerGas, '0x0');
  assert.deepEqual(b.transactions, [sent.transactionHash]);
  assert.equal(cast('block', 'latest', '--field', 'hash'), b.hash);
  const full = json('block', b.hash, '--full');
  assert.equal(full.transactions[0].hash, sent.transactionHash);
  assert.match(cast('block', 'latest'), /baseFeePerGas +0\b/);
  assert.equal(Number(cast('block', 'finalized', '--field', 'number')), 2);
});
it('balance, nonce, code, codesize, codehash', () => {
  assert.equal(cast('balance', A1), '10000000000000000000000');
  assert.equal(cast('balance', A1, '--ether'), '10000.000000000000000000');
  assert.equal(cast('balance', '--erc20', token, A1).split(' ')[0], '1000');
  assert.equal(cast('nonce', A0), '2');
  const code = cast('code', token);
  assert.match(code, /^0x[0-9a-f]{1000,}$/);
  assert.equal(Number(cast('codesize', token)), (code.length - 2) / 2);
  assert.equal(cast('codehash', token), ethers.keccak256(code));
  assert.equal(cast('code', A0), '0x');
});
it('call: decoded, at a height, with an override of state', () => {
  const balanceOf = ['balanceOf(address)(uint256)', A1];
  assert.equal(cast('call', token, ...balanceOf).split(' ')[0], '1000');
  assert.equal(cast('call', token, ...balanceOf, '--block', '1'), '0');
  assert.equal(cast('call', token, 'symbol()(string)'), '"SHOP"');
  assert.match(cast('call', token, 'transfer(address,uint256)(bool)', A1, '1',
    '--from', A0, '--trace'), /Traces|transfer/);
  const slot = cast('index', 'address', A1, '0');
  assert.equal(cast('call', token, ...balanceOf, '--override-state-diff',
    `${token}:${slot}:77`), '77');
});
it('call that reverts tells why', () => {
  const r = spawnSync(program, ['call', token,
    'transfer(address,uint256)(bool)', A1, '1', '--from', NOBODY],
  { encoding: 'utf8', env: { ...process.env, ETH_RPC_URL: node.url } });
  assert.notEqual(r.status, 0);
  assert.match(r.stderr, /execution reverted/);
});
it('estimate, access-list', () => {
  assert.equal(Number(cast('estimate', A1, '--value', '1', '--from', A0)),
    21000);
  const gas = Number(cast('estimate', token, 'transfer(address,uint256)', A1,
    '1', '--from', A0));
  assert.ok(gas > 25000 && gas < 60000);
  assert.match(cast('access-list', token, 'balanceOf(address)', A1),
    new RegExp(token, 'i'));
});
it('tx: whole, one field, raw', () => {
  const tx = json('tx', sent.transactionHash);
  assert.equal(tx.from.toLowerCase(), A0.toLowerCase());
  assert.equal(tx.to.toLowerCase(), token.toLowerCase());
  assert.equal(cast('tx', sent.transactionHash, 'nonce'), '1');
  const raw = cast('tx', sent.transactionHash, '--raw');
  assert.equal(ethers.keccak256(raw), sent.transactionHash);
  assert.equal(json('tx', '--from', A0, '--nonce', '1').hash,
    sent.transactionHash);
  assert.equal(ethers.keccak256(cast('block', '2', '--raw')),
    cast('block', '2', '--field', 'hash'));
});
it('receipt: whole and one field', () => {
  const r = json('receipt', sent.transactionHash);
  assert.equal(r.status, '0x1');
  assert.equal(Number(r.effectiveGasPrice), 0);
  assert.equal(r.logs.length, 1);
  assert.equal(Number(cast('receipt', sent.transactionHash, 'blockNumber')), 2);
});
it('logs by signature, by address, by range', () => {
  const sig = 'Transfer(address indexed,address indexed,uint256)';
  const all = json('logs', '--from-block', '0', sig);
  assert.equal(all.length, 2);
  assert.equal(json('logs', '--from-block', '0', '--address', token, sig, '',
    A1).length, 1);
  assert.equal(json('logs', '--from-block', '0', '--to-block', '1').length, 1);
});
it('storage, index, proof', () => {
  assert.equal(BigInt(cast('storage', token, '2')),
    1000n * 10n ** 18n); // total supply
  const slot = cast('index', 'address', A1, '0');
  assert.equal(BigInt(cast('storage', token, slot)), 1000n);
  const p = json('proof', token, slot);
  assert.equal(BigInt(p.storageProof[0].value), 1000n);
  assert.equal(ethers.keccak256(p.accountProof[0]),
    cast('block', 'latest', '--field', 'stateRoot'));
});
it('implementation, admin: of a contract that is no proxy, and of one', () => {
  assert.match(cast('implementation', token), /^0x0{40}$/);
  assert.match(cast('admin', token), /^0x0{40}$/);
  const slot = (name) => `0x${(BigInt(ethers.id(name)) - 1n).toString(16)
    .padStart(64, '0')}`;
  for (const [name, who] of [['eip1967.proxy.implementation', token],
    ['eip1967.proxy.admin', A1]]) {
    cast('rpc', 'hardhat_setStorageAt', NOBODY, slot(name),
      ethers.zeroPadValue(who, 32));
  }
  assert.equal(cast('implementation', NOBODY).toLowerCase(), token);
  assert.equal(cast('admin', NOBODY).toLowerCase(), A1.toLowerCase());
});
it('storage-root', () => {
  const p = json('proof', token, '0x0');
  assert.equal(cast('storage-root', token), p.storageHash);
  assert.equal(cast('storage-root', A1), ethers.keccak256('0x80'));
});
it('da-estimate of a block', () => {
  assert.match(cast('da-estimate', '2'), /block 2 with 1 transactions: \d+$/);
});
it('trace: of a transaction, and of one that is only signed', () => {
  const [t] = JSON.parse(cast('trace', sent.transactionHash));
  assert.equal(t.action.from, A0.toLowerCase());
  assert.equal(t.transactionHash, sent.transactionHash);
  const raw = cast('mktx', '--private-key', KEY0, A1, '--value', '3');
  const r = JSON.parse(cast('trace', '--raw', '--trace', '--vm-trace',
    '--state-diff', raw));
  assert.equal(r.trace[0].action.value, '0x3');
  assert.ok(r.stateDiff[A1.toLowerCase()].balance['*']);
});
it('resolve-name, lookup-address: a registry of names in ENS\'s place', () => {
  const resolver = compile({ 'Names.sol': `pragma solidity ^0.8.20;
contract Names {
  function resolver(bytes32) external view returns (address) {
    return address(this);
  }
  function addr(bytes32) external pure returns (address) { return ${A1}; }
  function name(bytes32) external pure returns (string memory) {
    return "shop.eth";
  }
  function resolve(bytes calldata, bytes calldata) external view
    returns (bytes memory, address) { return (abi.encode(${A1}), address(this)); }
}` }).Names;
  const made = json('send', '--private-key', KEY0, '--create',
    resolver.bytecode).contractAddress;
  const code = cast('code', made);
  for (const at of ['0x00000000000C2E074eC69A0dFb2997BA6C7d2e1e',
    '0xeEeEEEeE14D718C2B47D9923Deab1335E144EeEe']) {
    cast('rpc', 'hardhat_setCode', at, code);
  }
  assert.equal(cast('resolve-name', 'shop.eth'), A1);
  assert.equal(cast('lookup-address', A1), 'shop.eth');
});
it('run: the transaction again, with its trace', () => {
  const out = cast('run', sent.transactionHash);
  assert.match(out, /successfully executed/i);
  assert.match(out, /Gas used: \d+/);
});
it('send of every type, asynchronous too', () => {
  for (const [type, ...how] of [['0x0', '--legacy'], ['0x2'],
    ['0x1', '--legacy', '--access-list', '[]']]) {
    const r = json('send', '--private-key', KEY0, A1, '--value', '1', ...how);
    assert.equal(r.status, '0x1');
    if (type !== '0x1') assert.equal(r.type, type);
  }
  assert.match(cast('send', '--private-key', KEY0, A1, '--value', '1',
    '--async'), /^0x[0-9a-f]{64}$/);
});
it('send --auth delegates the account (EIP-7702)', () => {
  const key = '0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a';
  const who = cast('wallet', 'address', key);
  const auth = cast('wallet', 'sign-auth', token, '--private-key', key);
  const r = json('send', '--private-key', KEY0, A1, '--auth', auth);
  assert.equal(r.type, '0x4');
  assert.equal(cast('code', who).toLowerCase(),
    `0xef0100${token.slice(2).toLowerCase()}`);
});
it('mktx and publish', () => {
  const raw = cast('mktx', '--private-key', KEY0, A1, '--value', '3');
  const r = JSON.parse(cast('publish', raw));
  assert.equal(r.status ?? '0x1', '0x1');
});
it('send --unlocked, and from an impersonated account', () => {
  assert.equal(json('send', '--unlocked', '--from', A0, A1, '--value', '1')
    .status, '0x1');
  cast('rpc', 'anvil_setBalance', NOBODY, '0x64');
  assert.equal(cast('balance', NOBODY), '100');
  cast('rpc', 'anvil_impersonateAccount', NOBODY);
  const r = json('send', '--unlocked', '--from', NOBODY, A0, '--value', '5');
  assert.equal(r.from.toLowerCase(), NOBODY.toLowerCase());
  assert.equal(cast('balance', NOBODY), '95');
});
it('a block that holds an edit of the state is read whole', () => {
  cast('rpc', 'hardhat_setBalance', NOBODY, '0x64');
  const b = json('block', 'latest', '--full');
  assert.equal(b.transactions.length, 1);
  assert.equal(b.transactions[0].from.toLowerCase(), `0x${'f'.repeat(39)}e`);
  assert.equal(json('tx', b.transactions[0].hash).hash, b.transactions[0].hash);
  assert.equal(json('receipt', b.transactions[0].hash).status, '0x1');
});
it('rpc: any method, parameters raw', () => {
  assert.equal(cast('rpc', 'eth_chainId'), '"0x7a69"');
  assert.equal(JSON.parse(cast('rpc', 'eth_getBlockByNumber', '--raw',
    '["0x1",false]')).number, '0x1');
});
it('compute-address, tx-pool', () => {
  assert.match(cast('compute-address', A0), /Computed Address: 0x/);
  assert.deepEqual(json('tx-pool', 'status'),
    { pending: '0x0', queued: '0x0' });
  assert.match(cast('tx-pool', 'content'), /pending/);
  cast('rpc', 'evm_setAutomine', 'false');
  const hash = cast('send', '--private-key', KEY0, A1, '--value', '1',
    '--async');
  assert.match(cast('tx-pool', 'inspect'), new RegExp(A1, 'i'));
  assert.match(cast('tx-pool', 'content-from', '--from', A0), new RegExp(hash));
  cast('rpc', 'evm_setAutomine', 'true');
  cast('rpc', 'evm_mine');
  assert.match(cast('receipt', hash, 'status'), /^(1|true)\b/);
});
it('erc20-token', () => {
  const word = (...args) => cast('erc20-token', ...args).split(' ')[0];
  assert.equal(word('balance', token, A1), '1000');
  assert.match(cast('erc20-token', 'name', token), /Shop Token/);
  assert.match(cast('erc20-token', 'symbol', token), /SHOP/);
  assert.equal(word('decimals', token), '18');
  assert.equal(word('total-supply', token), String(1000n * 10n ** 18n));
  cast('erc20-token', 'transfer', token, A1, '5', '--private-key', KEY0);
  assert.equal(word('balance', token, A1), '1005');
  cast('erc20-token', 'approve', token, A1, '7', '--private-key', KEY0);
  assert.equal(word('allowance', token, A0, A1), '7');
});
it('logs --subscribe over WebSocket', async () => {
  const child = spawn(program, ['logs', '--subscribe', '--address', token,
    '--rpc-url', node.url.replace('http', 'ws')],
  { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => { child.on('exit', resolve); });
  let out = '';
  child.stdout.on('data', (d) => { out += d; });
  await until('a log', () => {
    json('send', '--private-key', KEY0, token, 'transfer(address,uint256)', A1,
      '1');
    return out.includes('topics');
  }, 60000);
  child.kill('SIGINT');
  await ended;
  assert.match(out, new RegExp(token, 'i'));
});
it('receipts of a block by tag, logs of a subscription\'s filter', () => {
  assert.match(cast('rpc', 'eth_getBlockReceipts', '0x2'),
    new RegExp(sent.transactionHash));
});

// modules.mjs - what every native module must do, driven by the ABIs and pages
// that the node serves: a module that is in the list is tested by that.
//
// Each method is called with several sets of arguments through ethers, viem and
// a Solidity contract made from the served interface; each refusal has a name
// in all three.  On the demo shop's chain: parameters at their ends, proofs of
// records verified here, gas of each method as it was used.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import * as viem from 'viem';
import { Node } from './node.mjs';
import { compile } from './solc.mjs';

const PHRASE = 'test test test test test test test test test test test junk';
const GOVERNANCE = '0x0000000000000000000000000000000000001002';
const STRANGER = '0x00000000000000000000000000000000000bEEf1';
const OTHER = '0x00000000000000000000000000000000000bEEf2';
const RAW = `
// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;
contract Raw {
  error Undone();
  function go(uint8 kind, address to, bytes calldata data) external payable
      returns (bool ok, bytes memory out) {
    bytes memory d = data;
    assembly {
      let p := add(d, 32)
      let n := mload(d)
      switch kind
      case 0 { ok := call(gas(), to, callvalue(), p, n, 0, 0) }
      case 1 { ok := staticcall(gas(), to, p, n, 0, 0) }
      case 2 { ok := delegatecall(gas(), to, p, n, 0, 0) }
      default { ok := callcode(gas(), to, 0, p, n, 0, 0) }
      out := mload(64)
      mstore(64, add(out, and(add(returndatasize(), 63), not(31))))
      mstore(out, returndatasize())
      returndatacopy(add(out, 32), 0, returndatasize())
    }
  }
  function undone(address[] calldata to, bytes[] calldata data) external {
    for (uint256 i = 0; i < to.length; i++) {
      (bool ok,) = to[i].call(data[i]);
      require(ok, "refused");
    }
    revert Undone();
  }
  function around(address[] calldata to, bytes[] calldata data) external {
    try this.undone(to, data) { revert("not undone"); }
    catch (bytes memory why) {
      require(bytes4(why) == Undone.selector, "refused");
    }
  }
}
contract Boom { constructor(address payable to) payable { selfdestruct(to); } }`;
let node, provider, client, account, raw, boom;
let modules = []; // { name, address, abi, info, face, sol, own, functions }

const get = async (path) => (await fetch(`${node.url}${path}`));
const call = (to, data, from = STRANGER, value = undefined) =>
  node.raw('eth_call', [{ to, data, from, value, gas: '0x1c9c380' }, 'latest']);

before(async () => {
  node = await Node.start(['dev', '--demo-shop']);
  provider = new ethers.JsonRpcProvider(node.url, undefined,
    { cacheTimeout: -1, staticNetwork: true, batchMaxCount: 1 });
  provider.pollingInterval = 50;
  client = viem.createPublicClient({ transport: viem.http(node.url) });
  account = (i) => ethers.HDNodeWallet
    .fromPhrase(PHRASE, undefined, `m/44'/60'/0'/0/${i}`).connect(provider);
  for (const { name, address } of await (await get('/abi/index.json')).json()) {
    // Credits are a choice of the chain; credits.mjs has them.
    if ((await call(address, '0x')).error?.data === undefined) {
      assert.equal(name, 'Credits');
      continue;
    }
    const abi = await (await get(`/abi/${name}.json`)).json();
    modules.push({ name, address, abi, face: new ethers.Interface(abi),
      info: await (await get(`/abi/${name}.info.json`)).json(),
      sol: await (await get(`/abi/${name}.sol`)).text(),
      functions: abi.filter((e) => e.type === 'function') });
  }
  const out = compile({ 'Raw.sol': RAW });
  boom = out.Boom;
  raw = await new ethers.ContractFactory(out.Raw.abi, out.Raw.bytecode,
    account(9)).deploy();
  await raw.waitForDeployment();
});
after(async () => {
  provider?.destroy();
  assert.deepEqual(await node.stop(), { code: 0, signal: null });
});

// The name of a revert; it must have one that the module's ABI knows.
function named(m, answer, what) {
  const data = answer.error?.data;
  if (!answer.error) return null;
  assert.equal(typeof data, 'string',
    `${m.name}.${what}: ${JSON.stringify(answer.error)}`);
  const found = m.face.parseError(data);
  assert.ok(found, `${m.name}.${what}: no error ${data.slice(0, 10)}`);
  return found.name;
}

// A value of a type: kind 0 the least, 1 one of something, 2 the most.
function value(input, kind, address) {
  const array = /^(.*)\[\]$/.exec(input.type);
  if (array) {
    const one = { ...input, type: array[1] };
    return kind === 0 ? [] : [value(one, kind, address)];
  }
  if (input.type === 'tuple')
    return input.components.map((c) => value(c, kind, address));
  const int = /^(u?)int(\d+)$/.exec(input.type);
  if (int && int[1])
    return kind < 2 ? BigInt(kind) : (1n << BigInt(int[2])) - 1n;
  if (int) return [0n, 1n, -(1n << (BigInt(int[2]) - 1n))][kind];
  const fixed = /^bytes(\d+)$/.exec(input.type);
  if (fixed) return `0x${['00', '01', 'ff'][kind].repeat(Number(fixed[1]))}`;
  switch (input.type) {
    case 'address': return address ?? [ethers.ZeroAddress, OTHER,
      ethers.getAddress(`0x${'ff'.repeat(20)}`)][kind];
    case 'bool': return kind > 0;
    case 'string': return ['', 'x', 'ü'.repeat(40)][kind];
    case 'bytes': return ['0x', '0x01', `0x${'ff'.repeat(100)}`][kind];
    default: throw new Error(input.type);
  }
}
const values = (f, kind, address) =>
  f.inputs.map((i) => value(i, kind, address));
const plain = (v) => JSON.stringify(v, (_, x) =>
  typeof x === 'bigint' || typeof x === 'number' ? String(x)
    : typeof x === 'string' ? x.toLowerCase()
      : x && typeof x === 'object' && !Array.isArray(x) ? Object.values(x) : x);

test('every module has an ABI, an interface, a page that names its rows',
  async () => {
    assert.ok(modules.length >= 15);
    const gas = await (await get('/abi/gas.html')).text();
    const costs = await (await get('/abi/gas.json')).json();
    for (const m of modules) {
      const cost = costs.find((c) => c.module === m.name);
      assert.equal(cost.address, m.address);
      assert.equal(cost.methods.length, m.functions.length, m.name);
      for (const c of cost.methods) {
        assert.equal(m.face.getFunction(c.signature).selector, c.selector);
        if (c.none) assert.equal(c.gasLeast, undefined, c.signature);
        else assert.ok(c.gasLeast <= c.gasMost && c.ns > 0, c.signature);
      }
      for (const f of m.functions)
        assert.ok(gas.includes(`<code>${f.name}</code>`), f.name);
      const page = await (await get(`/abi/${m.name}.html`)).text();
      for (const f of m.functions) assert.ok(page.includes(`${f.name}(`), f.name);
      for (const f of [...m.info.methods, ...m.info.events, ...m.info.errors]) {
        assert.ok(f.text?.endsWith('.'), `${m.name}.${f.signature}`);
        assert.ok(page.includes(`<p>${f.text}</p>`), f.text);
        assert.ok(m.sol.includes(`/// @notice ${f.text}\n`), f.text);
      }
      for (const [, id] of page.matchAll(/href="#(\w+)"/g))
        assert.ok(page.includes(`id="${id}"`), id);
      for (const p of m.info.parameters) assert.ok(page.includes(p.name), p.name);
      assert.equal(m.info.methods.length, m.functions.length);
      for (const f of m.info.methods)
        assert.equal(m.face.getFunction(f.signature).selector, f.selector);
      for (const e of m.info.events)
        assert.equal(m.face.getEvent(e.signature).topicHash, e.topic);
      for (const e of m.info.errors)
        assert.equal(m.face.getError(e.signature).selector, e.selector);
    }
  });

// A contract with a function for each method, made from the served interface.
function wrapper(m) {
  const own = [];
  const typed = (list) => list.replace(/\b[A-Z]\w*(\[\])? (calldata|memory)/g,
    (t) => `I${m.name}.${t}`);
  for (const line of m.sol.split('\n')) {
    const f = /^ +function (\w+)\((.*?)\) external ?(\w*) ?(?:returns \((.*)\))?;/
      .exec(line);
    if (!f) continue;
    const names = f[2] ? f[2].split(', ').map((p) => p.split(' ').at(-1)) : [];
    const pay = f[3] === 'payable' ? '{value: msg.value}' : '';
    own.push(`  function ${f[1]}(${typed(f[2])}) external ${f[3]} ${f[4]
      ? `returns (${typed(f[4]).replace(/ \w+(,|$)/g, '$1')})` : ''} {
    ${f[4] ? 'return ' : ''}at.${f[1]}${pay}(${names.join(', ')});
  }`);
  }
  return `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;
import "./I.sol";
contract Own {
  I${m.name} constant at = I${m.name}(${ethers.getAddress(m.address)});
${own.join('\n')}
}`;
}

test('every method answers alike through ethers, viem and Solidity', async (t) => {
  let ok = 0;
  const seen = new Set(), common = new Set(['multicall', 'permitCall',
    'withdraw', 'claimable', 'accounted', 'record', 'slotOf', 'deadlineOf',
    'param', 'setParam', 'pauseLevel', 'setPause', 'sweepSurplus', 'version',
    'supportsInterface']);
  for (const m of modules) {
    const out = compile({ 'Own.sol': wrapper(m), 'I.sol': m.sol }).Own;
    const own = await new ethers.ContractFactory(out.abi, out.bytecode,
      account(9)).deploy();
    await own.waitForDeployment();
    const direct = new ethers.Contract(m.address, m.abi, provider);
    const at = await own.getAddress();
    for (const f of m.functions) {
      // What all modules of commerce share is asked thoroughly of one.
      const shared = common.has(f.name) && m.name !== 'Identity';
      for (let kind = 0; kind < 3; kind++) {
        if (shared && kind !== 1) continue;
        const args = values(f, kind), what = `${f.name}/${kind}`;
        const data = m.face.encodeFunctionData(f.name, args);
        assert.equal(viem.encodeFunctionData({ abi: m.abi,
          functionName: f.name, args }), data);
        // The wrapper's own address has no role either.
        const name = named(m, await call(m.address, data), what);
        const through = await call(at, data);
        assert.equal(named(m, through, `${what} by Solidity`), name, what);
        const one = await direct.getFunction(f.name)
          .staticCallResult(...args, { from: STRANGER })
          .then((r) => r.toArray(true), (e) => e);
        const two = await client.readContract({ address: m.address,
          abi: m.abi, functionName: f.name, args, account: STRANGER })
          .then((r) => (f.outputs.length === 0 ? []
            : f.outputs.length === 1 ? [r] : r), (e) => e);
        if (name === null) {
          ok++;
          assert.equal(plain(one), plain(two), `${m.name}.${what}`);
        } else {
          seen.add(name);
          assert.equal(one.revert?.name, name, `${m.name}.${what}: ${one}`);
          const why = two.walk((e) =>
            e instanceof viem.ContractFunctionRevertedError);
          assert.equal(why?.data?.errorName, name, `${m.name}.${what}`);
        }
      }
    }
  }
  t.diagnostic(`${ok} calls answered; refused as ${[...seen].join(' ')}`);
  assert.ok(ok > 150 && seen.size > 20);
});

test('what the table forbids is refused by name before the method', async () => {
  for (const m of modules) {
    const expect = async (want, answer, what) =>
      assert.equal(named(m, await answer, what), want, `${m.name}.${what}`);
    await expect('NoPlainTransfer', call(m.address, '0x'), 'empty');
    await expect('UnknownMethod', call(m.address, '0x12'), 'short');
    await expect('UnknownMethod', call(m.address, '0x12345678'), 'unknown');
    const kinds = async (kind, data) => {
      const { result } = await call(await raw.getAddress(),
        raw.interface.encodeFunctionData('go', [kind, m.address, data]));
      const [ok, out] = raw.interface.decodeFunctionResult('go', result);
      return ok ? null : m.face.parseError(out).name;
    };
    for (const f of m.functions) {
      const { selector } = m.face.getFunction(f.name);
      if (f.stateMutability !== 'payable')
        await expect('NonPayable', call(m.address, selector, account(0).address,
          '0x1'), f.name);
      if (f.inputs.length)
        await expect('BadCalldata', call(m.address, selector), f.name);
      if (f.stateMutability !== 'view')
        assert.equal(await kinds(1, selector), 'StaticContext', f.name);
      for (const kind of [2, 3]) {
        const data = m.face.encodeFunctionData(f.name, values(f, 1));
        const why = await kinds(kind, data);
        if (m.info.function) assert.notEqual(why, 'DelegateCallForbidden');
        else assert.equal(why, 'DelegateCallForbidden', `${m.name}.${f.name}`);
      }
      if (m.info.methods.find((x) => x.selector === selector).access ===
          'governance')
        await expect('NotAuthorised', call(m.address,
          m.face.encodeFunctionData(f.name, values(f, 1))), f.name);
    }
  }
});

test('null, module, precompile and self in every address argument end well',
  async (t) => {
    const took = [];
    const has = (i) => i.type.startsWith('address') ||
      (i.components ?? []).some(has);
    for (const m of modules) {
      for (const f of m.functions.filter((x) => x.inputs.some(has))) {
        const odd = { null: ethers.ZeroAddress, module: m.address,
          precompile: `0x${'00'.repeat(19)}02`, self: STRANGER };
        for (const [which, address] of Object.entries(odd)) {
          for (const kind of [0, 1]) {
            const args = f.inputs.map((i) => (has(i) && i.type.endsWith('[]')
              ? [value({ ...i, type: i.type.slice(0, -2) }, kind, address)]
              : value(i, kind, address)));
            const why = named(m, await call(m.address,
              m.face.encodeFunctionData(f.name, args)), `${f.name} ${which}`);
            if (why === null && f.stateMutability !== 'view')
              took.push(`${m.name}.${f.name}(${which})`);
          }
        }
      }
    }
    t.diagnostic(`taken: ${[...new Set(took)].join(' ')}`);
    // A party that must be one is never nobody, the module or a precompile.
    const party = /(Controller|transfer\w*|give\w*)\((null|module|precompile)/;
    for (const one of took) assert.doesNotMatch(one, party);
  });

test('parameters hold at their ends and not beyond', async () => {
  await node.raw('hardhat_impersonateAccount', [GOVERNANCE]);
  const snap = (await node.raw('evm_snapshot')).result;
  let cnt = 0;
  for (const m of modules.filter((x) => x.face.getFunction('setParam'))) {
    for (const p of m.info.parameters) {
      const key = ethers.encodeBytes32String(p.name);
      const scale = BigInt(p.scale), what = `${m.name}.${p.name}`;
      const min = BigInt(p.min) * scale, max = BigInt(p.max) * scale;
      const data = (v) => m.face.encodeFunctionData('setParam', [key, v]);
      const read = async () => m.face.decodeFunctionResult('param',
        (await call(m.address, m.face.encodeFunctionData('param', [key])))
          .result);
      assert.deepEqual([...await read()],
        [BigInt(p.default) * scale, min, max], what);
      for (const v of [max + 1n, min - 1n, (1n << 256n) - 1n]) {
        if (v < 0n) continue;
        assert.equal(named(m, await call(m.address, data(v), GOVERNANCE), what),
          'OutOfRange', `${what} = ${v}`);
      }
      assert.equal(named(m, await call(m.address, data(min)), what),
        'NotAuthorised');
      for (const v of [min, max]) {
        const sent = await node.raw('eth_sendTransaction', [{
          from: GOVERNANCE, to: m.address, data: data(v), gas: '0xf4240' }]);
        assert.ok(sent.result, `${what}: ${JSON.stringify(sent)}`);
        const seen = (await node.raw('eth_getTransactionReceipt',
          [sent.result])).result;
        assert.equal(seen.status, '0x1', `${what} = ${v}`);
        assert.equal((await read())[0], v, what);
      }
      cnt++;
    }
    assert.equal(named(m, await call(m.address, m.face.encodeFunctionData(
      'setParam', [ethers.encodeBytes32String('none'), 1]), GOVERNANCE), 'none')
      === null, false);
  }
  assert.ok(cnt > 20, String(cnt));
  assert.equal((await node.raw('evm_revert', [snap])).result, true);
});

// Walks a Merkle Patricia proof: the value under the key, or null.
function proved(root, key, proof) {
  const path = [...ethers.keccak256(key).slice(2)];
  let want = root, at = 0;
  for (let i = 0; i < proof.length; i++) {
    assert.equal(ethers.keccak256(proof[i]), want);
    const n = ethers.decodeRlp(proof[i]);
    if (n.length === 17) {
      if (at === path.length) return n[16];
      want = n[parseInt(path[at++], 16)];
    } else {
      const odd = parseInt(n[0][2], 16) & 1, leaf = parseInt(n[0][2], 16) & 2;
      const part = n[0].slice(odd ? 3 : 4);
      if (path.slice(at, at + part.length).join('') !== part) return null;
      at += part.length;
      if (leaf) return n[1];
      want = n[1];
    }
    if (want === '0x') return null;
    assert.equal(typeof want, 'string', 'nodes of these tries are long');
  }
  return null;
}

test('records of every type are proved to a state root',
  async (t) => {
    const coder = ethers.AbiCoder.defaultAbiCoder();
    const people = [...Array(10).keys()].map((i) => account(i).address);
    const words = [...people.slice(0, 6).map((a) => ethers.zeroPadValue(a, 32)),
      ...[...Array(8).keys()].map((i) => ethers.toBeHex(i, 32))];
    const hash = (a) => ethers.keccak256(ethers.concat(a));
    const keys = [...words, ...words.flatMap((a) =>
      words.map((b) => hash([a, b])))];
    const found = [], made = [];
    const snap = (await node.raw('evm_snapshot')).result;
    const newest = async () => (await node.raw('eth_getBlockByNumber',
      ['latest', false])).result;
    let block = await newest();
    for (const m of modules) {
      for (const r of m.info.records) {
        const slots = keys.map((k) => hash([ethers.toBeHex(r.type, 32), k]));
        let hit = -1;
        for (let from = 0; from < slots.length && hit < 0; from += 500) {
          const part = slots.slice(from, from + 500);
          const answers = await (await node.post(JSON.stringify(part.map(
            (s, id) => ({ jsonrpc: '2.0', id, method: 'eth_getStorageAt',
              params: [m.address, s, block.number] }))))).json();
          const yes = answers.findIndex((a) => a.result && BigInt(a.result));
          if (yes >= 0) hit = from + answers[yes].id;
        }
        // What nobody's dealings left there is written: 1 in each slot, which
        // is a state, an amount and an array of one element alike.
        const absent = hit < 0;
        if (absent) hit = 1;
        const ask = [...Array(r.slots).keys()].map((i) => ethers.toBeHex(
          (BigInt(slots[hit]) + BigInt(i)) & ((1n << 256n) - 1n), 32));
        for (const s of absent ? ask : [])
          assert.equal((await node.raw('hardhat_setStorageAt',
            [m.address, s, ethers.toBeHex(1, 32)])).result, true);
        if (absent) block = await newest();
        const p = (await node.raw('eth_getProof', [m.address, ask,
          block.number])).result;
        const state = ethers.decodeRlp(proved(block.stateRoot, m.address,
          p.accountProof));
        assert.equal(state[2], p.storageHash);
        p.storageProof.forEach((s, i) => {
          const v = proved(p.storageHash, ask[i], s.proof);
          assert.equal(v === null ? 0n : BigInt(ethers.decodeRlp(v)),
            BigInt(s.value));
        });
        assert.ok(BigInt(p.storageProof[0].value) > 0n);
        if (m.face.getFunction('slotOf')) {
          const [slot] = m.face.decodeFunctionResult('slotOf', (await call(
            m.address, m.face.encodeFunctionData('slotOf',
              [r.type, keys[hit]]))).result);
          assert.equal(slot, slots[hit]);
          const answer = await call(m.address,
            m.face.encodeFunctionData('record', [r.type, keys[hit]]));
          if (r.fields[0] === 'state' && answer.result) {
            const [bytes] = coder.decode(['bytes'], answer.result);
            const first = BigInt(ethers.dataSlice(bytes, 0, 32)) === 32n
              ? ethers.dataSlice(bytes, 32, 64) : ethers.dataSlice(bytes, 0, 32);
            assert.equal(BigInt(first),
              BigInt(p.storageProof[0].value) & 255n, `${m.name}.${r.name}`);
          }
        }
        (absent ? made : found).push(`${m.name}.${r.name}`);
      }
    }
    assert.equal((await node.raw('evm_revert', [snap])).result, true);
    t.diagnostic(`proved: ${found.join(' ')}`);
    t.diagnostic(`written by hand and proved: ${made.join(' ')}`);
    assert.equal(found.length + made.length, modules.reduce((n, m) =>
      n + m.info.records.length, 0));
    for (const one of ['Identity.identity', 'Platforms.platform',
      'Market.listing', 'Orders.order', 'Orders.ledger', 'Market.variant']
      .filter((x) => modules.some((m) => m.info.records.some((r) =>
        `${m.name}.${r.name}` === x))))
      assert.ok(found.includes(one), one);
    assert.ok(found.length >= 10);
  });

test('a revert around calls undoes records, timers and logs', async () => {
  const face = (name) => modules.find((m) => m.name === name);
  const identity = face('Identity'), platforms = face('Platforms');
  const f = identity.functions.find((x) => x.name === 'create');
  const data = identity.face.encodeFunctionData('create', values(f, 0)
    .map((v, i) => (f.inputs[i].name === 'kind' ? 1n : v)));
  const at = await raw.getAddress();
  // It is done where nothing reverts ..
  const sure = await raw.go.staticCall(0, identity.address, data);
  assert.equal(sure[0], true, sure[1]);
  const key = ethers.zeroPadValue(at, 32);
  const record = () => call(identity.address,
    identity.face.encodeFunctionData('record', [1, key]));
  const before = (await record()).result ?? 'none';
  const roots = async () => Promise.all([identity, platforms,
    modules.find((m) => m.name === 'Scheduler')].map(async (m) =>
    (await node.raw('eth_getProof', [m.address, [], 'latest'])).result
      .storageHash));
  // .. and leaves nothing where it does, in a block in which nothing else was due.
  let was, done, alone = false;
  for (let i = 0; i < 20 && !alone; i++) {
    was = await roots();
    done = await (await raw.connect(account(9)).around(
      [identity.address], [data], { gasLimit: 5000000 })).wait();
    alone = (await node.raw('eth_getBlockByNumber', [ethers.toQuantity(
      done.blockNumber), false])).result.transactions.length === 1;
  }
  assert.ok(alone);
  assert.equal(done.status, 1);
  assert.equal(done.logs.length, 0);
  assert.deepEqual(await roots(), was);
  assert.equal((await record()).result ?? 'none', before);
  const kept = await (await raw.connect(account(9)).go(0, identity.address,
    data, { gasLimit: 5000000 })).wait();
  assert.ok(kept.logs.length > 0);
  assert.notDeepEqual(await roots(), was);
});

test('coins forced into a module are surplus', async () => {
  for (const m of modules.filter((x) => x.face.getFunction('accounted'))) {
    const read = async () => m.face.decodeFunctionResult('accounted',
      (await call(m.address, m.face.encodeFunctionData('accounted',
        [ethers.ZeroAddress]))).result);
    const [accounted, surplus] = await read();
    const made = await new ethers.ContractFactory(['constructor(address)'],
      boom.bytecode, account(9)).deploy(m.address, { value: 12345n });
    await made.waitForDeployment();
    assert.deepEqual([...await read()], [accounted, surplus + 12345n], m.name);
    assert.equal(BigInt((await node.raw('eth_getBalance',
      [m.address, 'latest'])).result), accounted + surplus + 12345n);
    // Nobody but governance moves it.
    assert.equal(named(m, await call(m.address, m.face.encodeFunctionData(
      'sweepSurplus', [ethers.ZeroAddress])), 'sweepSurplus'), 'NotAuthorised');
  }
});

test('gas of each method as the demo shop used it', async (t) => {
  const used = new Map();
  const at = new Map(modules.map((m) => [m.address.toLowerCase(), m]));
  const last = Number((await node.raw('eth_blockNumber')).result);
  for (let from = 0; from <= last; from += 100) {
    const ask = (method, params) => Array.from(
      { length: Math.min(100, last + 1 - from) }, (_, i) => ({ jsonrpc: '2.0',
        id: i, method, params: params(ethers.toQuantity(from + i)) }));
    const [blocks, receipts] = await Promise.all([
      ask('eth_getBlockByNumber', (h) => [h, true]),
      ask('eth_getBlockReceipts', (h) => [h])].map(async (b) =>
      (await (await node.post(JSON.stringify(b))).json())
        .sort((x, y) => x.id - y.id)));
    blocks.forEach(({ result: b }, i) => b.transactions.forEach((tx, k) => {
      const m = at.get(tx.to?.toLowerCase());
      const r = receipts[i].result[k];
      const f = m && tx.input.length >= 10
        ? m.face.getFunction(tx.input.slice(0, 10)) : null;
      if (!f || r.status !== '0x1') return;
      const name = `${m.name}.${f.name}`;
      if (!used.has(name)) used.set(name, []);
      used.get(name).push(Number(r.gasUsed));
    }));
  }
  for (const [name, list] of [...used].sort()) {
    list.sort((a, b) => a - b);
    t.diagnostic(`gas ${name}: ${list[0]} least, ${
      list[list.length >> 1]} median, ${list.at(-1)} most of ${list.length}`);
  }
  assert.ok(used.size >= 15, String(used.size));
});

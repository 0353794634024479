// ipc.mjs - the Unix socket: JSON values in pieces of any size, limits,
// subscriptions, administration, keys; through ethers, viem and web3 too.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync }
  from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { createPublicClient } from 'viem';
import { ipc } from 'viem/node';
import { BINARY, Node, folder, remove, run, until } from './node.mjs';

let dir, node, path;
before(async () => {
  dir = folder();
  path = join(dir, 'cybermiles.ipc');
  node = await Node.start(['dev', '--db', join(dir, 'a.db')]);
});
after(async () => {
  await node.stop();
  remove(dir);
});

// A connection whose values are lines, as the node writes them.
class Socket {
  static async open(to = path) {
    const s = new Socket();
    s.lines = [];
    s.text = '';
    s.socket = net.connect(to);
    s.closed = new Promise((resolve) => { s.socket.on('close', resolve); });
    s.socket.on('error', () => {});
    s.socket.on('data', (d) => {
      s.text += d;
      for (let i; (i = s.text.indexOf('\n')) >= 0; s.text = s.text.slice(i + 1)) {
        s.lines.push(JSON.parse(s.text.slice(0, i)));
      }
    });
    await new Promise((resolve, reject) => {
      s.socket.on('connect', resolve);
      s.socket.on('error', reject);
    });
    return s;
  }

  write(data) {
    return new Promise((resolve) => { this.socket.write(data, resolve); });
  }

  async next() {
    await until('a line', () => this.lines.length > 0);
    return this.lines.shift();
  }

  async ask(method, params = [], id = 7) {
    await this.write(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    for (;;) {
      const r = await this.next();
      if (r.method) continue;
      assert.equal(r.id, id);
      return r;
    }
  }

  async result(method, params = []) {
    const r = await this.ask(method, params);
    assert.equal(r.error, undefined, JSON.stringify(r.error));
    return r.result;
  }

  end() { this.socket.destroy(); }
}

async function using(f, to) {
  const s = await Socket.open(to);
  try { await f(s); } finally { s.end(); }
}

test('the socket belongs to its owner alone, and goes with the node',
  async () => {
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.ok(statSync(path).isSocket());
    const other = join(dir, 'other');
    const n = await Node.start(['dev', '--db', join(dir, 'b.db'), '--ipcpath',
      other]);
    assert.ok(existsSync(other));
    await n.stop();
    assert.ok(!existsSync(other));
    const none = await Node.start(['dev', '--ipcdisable']);
    assert.ok(!none.stdout.includes('Unix socket'));
    await none.stop();
  });

test('the socket may be a group\'s too', async () => {
  const at = join(dir, 'group.ipc'), gid = statSync(dir).gid;
  const n = await Node.start(['dev', '--ipcpath', at, '--ipc.group',
    String(gid)]);
  assert.equal(statSync(at).mode & 0o777, 0o660);
  assert.equal(statSync(at).gid, gid);
  // Who may not is told whose it is.
  if (process.getuid() === 0) {
    chmodSync(dir, 0o755);
    const r = spawnSync(BINARY, ['attach', at, '--exec', 'eth_chainId'],
      { encoding: 'utf8', uid: 65534, gid: 65534 });
    chmodSync(dir, 0o700);
    // The program itself may lie where such a user cannot reach it.
    if (!r.error) {
      assert.equal(r.status, 1, r.stdout);
      assert.match(r.stderr, new RegExp('group\\.ipc: it belongs to user root '
        + '\\(0\\), group [^(]*\\(\\d+\\) \\(mode 660\\), and you are user nobody '
        + '\\(65534\\): .*or be of that group'));
    }
  }
  await n.stop();
  const bad = run(['dev', '--http.port', '0', '--ipc.group', 'no such group']);
  assert.equal(bad.status, 2);
  assert.match(bad.stderr, /--ipc\.group no such group: .*has no such group/);
});

test('a request may come letter by letter, and several in one piece',
  () => using(async (s) => {
    s.socket.setNoDelay?.(true);
    const one = '  {"jsonrpc":"2.0","id":"a{\\"}","method":"eth_chainId"}\n';
    for (const c of one) await s.write(c);
    assert.deepEqual(await s.next(),
      { jsonrpc: '2.0', id: 'a{"}', result: '0x7a69' });
    const many = Array.from({ length: 500 }, (_, id) => JSON.stringify(
      { jsonrpc: '2.0', id, method: 'net_version', params: [] }));
    await s.write(many.join(''));
    for (let id = 0; id < 500; id++) {
      assert.deepEqual(await s.next(), { jsonrpc: '2.0', id, result: '31337' });
    }
    await s.write('[{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},\n'
      + '{"jsonrpc":"2.0","id":2,"method":"net_version"}]');
    assert.equal((await s.next()).length, 2);
    await s.write('{"jsonrpc":"2.0","id":1,"method":}{"jsonrpc":"2.0","id":2,'
      + '"method":"net_version"}');
    assert.equal((await s.next()).error.code, -32700);
    assert.equal((await s.next()).result, '31337');
  }));

test('what is no stream of objects, or too large, ends the connection',
  async () => {
    await using(async (s) => {
      await s.write('hello');
      assert.equal((await s.next()).error.code, -32700);
      await s.closed;
    });
    await using(async (s) => {
      s.write(`{"jsonrpc":"2.0","id":1,"method":"${'x'.repeat(6 << 20)}`);
      assert.equal((await s.next()).error.code, -32600);
      await s.closed;
    });
    const all = [];
    try {
      for (let i = 0; i < 64; i++) all.push(await Socket.open());
      for (const s of all) assert.equal(await s.result('net_version'), '31337');
      const more = await Socket.open();
      all.push(more);
      await more.closed; // what it writes now would be lost
      assert.equal(more.lines[0].error.code, -32005);
    } finally {
      for (const s of all) s.end();
    }
    await until('room again', async () => {
      const s = await Socket.open();
      await Promise.race([s.closed,
        new Promise((resolve) => { setTimeout(resolve, 200); })]);
      const room = s.lines.length === 0;
      s.end();
      return room;
    });
  });

test('a reader that does not read does not stop the others', async () => {
  const slow = net.connect(path);
  slow.pause();
  const big = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'rpc_discover' });
  for (let i = 0; i < 2000; i++) slow.write(big);
  await using(async (s) => {
    assert.equal(await s.result('eth_chainId'), '0x7a69');
  });
  slow.destroy();
});

test('eth_subscribe tells of blocks', () => using(async (s) => {
  const id = await s.result('eth_subscribe', ['newHeads']);
  const height = Number(await s.result('eth_blockNumber'));
  await node.rpc('evm_mine');
  await until('a head', () => s.lines.length > 0);
  const { method, params } = s.lines.shift();
  assert.equal(method, 'eth_subscription');
  assert.equal(params.subscription, id);
  assert.equal(Number(params.result.number), height + 1);
  assert.equal(await s.result('eth_unsubscribe', [id]), true);
}));

test('administration answers here, and does not exist over TCP', async () => {
  await using(async (s) => {
    assert.equal(await s.result('admin_datadir'), dir);
    const info = await s.result('admin_nodeInfo');
    assert.match(info.name, /^CyberMiles\//);
    assert.equal(info.protocols.cybermiles.chainId, 31337);
    assert.equal(info.ports.http, node.port);
    assert.deepEqual(await s.result('admin_peers'), []);
    const peer = 'enode://00@127.0.0.1:30303';
    for (const method of ['admin_addPeer', 'admin_addTrustedPeer']) {
      assert.match((await s.ask(method, [peer])).error.message,
        /no peers: its chain is made by its one validator/);
      assert.equal((await s.ask(method)).error.code, -32602);
    }
    for (const method of ['admin_removePeer', 'admin_removeTrustedPeer']) {
      assert.equal(await s.result(method, [peer]), true);
    }
    assert.equal(await s.result('debug_verbosity', [5]), null);
    assert.equal((await s.ask('debug_verbosity', [6])).error.code, -32602);
    assert.equal(await s.result('debug_verbosity', [3]), null);
    assert.equal(await s.result('debug_vmodule', ['rpc=5,node=1']), null);
    assert.equal((await s.result('node_status')).vmodule, 'rpc=5,node=1');
    assert.equal(await s.result('debug_vmodule', ['']), null);
    assert.equal(await s.result('node_reload'), true);
    const st = await s.result('node_status');
    assert.equal(st.ipc, path);
    assert.equal(st.http, node.url);
    assert.ok(st.process.residentBytes > 1 << 20);
    assert.equal(st.lastBackupMs, null);
    assert.equal(await s.result('node_backupDone'), true);
    assert.ok(Math.abs((await s.result('node_status')).lastBackupMs
      - Date.now()) < 60000);
    const discovered = (await s.result('rpc_discover')).methods
      .map((m) => m.name);
    assert.ok(discovered.includes('admin_nodeInfo'));
  });
  for (const method of ['admin_nodeInfo', 'admin_datadir', 'node_status',
    'debug_verbosity', 'debug_vmodule', 'admin_peers', 'admin_startHTTP',
    'admin_stopHTTP', 'node_backupDone', 'node_reload', 'admin_addPeer',
    'admin_users', 'admin_createUser', 'admin_resetUser', 'node_claim',
    'admin_tokens', 'admin_createToken', 'admin_revokeToken',
    'admin_dropTwoFactor', 'node_backup', 'node_log']) {
    assert.equal((await node.raw(method)).error.code, -32601, method);
  }
  assert.ok(!('admin' in await node.rpc('rpc_modules')));
});

test('the HTTP port is closed and opened', () => using(async (s) => {
  const port = node.port;
  assert.equal(await s.result('admin_stopHTTP'), true);
  await until('closed', async () =>
    (await s.result('node_status')).http === '');
  await assert.rejects(node.rpc('eth_chainId'));
  assert.equal(await s.result('admin_stopHTTP'), false);
  assert.equal(await s.result('admin_startHTTP', ['127.0.0.1', port]), true);
  assert.equal(await node.rpc('eth_chainId'), '0x7a69');
  assert.match((await s.ask('admin_startHTTP')).error.message,
    /already running/);
}));

test('keys are locked, unlocked for a time, and sign', async () => {
  const db = join(dir, 'keys.db');
  const password = join(dir, 'password');
  writeFileSync(password, 'correct horse\n');
  const n = await Node.start(['run', '--db', db, '--ipcpath',
    join(dir, 'k.ipc')]);
  const first = /only this once: (\S+)/.exec(n.stdout)[1];
  await using(async (s) => {
    const [operator] = await s.result('eth_accounts');
    assert.deepEqual(await n.rpc('eth_accounts'), []);
    for (const method of ['personal_listAccounts', 'personal_unlockAccount',
      'personal_sign', 'eth_sign', 'eth_sendTransaction', 'eth_signTransaction',
      'eth_signTypedData_v4', 'admin_nodeInfo']) {
      assert.equal((await n.raw(method)).error.code, -32601, method);
    }
    assert.deepEqual(await s.result('personal_listAccounts'), [operator]);
    assert.equal((await s.result('personal_listWallets'))[0].status, 'Locked');
    const to = '0x00000000000000000000000000000000000000aa';
    const tx = { from: operator, to, value: '0x5' };
    assert.match((await s.ask('eth_sendTransaction', [tx])).error.message,
      /authentication needed/);
    assert.match((await s.ask('personal_unlockAccount',
      [operator, 'wrong', 60])).error.message, /could not decrypt/);
    assert.equal(await s.result('personal_unlockAccount',
      [operator, first, 60]), true);
    assert.equal((await s.result('personal_listWallets'))[0].status,
      'Unlocked');
    const hash = await s.result('eth_sendTransaction', [tx]);
    await until('the receipt', () =>
      n.rpc('eth_getTransactionReceipt', [hash]));
    assert.equal(await n.rpc('eth_getBalance', [to, 'latest']), '0x5');
    const signed = await s.result('eth_signTransaction', [tx]);
    assert.equal(ethers.Transaction.from(signed.raw).from.toLowerCase(),
      operator.toLowerCase());
    const message = '0x68656c6c6f';
    const sig = await s.result('eth_sign', [operator, message]);
    assert.equal(ethers.verifyMessage('hello', sig).toLowerCase(), operator);
    assert.equal(await s.result('personal_ecRecover', [message, sig]),
      operator);
    const opened = ethers.hexlify(ethers.toUtf8Bytes('CyberMiles: open my letters.\nSign this'
      + ' only on a page that you trust with your messages.'));
    assert.equal(await s.result('personal_letterKey', [operator, first]),
      ethers.sha256(await s.result('personal_sign', [opened, operator, first])));
    assert.equal(await s.result('personal_sign', [message, operator, first]),
      sig);
    await typed(s, operator);
    assert.equal(await s.result('personal_lockAccount', [operator]), true);
    assert.match((await s.ask('eth_sign', [operator, message])).error.message,
      /authentication needed/);
    assert.equal(await s.result('personal_unlockAccount',
      [operator, first, 1]), true);
    await until('locked again', async () =>
      (await s.result('personal_listWallets'))[0].status === 'Locked');
    assert.ok((await s.result('personal_signTransaction', [tx, first])).raw);
    assert.match(await s.result('personal_sendTransaction', [tx, first]),
      /^0x[0-9a-f]{64}$/);
    const made = await s.result('personal_newAccount', ['pass']);
    const wallet = ethers.Wallet.createRandom();
    assert.equal(await s.result('personal_importRawKey',
      [wallet.privateKey.slice(2), 'pass']), wallet.address.toLowerCase());
    assert.deepEqual(await s.result('eth_accounts'),
      [operator, made, wallet.address.toLowerCase()]);
    const words = await s.result('personal_newMnemonic');
    assert.equal(await s.result('personal_importMnemonic', [words, 'pass', 3]),
      ethers.HDNodeWallet.fromPhrase(words, '', "m/44'/60'/0'/0/3").address
        .toLowerCase());
    assert.equal(await s.result('personal_sign',
      [message, wallet.address, 'pass']), await wallet.signMessage('hello'));
  }, join(dir, 'k.ipc'));
  assert.ok(!n.stderr.includes(first));
  await n.stop();
});

async function typed(s, operator) {
  const domain = { name: 'Shop', version: '1', chainId: 7,
    verifyingContract: '0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC' };
  const types = {
    Person: [{ name: 'name', type: 'string' }, { name: 'wallet',
      type: 'address' }],
    Order: [{ name: 'buyer', type: 'Person' }, { name: 'ids',
      type: 'uint32[]' }, { name: 'pairs', type: 'int8[2][]' },
    { name: 'note', type: 'bytes' }, { name: 'tag', type: 'bytes4' },
    { name: 'paid', type: 'bool' }, { name: 'price', type: 'uint256' },
    { name: 'others', type: 'Person[]' }],
  };
  const person = (name) => ({ name, wallet: domain.verifyingContract });
  const message = { buyer: person('Ann'), ids: [1, 2, 4294967295],
    pairs: [[-128, 127], [0, -1]], note: '0x010203', tag: '0xdeadbeef',
    paid: true, price: '115792089237316195423570985008687907853269984665640564'
      + '039457584007913129639935', others: [person('Bob'), person('Zoë')] };
  const digest = ethers.TypedDataEncoder.hash(domain, types, message);
  const full = { domain, message, primaryType: 'Order', types: { ...types,
    EIP712Domain: [{ name: 'name', type: 'string' }, { name: 'version',
      type: 'string' }, { name: 'chainId', type: 'uint256' },
    { name: 'verifyingContract', type: 'address' }] } };
  for (const data of [full, { ...full, types }, JSON.stringify(full)]) {
    const sig = await s.result('eth_signTypedData_v4', [operator, data]);
    assert.equal(ethers.recoverAddress(digest, sig).toLowerCase(), operator);
  }
  for (const [key, bad] of [['ids', [4294967296]], ['tag', '0xdead'],
    ['paid', 'yes'], ['price', '-1'], ['pairs', [[1, 2, 3]]],
    ['pairs', [[128, 0]]]]) {
    const r = await s.ask('eth_signTypedData_v4',
      [operator, { ...full, message: { ...message, [key]: bad } }]);
    assert.equal(r.error?.code, -32602, key);
  }
}

test('ethers speaks it', async () => {
  const provider = new ethers.IpcSocketProvider(path);
  const heads = [];
  assert.equal((await provider.getNetwork()).chainId, 31337n);
  await provider.on('block', (n) => heads.push(n));
  const signer = await provider.getSigner(0);
  const tx = await signer.sendTransaction({ to: signer.address, value: 1n });
  assert.equal((await tx.wait()).status, 1);
  await until('a head', () => heads.length > 0);
  await provider.destroy();
});

test('viem speaks it', async () => {
  const client = createPublicClient({ transport: ipc(path) });
  assert.equal(await client.getChainId(), 31337);
  const numbers = [];
  const stop = client.watchBlockNumber({ onBlockNumber: (n) => numbers.push(n),
    emitOnBegin: false, poll: false });
  await until('a number', async () => {
    await node.rpc('evm_mine'); // whether it stands only the node knows
    return numbers.length > 0;
  });
  stop();
  const rpc = await client.transport.getRpcClient();
  rpc.close();
});

/*------------------------------------------------------------- the console */

test('attach runs one request, or those of its standard input', () => {
  const at = (...args) => run(['attach', ...args]);
  assert.equal(at('--db', join(dir, 'a.db'), '--exec', 'eth.chainId').stdout,
    '"0x7a69"\n');
  assert.equal(at(path, '--exec', 'net_version').stdout, '"31337"\n');
  assert.equal(at(node.url, '--exec', 'net_version').stdout, '"31337"\n');
  const lines = run(['attach', path], { input: [
    '# a comment', 'eth_getBlockByNumber 0 false', 'eth.getBlock(0, false)',
    'eth_call {"to":"0x0000000000000000000000000000000000000004", '
      + '"data":"0x01"} latest', 'help eth_getProof'].join('\n') });
  assert.equal(lines.status, 0, lines.stderr);
  const first = JSON.parse(lines.stdout.slice(0,
    lines.stdout.indexOf('\n}\n') + 2));
  assert.equal(first.number, '0x0');
  assert.match(lines.stdout, /"0x01"\neth_getProof address storageKeys/);
  const bad = run(['attach', path], { input: 'eth_nonsense\nnet_version\n' });
  assert.equal(bad.status, 1);
  assert.match(bad.stderr, /-32601/);
  assert.equal(bad.stdout, '"31337"\n');
  const none = at(join(dir, 'nobody.ipc'));
  assert.equal(none.status, 1);
  assert.match(none.stderr, /no node listens at .*nobody\.ipc/);
});

test('attach on a terminal completes, keeps a history, hides passwords',
  async (t) => {
    const home = folder();
    const child = spawn('script', ['-qec', `${BINARY} attach ${path}`,
      '/dev/null'], { env: { ...process.env, HOME: home, TERM: 'xterm' } });
    let text = '';
    child.stdout.on('data', (d) => { text += d; });
    const started = await new Promise((resolve) => {
      child.on('error', () => resolve(false));
      child.stdout.once('data', () => resolve(true));
    });
    if (!started) { t.skip('script is not installed'); return; }
    const done = new Promise((resolve) => { child.on('exit', resolve); });
    const say = async (keys, wanted) => {
      const from = text.length;
      child.stdin.write(keys);
      await until(`${wanted} in ${JSON.stringify(text.slice(from))}`,
        () => text.slice(from).match(wanted));
    };
    await until('a prompt', () => text.includes('> '));
    await say('eth_chainI\t', /eth_chainId /);
    await say('\r', /0x7a69.*31337/s);
    await say('eth.getStorageV\t\x15', /eth\.getStorageValues/);
    await say('\x1b[A\r', /eth_chainId[^]*0x7a69/);
    await say('txpool_\t\t', /txpool_content {2}txpool_contentFrom/);
    await say('\x15', />/);
    await say('personal_newAccount\r', /Password: /);
    await say('sesame\r', /"0x[0-9a-f]{40}"/);
    await say('eth_subscribe newHeads\r', /"0x[0-9a-f]{32}"/);
    const from = text.length;
    await node.rpc('evm_mine');
    await until('a head', () => text.slice(from).includes('"subscription"'));
    await say('exit\r', /exit/);
    await done;
    assert.ok(!text.includes('sesame'));
    const history = readFileSync(join(home, '.cybermiles_history'), 'utf8');
    assert.equal(history, 'eth_chainId \neth_subscribe newHeads\nexit\n');
    assert.equal(statSync(join(home, '.cybermiles_history')).mode & 0o777,
      0o600);
    remove(home);
  });

test('status tells of a running node, and of a file that rests', async () => {
  const db = join(dir, 'rest.db');
  const n = await Node.start(['dev', '--db', db, '--ipcpath',
    join(dir, 'r.ipc')]);
  const args = ['status', '--db', db, '--ipcpath', join(dir, 'r.ipc')];
  await n.rpc('evm_mine');
  const live = run(args);
  assert.equal(live.status, 0, live.stderr);
  assert.match(live.stdout, /^Running [^]*Height +1,[^]*HTTP +http:/);
  const json = JSON.parse(run([...args, '--json']).stdout);
  assert.equal(json.running, true);
  assert.equal(json.chainId, 31337);
  await n.stop();
  const rest = run(args);
  assert.equal(rest.status, 0, rest.stderr);
  assert.match(rest.stdout, /^Not running[^]*Height +1,/);
  const still = JSON.parse(run([...args, '--json']).stdout);
  assert.equal(still.running, false);
  assert.equal(still.headHash, json.headHash);
  assert.equal(run(['status', '--db', join(dir, 'none.db')]).status, 1);
});

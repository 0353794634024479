// cli.mjs - commands, options and what they say when something is wrong:
// one clear line and the right exit code.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync }
  from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { BINARY, Node, folder, remove, run } from './node.mjs';

let dir, password;
before(() => {
  dir = folder();
  password = join(dir, 'password');
  writeFileSync(password, 'correct horse\n', { mode: 0o600 });
});
after(() => remove(dir));

// status, and stderr is one line that has each word
function refuses(args, status, ...words) {
  const r = run(args);
  assert.equal(r.status, status, `${args.join(' ')}: ${r.stderr}`);
  const lines = r.stderr.trimEnd().split('\n')
    .filter((l) => !/^\d{4}-\d\d-\d\dT/.test(l));
  assert.equal(lines.length, 1, r.stderr);
  for (const word of words) {
    assert.ok(lines[0].includes(word), `"${lines[0]}" lacks "${word}"`);
  }
}

test('help lists every command, each with its own help', () => {
  const help = run(['help']);
  assert.equal(help.status, 0);
  const names = [...help.stdout.matchAll(/^ {2}([a-z]+) +\S/gm)]
    .map((m) => m[1]);
  for (const name of ['run', 'dev', 'init', 'account', 'backup', 'verify',
    'rpc', 'statetest', 'blocktest', 'evm', 'bench', 'version', 'help']) {
    assert.ok(names.includes(name), name);
    const one = run([name, '--help']);
    assert.equal(one.status, 0, name);
    assert.ok(one.stdout.length > 40, name);
  }
});

test('version tells version, commit and source', () => {
  const v = JSON.parse(run(['version', '--json']).stdout);
  assert.match(v.version, /^\d+\.\d+\.\d+/);
  assert.match(v.source, /^[0-9a-f]{64}$/);
  assert.equal(run(['--version']).stdout, run(['version']).stdout);
});

test('the binary is static', () => {
  let out;
  try {
    out = execFileSync('ldd', [BINARY], { encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (e) { out = e.stdout + e.stderr; }
  assert.match(out, /not a dynamic executable|statically linked/);
});

test('what is unknown is named, with the nearest there is', () => {
  refuses(['rnu'], 2, 'unknown command rnu', 'run');
  refuses(['run', '--http.prot', '1'], 2, '--http.prot', '--http.port');
  refuses(['run', '--http.port', 'many'], 2, '--http.port', 'number');
  refuses(['run', '--http.port'], 2, '--http.port', 'value');
  refuses(['run', '--verbosity', '9'], 2, 'verbosity');
  refuses(['run', '--log.format', 'xml'], 2, 'log.format');
  refuses(['run', '--db', 'a', '--datadir', 'b'], 2, '--db', '--datadir');
  refuses(['run', 'surplus'], 2, 'usage');
  refuses(['account', 'frobnicate'], 2, 'usage');
  assert.equal(run([]).status, 2);
});

test('options stand before or after the command, and in the environment',
  () => {
    const a = run(['--db', join(dir, 'none.db'), 'account', 'list']);
    const b = run(['account', 'list', '--db', join(dir, 'none.db')]);
    assert.equal(a.status, b.status);
    assert.equal(a.stderr, b.stderr);
    const env = { ...process.env, CYBERMILES_VERBOSITY: 'loud' };
    const r = run(['version'], { env });
    assert.equal(r.status, 2);
    assert.match(r.stderr, /verbosity/);
  });

test('a nonsense genesis is refused with what is wrong in it', () => {
  const cases = [
    ['', 'empty'],
    ['{', 'line 1'],
    ['[]', 'object'],
    ['{"config":{"chainId":-1},"alloc":{},"cybermiles":{"version":1}}',
      'chainId'],
    ['{"config":{"chainId":7},"alloc":{"0x12":{"balance":"1"}},'
      + '"cybermiles":{"version":1}}', '0x12'],
    ['{"config":{"chainId":7},"alloc":{"0x00000000000000000000000000000000'
      + '000000aa":{"balance":"0xgg"}},"cybermiles":{"version":1}}', 'balance'],
    ['{"config":{"chainId":7},"alloc":{},"cybermiles":{"version":1,'
      + '"parameters":{"block_interval_ms":1}}}', 'block_interval_ms'],
    ['{"config":{"chainId":7},"alloc":{},"cybermiles":{"version":1,'
      + '"parameters":{"speed":1}}}', 'speed'],
  ];
  for (const [text, word] of cases) {
    const file = join(dir, 'bad.json');
    const db = join(dir, 'bad.db');
    writeFileSync(file, text);
    refuses(['init', '--genesis', file, '--db', db], 2, word);
    remove(db);
  }
  refuses(['init', '--genesis', join(dir, 'absent.json'), '--db',
    join(dir, 'bad.db')], 2, 'absent.json');
});

test('init makes a chain once, with a password that opens its key', () => {
  const db = join(dir, 'shop.db');
  const made = run(['init', '--db', db, '--json']);
  assert.equal(made.status, 0, made.stderr);
  const info = JSON.parse(made.stdout);
  assert.ok(info.chainId >= 2 ** 20 && info.chainId < 2 ** 31);
  assert.equal(statSync(db).mode & 0o077, 0, 'only its owner may read it');
  refuses(['init', '--db', db], 1, 'holds a chain already', db);
  const key = run(['account', 'export', info.operator, '--db', db]);
  const wallet = ethers.Wallet.fromEncryptedJsonSync(key.stdout,
    info.password);
  assert.equal(wallet.address, info.operator);
});

test('a key of twelve words, and the words of other wallets', () => {
  const common = ['--db', join(dir, 'words.db'), '--password', password];
  const [words, address] = run(['account', 'new', '--mnemonic', ...common])
    .stdout.trim().split('\n');
  assert.equal(ethers.Wallet.fromPhrase(words).address, address);
  const file = join(dir, 'words');
  writeFileSync(file, `${words.toUpperCase().replaceAll(' ', '\n ')}\n`);
  assert.equal(run(['account', 'import', file, ...common]).stdout.trim(),
    address);
  assert.equal(run(['account', 'import', file, '--mnemonic.index', '7',
    ...common]).stdout.trim(), ethers.HDNodeWallet.fromPhrase(words, '',
    "m/44'/60'/0'/0/7").address);
  assert.equal(JSON.parse(run(['account', 'new', '--mnemonic', '--json',
    ...common]).stdout).mnemonic.split(' ').length, 12);
  writeFileSync(file, words.replace(/\w+ /, 'cybermiles '));
  refuses(['account', 'import', file, ...common], 2, 'word 1 is none');
});

test('init --wizard asks, and writes a file that run reads', () => {
  const at = join(dir, 'wizard');
  mkdirSync(at);
  const made = run(['init', '--wizard', '--datadir', at, '--json',
    '--http.vhosts', 'given'], { input: '0.0.0.0\n8600\nauto\n\n' });
  assert.equal(made.status, 0, made.stderr);
  assert.ok(JSON.parse(made.stdout).operator);
  assert.match(made.stderr, /127\.0\.0\.1.*\[127\.0\.0\.1\].*Port.*\[8545\]/s);
  assert.doesNotMatch(made.stderr, /comma-separated/); // an option has said it
  const file = join(at, 'cybermiles.toml');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const s = JSON.parse(run(['config', 'show', '--json', '--datadir', at])
    .stdout);
  assert.deepEqual([s['http.addr'], s['http.port'], s['ui.tls']].map((v) =>
    [v.value, v.origin]), [['0.0.0.0', 'file'], [8600, 'file'],
    ['auto', 'file']]);
  assert.equal(s['backup.dir'].origin, 'default');
  refuses(['init', '--wizard', '--datadir', at], 2, 'cybermiles.toml', 'already');
  const db = join(dir, 'wizard2', 'x.db');
  mkdirSync(join(dir, 'wizard2'));
  for (const [input, words] of [['\n70000\n', /--http\.port must be 0 to 65535/],
    ['\nmany\n', /http\.port must be a number/],
    ['\n', /the answers end before the questions/]]) {
    const r = run(['init', '--wizard', '--db', db], { input });
    assert.equal(r.status, 2, r.stderr);
    assert.match(r.stderr, words);
    assert.ok(!existsSync(db));
  }
});

test('keys are made, listed, imported and exported in Web3 form', async () => {
  const db = join(dir, 'keys.db');
  const common = ['--db', db, '--password', password];
  const made = run(['account', 'new', ...common]);
  assert.equal(made.status, 0, made.stderr);
  const address = made.stdout.trim();
  assert.equal(ethers.getAddress(address), address);
  const text = run(['account', 'export', address, ...common]).stdout;
  assert.equal(ethers.Wallet.fromEncryptedJsonSync(text, 'correct horse')
    .address, address);
  const cost = (light) => {
    const at = ['--db', join(dir, `kdf-${light}.db`), '--password', password];
    const one = run(['account', 'new', ...at, `--lightkdf=${light}`]).stdout;
    return JSON.parse(run(['account', 'export', one.trim(), ...at]).stdout)
      .crypto.kdfparams.n;
  };
  assert.deepEqual([cost(true), cost(false)], [4096, 131072]);

  const wallet = ethers.Wallet.createRandom();
  const file = join(dir, 'key.json');
  writeFileSync(file, await ethers.encryptKeystoreJson(wallet, 'correct horse',
    { scrypt: { N: 1024 }, progressCallback: () => {} }));
  const other = run(['account', 'import', file, ...common]);
  assert.equal(other.stdout.trim(), wallet.address, other.stderr);
  const hex = join(dir, 'key.hex');
  const third = ethers.Wallet.createRandom();
  writeFileSync(hex, `${third.privateKey}\n`);
  assert.equal(run(['account', 'import', hex, ...common]).stdout.trim(),
    third.address);
  assert.deepEqual(run(['account', 'list', '--db', db]).stdout.trim()
    .split('\n'), [address, wallet.address, third.address]);
  assert.deepEqual(JSON.parse(run(['account', 'list', '--db', db, '--json'])
    .stdout), [address, wallet.address, third.address]);

  const wrong = join(dir, 'wrong');
  writeFileSync(wrong, 'battery staple\n');
  refuses(['account', 'import', file, '--db', db, '--password', wrong], 1,
    'wrong password');
  writeFileSync(file, '{"version":3}');
  refuses(['account', 'import', file, ...common], 2, 'crypto');
  writeFileSync(hex, `${'f'.repeat(64)}\n`);
  refuses(['account', 'import', hex, ...common], 2, 'no valid');
  refuses(['account', 'export', '0x1234', '--db', db], 2, 'no address');
  refuses(['account', 'export', ethers.ZeroAddress, '--db', db], 1, 'no key');
  refuses(['account', 'new', '--db', db], 2, '--password');
});

test('a file that is not ours, newer, damaged or not to be written is refused',
  async () => {
    const foreign = join(dir, 'foreign.db');
    writeFileSync(foreign, 'this is a letter to my aunt\n'.repeat(1000));
    refuses(['run', '--db', foreign], 3, foreign);
    assert.match(readFileSync(foreign, 'utf8'), /^this is a letter/);

    const newer = join(dir, 'newer.db');
    assert.equal(run(['init', '--db', newer]).status, 0);
    const bytes = readFileSync(newer);
    bytes.writeUInt32BE(999, 60); // user_version in SQLite's header
    writeFileSync(newer, bytes);
    refuses(['run', '--db', newer], 3, 'newer');

    refuses(['run', '--db', '/proc/shop.db'], 1, '/proc');
    refuses(['run', '--db', join(dir, 'no', 'such', 'folder.db')], 1, 'no');
    refuses(['verify', '--db', join(dir, 'absent.db')], 1, 'absent.db');
    assert.ok(!existsSync(join(dir, 'absent.db')));

    const torn = join(dir, 'torn.db');
    assert.equal(run(['init', '--db', torn]).status, 0);
    const page = readFileSync(torn);
    page.fill(0xa5, 8192, 8192 * 3);
    writeFileSync(torn, page);
    assert.equal(run(['verify', '--db', torn]).status, 3);
  });

test('one file has one node; one port has one node', async () => {
  const db = join(dir, 'busy.db');
  const node = await Node.start(['run', '--db', db]);
  refuses(['run', '--db', db, '--http.port', '0'], 3, 'in use');
  refuses(['run', '--db', join(dir, 'second.db'), '--http.port',
    String(node.port)], 4, String(node.port));
  refuses(['run', '--db', join(dir, 'third.db'), '--http.addr', 'nowhere'], 2,
    'http.addr');
  assert.equal(run(['account', 'list', '--db', db]).status, 0);
  refuses(['dev', '--db', db, '--http.port', '0'], 3, 'in use');
  assert.equal((await node.stop()).code, 0);
  refuses(['dev', '--db', db, '--http.port', '0'], 2, 'development');
});

test('the rpc command asks a running node', async () => {
  const ipc = join(dir, 'rpc.ipc');
  const node = await Node.start(['dev', '--ipcpath', ipc]);
  const at = ['--http.port', String(node.port)];
  // Before the command, behind it, behind the method; environment and file.
  for (const args of [['rpc', ...at, 'eth_chainId'],
    [...at, 'rpc', 'eth_chainId'], ['rpc', 'eth_chainId', ...at],
    ['rpc', '--url', node.url, 'eth_chainId'],
    ['rpc', 'eth_chainId', '--ipcpath', ipc],
    ['rpc', '--http.addr', '0.0.0.0', ...at, 'eth_chainId']]) {
    const r = run(args);
    assert.equal(r.stdout.trim(), '"0x7a69"', args.join(' ') + r.stderr);
  }
  const env = { ...process.env, CYBERMILES_HTTP_PORT: String(node.port) };
  assert.equal(run(['rpc', 'eth_chainId'], { env }).stdout, '"0x7a69"\n');
  const file = join(dir, 'rpc.toml');
  writeFileSync(file, `http.port = ${node.port}\n`);
  assert.equal(run(['rpc', '--config', file, 'eth_chainId']).stdout,
    '"0x7a69"\n');
  const balance = run(['rpc', ...at, 'eth_getBalance',
    '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266', 'latest']);
  assert.equal(BigInt(JSON.parse(balance.stdout)), 10n ** 22n);
  assert.match(run(['rpc', '--help']).stdout, /\n {2}eth_getLogs filter\n/);
  const bad = run(['rpc', ...at, 'eth_blockNumbr']);
  assert.equal(bad.status, 1);
  assert.match(bad.stderr, /-32601: .*does not exist.*\n\(did you mean eth_blockNumber/);
  assert.match(run(['rpc', ...at, 'admin_datadir']).stderr, /--ipcpath/);
  assert.ok(run(['rpc', '--ipcpath', ipc, 'admin_datadir']).stdout.length > 3);
  refuses(['rpc'], 2, 'METHOD');
  refuses(['rpc', '--timeout', '0', ...at, 'eth_chainId'], 2, '--timeout');
  refuses(['rpc', '--url', 'gopher://x', 'eth_chainId'], 2, 'gopher');
  await node.stop();
  const gone = run(['rpc', ...at, 'eth_chainId']);
  assert.equal(gone.status, 1);
  assert.match(gone.stderr, /cannot|refused/i);
});

test('words of other nodes are told what is here instead', () => {
  for (const option of ['--port', '--bootnodes', '--maxpeers', '--nat',
    '--nodiscover']) {
    refuses(['run', option, '1'], 2, `${option}:`, 'no peer-to-peer network');
    refuses([option, 'x', 'run'], 2, `${option}:`, 'no peer-to-peer network');
  }
  const file = join(dir, 'geth.toml');
  writeFileSync(file, 'maxpeers = 5\n');
  refuses(['run', '--config', file], 2, ':1:', 'no peer-to-peer network');
  refuses(['run', '--gcmode', 'archive'], 2, '--archive');
  for (const verb of ['list', 'add', 'ban']) {
    refuses(['peer', verb, 'x'], 2, 'no peer-to-peer network');
  }
  for (const verb of ['create', 'edit', 'unjail', 'resign']) {
    refuses(['validator', verb, 'x'], 2, `validator ${verb}`, 'no staking');
  }
  refuses(['validator', 'frobnicate'], 2, 'show | claim | fence');
});

test('commands with options of their own take them on either side', () => {
  const [[name, one]] = Object.entries(JSON.parse(readFileSync(
    join(process.env.SRCDIR, 'tests/diff/kept/splits.json'), 'utf8')));
  const kept = join(dir, 'one.json');
  writeFileSync(kept, JSON.stringify({ [name]: one }));
  const [before, behind] = [['--json', 'statetest', kept],
    ['statetest', kept, '--json']].map((args) => run(args).stdout);
  assert.match(before, /^{"name":/);
  assert.equal(before, behind);
  for (const name of ['evm', 'bench', 'statetest', 'blocktest']) {
    const help = run(['--help', name]);
    assert.equal(help.status, 0, name);
    assert.equal(help.stdout, run([name, '--help']).stdout);
  }
});

test('bench loads a node and tells how fast it was', async () => {
  const db = join(dir, 'bench.db');
  const genesis = join(dir, 'bench.json');
  assert.equal(run(['bench', 'genesis', '--accounts', '20', '--kind', 'erc20',
    '--out', genesis]).status, 0);
  assert.equal(run(['init', '--genesis', genesis, '--db', db]).status, 0);
  const node = await Node.start(['run', '--db', db]);
  for (const kind of ['transfer', 'erc20', 'market']) {
    const r = run(['bench', 'load', '--url', node.url, '--kind', kind, '--txs',
      '200', '--accounts', '20', '--batch', '10']);
    assert.equal(r.status, 0, r.stderr);
    const line = JSON.parse(r.stdout);
    assert.equal(line.txs, 200);
    assert.ok(line.tps > 0);
    if (kind !== 'market') continue;
    assert.deepEqual(line.mix, {list: 50, place: 50, ship: 50, confirm: 50});
    for (const gas of Object.values(line.gas)) assert.ok(gas > 50000);
    assert.equal(line.failures, 0);
  }
  const flood = run(['bench', 'load', '--url', node.url, '--kind', 'flood',
    '--first', '20', '--accounts', '10', '--txs', '50', '--batch', '10']);
  assert.equal(flood.status, 0, flood.stderr);
  const told = JSON.parse(flood.stdout);
  assert.equal(told.taken, 0, 'accounts that own nothing');
  assert.equal(told.refused, 50);
  assert.match(told.refusal, /insufficient credits: .*stake CMT/);
  refuses(['bench', 'load', '--accounts', 'some'], 2, 'accounts');
  assert.equal((await node.stop()).code, 0);
});

test('the first run prints where the dashboard is, the key and its password',
  async () => {
    const node = await Node.start(['run', '--db', join(dir, 'first.db')]);
    assert.match(node.stdout, /Operator account: 0x[0-9a-fA-F]{40}/);
    assert.match(node.stdout, /Chain id \d+, genesis 0x[0-9a-f]{64}\nHeight: \d+\n/);
    const m = /shown only this once: (\S+)/.exec(node.stdout);
    assert.ok(m);
    const page = await (await fetch(node.url)).text();
    assert.match(page, /<html/i);
    assert.equal((await node.stop()).code, 0);
    const again = await Node.start(['run', '--db', join(dir, 'first.db')]);
    assert.ok(!again.stdout.includes('shown only this once'));
    assert.equal((await again.stop()).code, 0);
  });

test('a second signal ends a node at once; sockets do not hold up a stop',
  async () => {
    const node = await Node.start(['dev']);
    const socket = net.connect(node.port, '127.0.0.1');
    await new Promise((resolve) => socket.on('connect', resolve));
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\n');
    socket.on('error', () => {});
    const start = Date.now();
    assert.equal((await node.stop()).code, 0);
    assert.ok(Date.now() - start < 5000);
    socket.destroy();
  });

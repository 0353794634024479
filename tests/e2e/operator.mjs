// operator.mjs - what an operator relies on: the configuration file, signals,
// exit codes, logs, health, metrics, doctor, and what is printed for others.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync,
  statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { BINARY, Node, folder, remove, run, until } from './node.mjs';

let dir;
before(() => { dir = folder(); });
after(() => remove(dir));

const put = (name, text) => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};
const show = (args, options) => {
  const r = run(['config', 'show', '--json', ...args], options);
  assert.equal(r.status, 0, r.stderr);
  return JSON.parse(r.stdout);
};

/*------------------------------------------------------------ configuration */

test('an option goes before the environment, that before the file, that '
  + 'before the default', () => {
  const file = put('a.toml', 'cache = 11\nverbosity = 2\n[http]\nport = 1\n'
    + 'vhosts = ["a.local", \'b\',\n  "c", # and more\n]\n"addr" = "::1"\n');
  const env = { ...process.env, CYBERMILES_CACHE: '22',
    CYBERMILES_HTTP_PORT: '2' };
  const s = show(['--config', file, '--http.port', '3'], { env });
  assert.deepEqual(s['http.port'], { value: 3, origin: 'option' });
  assert.deepEqual(s.cache, { value: 22, origin: 'environment' });
  assert.deepEqual(s.verbosity,
    { value: 2, origin: 'file', file, line: 2 });
  assert.equal(s['http.vhosts'].value, 'a.local,b,c');
  assert.equal(s['http.addr'].value, '::1');
  assert.deepEqual(s.lanes, { value: 0, origin: 'default' });
  assert.equal(run(['config', 'check', '--config', file]).status, 0);
});

test('the file beside the database is read, and what show prints is one',
  () => {
    put('cybermiles.toml', 'cache = 77\n[log]\nformat = "json"\n');
    const db = join(dir, 'x.db');
    assert.equal(show(['--db', db]).cache.value, 77);
    assert.equal(show(['--datadir', dir]).cache.value, 77);
    const text = run(['config', 'show', '--db', db]).stdout;
    assert.match(text, /^cache = 77 +# file, line 1$/m);
    const again = put('again.toml', text.replace(/^db = .*\n/m, '')
      .replace(/^datadir = .*\n/m, ''));
    const s = show(['--config', again]);
    assert.equal(s.cache.value, 77);
    assert.equal(s['log.format'].value, 'json');
    remove(join(dir, 'cybermiles.toml'));
  });

test('config show tells what the dashboard has set, beside the running node',
  async () => {
    const db = join(dir, 'set.db'), ipc = join(dir, 'set.ipc');
    const n = await Node.start(['dev', '--db', db, '--ipcpath', ipc]);
    const tell = (...args) => assert.equal(
      run(['rpc', '--ipcpath', ipc, ...args]).status, 0);
    tell('mail_setServer', 'smtp.example.org', '465', 'tls', 'me@example.org',
      'me', 'a secret word');
    tell('webhook_save', 'webhook', 'https://hook.example.org/');
    tell('admin_createUser', 'ada', 'a long password of Ada');
    const text = run(['config', 'show', '--db', db]).stdout;
    for (const [name, value] of [['webhooks', 1], ['users', 1], ['tokens', 0],
      ['texts', 0],
      ['mail.server', 'smtp.example.org:465, tls, from me@example.org']]) {
      assert.deepEqual(show(['--db', db])[name], { value, origin: 'database' });
      assert.ok(text.includes(`\n# ${name} = ${JSON.stringify(value)} `), text);
    }
    assert.doesNotMatch(text, /secret word|hook\.example/);
    assert.equal('users' in show(['--db', join(dir, 'none.db')]), false);
    await n.stop();
  });

test('what is wrong in the file is told with its line', () => {
  const cases = [
    ['[http]\nprot = 1', ':2: unknown key http.prot; did you mean http.port?'],
    ['cache = 1\ncache = 2', ':2: cache is set on line 1 already'],
    ['cache = "1"', ':1: cache is a number: no quotes'],
    ['http.addr = 1', ':1: http.addr is a text: write it in quotes'],
    ['archive = "true"', ':1: archive is true or false: no quotes'],
    ['\n\ncache 1', ':3: = is wanted'],
    ['cache = 1 2', ':1: more than a value'],
    ['http.addr = "x', ':1: the text has no end'],
    ['http.addr = "\\q"', ':1: after a backslash'],
    ['[http', ':1: ] is wanted'],
    ['cache = 1.5', ':1: '], ['cache = -1', ':1: '], ['cache = 017', ':1: '],
    ['json = true', ':1: json is an option of the command line alone'],
    ['http.vhosts = [1]', ':1: a list is of texts'],
    ['http.vhosts = ["a"', ':1: '],
  ];
  for (const [text, words] of cases) {
    const file = put('bad.toml', text);
    const r = run(['config', 'check', '--config', file]);
    assert.equal(r.status, 2, text);
    assert.ok(r.stderr.includes(file + words), `${r.stderr} lacks ${words}`);
    assert.equal(r.stderr.trimEnd().split('\n').length, 1);
  }
  assert.equal(run(['run', '--config', join(dir, 'absent.toml')]).status, 2);
  assert.equal(run(['help', '--config', join(dir, 'bad.toml')]).status, 0);
  for (const args of [['--verbosity', '9'], ['--http.port', '70000'],
    ['--vmodule', 'rpc=9'], ['--log.maxsize', '0'], ['--http.addr', '300.1'],
    ['--ui.addr', 'x'], ['--ui.tls', 'on'], ['--ui.port', '65536'],
    ['--rpc.evmtimeout', '3']]) {
    const r = run(['config', 'check', ...args]);
    assert.equal(r.status, 2, args.join(' '));
    assert.ok(args.some((word) => r.stderr.includes(word)), r.stderr);
  }
});

/*---------------------------------------------------------------- exit codes */

test('each exit code comes when it should', async () => {
  const db = join(dir, 'codes.db');
  const n = await Node.start(['dev', '--db', db, '--ipcdisable']);
  const code = (...args) => run(args).status;
  assert.equal(code('version'), 0);
  assert.equal(code('status', '--db', join(dir, 'none.db')), 1);
  assert.equal(code('run', '--frobnicate'), 2);
  assert.equal(code('dev', '--db', db, '--http.port', '0'), 3, 'locked');
  const junk = put('junk.db', 'this is no database'.repeat(1000));
  assert.equal(code('run', '--db', junk, '--http.port', '0'), 3, 'not ours');
  assert.equal(code('dev', '--http.port', String(n.port)), 4);
  assert.equal(code('dev', '--http.addr', '192.0.2.1'), 4);
  const other = await Node.start(['dev', '--ipcpath', join(dir, 'i.ipc')]);
  assert.equal(code('dev', '--http.port', '0', '--ipcpath',
    join(dir, 'i.ipc')), 4);
  await other.stop();
  const full = run(['dev', '--http.port', '0', '--disk.floor', '99999999999']);
  assert.equal(full.status, 5);
  assert.match(full.stderr, /MB are free .*--disk\.floor/);
  assert.deepEqual(await n.stop(), { code: 0, signal: null });
});

/*------------------------------------------------------------------ signals */

// A call that runs until the time for calls is over.
const loop = (n) => n.raw('eth_call', [{ data: '0x5b600056' }]).catch(() => {});
const running = (n) => until('a call that runs', async () =>
  /^cybermiles_readers_busy [1-9]/m.test(await (await fetch(
    `${n.url}/metrics`)).text()));

for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]]) {
  test(`a second ${signal} ends the node at once`, async () => {
    const n = await Node.start(['dev', '--rpc.gascap', '100000000000000']);
    const calls = [loop(n), loop(n), loop(n), loop(n), loop(n), loop(n)];
    await running(n);
    n.child.kill(signal);
    await until('stopping', () => /stopping signal=/.test(n.stderr));
    n.child.kill(signal);
    assert.deepEqual(await n.exited, { code, signal: null });
    await Promise.all(calls);
  });
}

test('a stop tells each second what it waits for', async () => {
  const n = await Node.start(['dev', '--rpc.gascap', '100000000000000']);
  const calls = Array.from({ length: 12 }, () => loop(n));
  // whoever asks whether they run would wait for them
  await new Promise((resolve) => { setTimeout(resolve, 300); });
  n.child.kill('SIGTERM');
  assert.deepEqual(await n.exited, { code: 0, signal: null });
  assert.match(n.stderr, /stopping seconds=1 waits_for="requests of the HTTP/);
  await Promise.all(calls);
});

// Of a dump just asked for: each thread has its functions.
async function stacksOf(n) {
  const own = () => /frames="[^"]*\brun_node\+0x/.test(n.stderr)
    || /frames="[^"]*\bcmd_[a-z_.]+\+0x/.test(n.stderr);
  await until('the stacks', () => {
    const at = n.stderr.split('state.doors').at(-1);
    const threads = at.match(/state\.thread id=/g)?.length;
    return threads > 8 && at.match(/state\.stack id=/g)?.length === threads;
  });
  const stacks = [...n.stderr.split('state.doors').at(-1)
    .matchAll(/state\.stack id=\d+ frames="([^"]*)"/g)].map((m) => m[1]);
  assert.ok(own(), stacks.join('\n'));
  for (const s of stacks) assert.match(s, /[a-z_]+\+0x[0-9a-f]+ /, s);
  const ends = stacks.filter((s) => /(start_thread|clone\w*|_start)\+/.test(s));
  assert.ok(ends.length >= stacks.length - 2, stacks.join('\n'));
}

test('USR1 under load harms nothing, and shows who is at work', async () => {
  const n = await Node.start(['dev']);
  let ends = false, answered = 0;
  // An endless loop, cut off by gas or time.
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_call',
    params: [{ data: '0x5b600056', gas: '0x2faf080' }, 'latest'] });
  const load = Array.from({ length: 4 }, async () => {
    while (!ends) {
      const r = await (await n.post(body)).json();
      assert.ok(r.error || r.result, JSON.stringify(r));
      answered++;
    }
  });
  for (let i = 0; i < 4; i++) { // the log shows 100 lines of a kind
    const seen = n.stderr.split('state.doors').length;
    n.child.kill('SIGUSR1');
    await until('the state', () => n.stderr.split('state.doors').length > seen);
    await stacksOf(n);
  }
  await until('answers', () => answered > 8);
  assert.match(n.stderr, /frames="[^"]*evm_\w+[^"]*http_work/);
  ends = true;
  await Promise.all(load);
  assert.deepEqual(await n.stop(), { code: 0, signal: null });
});

test('PIPE is nothing, USR1 tells the state, HUP reads the settings again',
  async () => {
    const file = put('hup.toml', 'verbosity = 3\n');
    const n = await Node.start(['dev', '--config', file]);
    n.child.kill('SIGPIPE');
    n.child.kill('SIGUSR1');
    await until('the state', () => /state\.thread/.test(n.stderr));
    assert.match(n.stderr, /state\.chain height=0 tables_at=0 pending=0/);
    assert.match(n.stderr, /state\.bytes resident=\d+ heap=\d+/);
    assert.match(n.stderr, /state\.doors http="http:/);
    await stacksOf(n);
    const host = async (name) => new Promise((resolve, reject) => {
      const s = net.connect(n.port, '127.0.0.1');
      let text = '';
      s.on('error', reject);
      s.on('data', (d) => { text += d; });
      s.on('close', () => resolve(Number(text.slice(9, 12))));
      s.write(`GET /healthz HTTP/1.1\r\nHost: ${name}\r\n`
        + 'Connection: close\r\n\r\n');
    });
    assert.equal(await host('shop.example'), 403);
    put('hup.toml', 'cache = 50\nverbosity = 4\nhttp.vhosts = ["shop.example"]'
      + '\nhttp.corsdomain = ["https://shop.example"]');
    n.child.kill('SIGHUP');
    await until('reloaded', () => /reloaded verbosity=4/.test(n.stderr));
    assert.equal(await host('shop.example'), 200);
    const r = await n.post('{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}',
      { origin: 'https://shop.example' });
    assert.equal(r.headers.get('access-control-allow-origin'),
      'https://shop.example');
    await until('what waits', () =>
      /reload\.waits setting=cache/.test(n.stderr));
    put('hup.toml', 'nonsense = 1\n');
    n.child.kill('SIGHUP');
    await until('refused', () => /reload\.failed .*nonsense/.test(n.stderr));
    assert.equal(await n.rpc('eth_chainId'), '0x7a69');
    assert.deepEqual(await n.stop(), { code: 0, signal: null });
  });

test('a stop does not wait for those who wait for a block', async () => {
  const n = await Node.start(['dev', '--dev.period', '3600']);
  const { ethers } = await import('ethers');
  const wallet = ethers.Wallet.fromPhrase(
    'test test test test test test test test test test test junk');
  const raw = await wallet.signTransaction({ to: wallet.address, chainId: 31337,
    nonce: 0, gasLimit: 21000, gasPrice: 0, type: 0 });
  const waits = n.raw('eth_sendRawTransactionSync', [raw, 60000])
    .catch(() => {});
  await until('it waits', async () =>
    Number((await n.rpc('txpool_status')).pending) > 0);
  const start = Date.now();
  assert.deepEqual(await n.stop(), { code: 0, signal: null });
  assert.ok(Date.now() - start < 30000);
  await waits;
});

/*------------------------------------------------------------------ copies */

test('a copy of a validator\'s file serves but does not sign until it is '
  + 'claimed, and never beside the first', async () => {
  const db = join(dir, 'one.db'), copy = join(dir, 'two.db');
  const ipc = join(dir, 'two.ipc');
  assert.equal(run(['init', '--db', db]).status, 0);
  const one = await Node.start(['run', '--db', db, '--ipcdisable']);
  assert.doesNotMatch(one.stdout, /NOT SIGNING/);
  assert.equal(run(['backup', copy, '--db', db]).status, 0);
  const refused = run(['run', '--db', copy, '--http.port', '0', '--ipcpath',
    ipc, '--claim']);
  assert.equal(refused.status, 5);
  assert.match(refused.stderr, new RegExp(`pid ${one.child.pid}\\) signs`));
  let two = await Node.start(['run', '--db', copy, '--ipcpath', ipc]);
  assert.match(two.stdout, /NOT SIGNING: .*copy of .*one\.db/);
  const ready = await fetch(`${two.url}/readyz`);
  assert.equal(ready.status, 503);
  const why = await ready.json();
  assert.match(why.reasons[0], /signs nothing until it is/);
  assert.equal(why.checks.validator, 'fenced');
  assert.equal((await (await fetch(`${two.url}/api/status`)).json()).fenced,
    true);
  assert.match(await (await fetch(`${two.url}/metrics`)).text(),
    /^cybermiles_fenced 1$/m);
  assert.match(run(['status', '--db', copy, '--ipcpath', ipc]).stdout,
    /NOT SIGNING/);
  const shown = (file) => JSON.parse(run(['validator', 'show', '--db', file,
    '--json']).stdout);
  const first = shown(db), second = shown(copy);
  assert.deepEqual([first.validator, first.fenced, first.power], [true, null,
    first.totalPower]);
  assert.equal(second.publicKey, first.publicKey);
  assert.match(second.fenced, /copy of .*one\.db/);
  assert.match(run(['validator', 'show', '--db', copy]).stdout,
    /Public key {2}0x0[23][0-9a-f]{64}\n[^]*NOT SIGNING it is a copy/);
  const asked = run(['validator', 'claim', '--db', copy, '--ipcpath', ipc]);
  assert.equal(asked.status, 5);
  assert.match(asked.stderr, /signs with this file's key/);
  const claim = () => run(['attach', ipc, '--exec', 'node_claim']);
  assert.match(claim().stdout + claim().stderr, /signs with this file's key/);
  assert.equal((await two.raw('node_claim')).error.code, -32601, 'not by TCP');
  const height = await two.height();
  await one.stop();
  assert.equal(run(['validator', 'claim', '--db', copy, '--ipcpath', ipc])
    .stdout, 'This node signs.\n');
  assert.equal(shown(copy).fenced, null);
  assert.ok(shown(copy).lastSignedHeight >= height);
  assert.match(run(['validator', 'claim', '--db', db]).stderr, /run --claim/);
  await until('a block', async () => await two.height() > height, 60000);
  await two.stop();
  two = await Node.start(['run', '--db', copy, '--ipcpath', ipc]);
  assert.doesNotMatch(two.stdout, /NOT SIGNING/);
  await two.stop();
  // Restored in its own place: nothing to be asked.  What was put aside does
  // not sign.
  const back = join(dir, 'back.db');
  assert.equal(run(['backup', back, '--db', copy]).status, 0);
  const r = JSON.parse(run(['restore', back, '--db', copy, '--json']).stdout);
  two = await Node.start(['run', '--db', copy, '--ipcpath', ipc]);
  assert.doesNotMatch(two.stdout, /NOT SIGNING/);
  await until('its word', () => /moved was=/.test(two.stderr));
  await two.stop();
  two = await Node.start(['run', '--db', r.aside, '--ipcpath', ipc]);
  assert.match(two.stdout, /NOT SIGNING: .*put aside/);
  await two.stop();
  // Set down before it is moved.
  assert.equal(run(['validator', 'fence', '--db', copy]).status, 0);
  assert.match(shown(copy).fenced, /put aside/);
  two = await Node.start(['run', '--db', copy, '--ipcpath', ipc]);
  assert.match(two.stdout, /NOT SIGNING: .*put aside/);
  const busy = run(['validator', 'fence', '--db', copy]);
  assert.equal(busy.status, 3, busy.stderr);
  await two.stop();
  two = await Node.start(['run', '--db', copy, '--ipcpath', ipc, '--claim']);
  assert.doesNotMatch(two.stdout, /NOT SIGNING/);
  await two.stop();
  // To another place, on the operator's word.
  const third = join(dir, 'three.db');
  assert.equal(run(['restore', back, '--db', third, '--claim']).status, 0);
  two = await Node.start(['run', '--db', third, '--ipcpath', ipc]);
  assert.doesNotMatch(two.stdout, /NOT SIGNING/);
  await two.stop();
});

/*--------------------------------------------------------------------- logs */

test('the log goes to a file, which is put aside and made anew', async () => {
  const file = join(dir, 'node.log');
  const n = await Node.start(['dev', '--log.file', file, '--log.format',
    'json']);
  const first = JSON.parse(await until('the banner', () =>
    readFileSync(file, 'utf8').split('\n').find((l) => l.includes('"ready"'))));
  assert.equal(first.event, 'ready');
  for (const key of ['version', 'chain_id', 'genesis', 'db', 'height', 'http',
    'ws', 'ipc', 'admin', 'pid']) {
    assert.ok(key in first, key);
  }
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(n.stderr, '');
  renameSync(file, `${file}.moved`);
  n.child.kill('SIGHUP');
  await until('a new file', () => existsSync(file)
    && readFileSync(file, 'utf8').includes('reloaded'));
  await n.stop();
  // A megabyte of lines, then as much again: two files, no third.
  writeFileSync(file, 'x'.repeat(1 << 20));
  const m = await Node.start(['dev', '--log.file', file, '--log.maxsize', '1',
    '--log.maxbackups', '1']);
  await m.stop();
  assert.deepEqual(readdirSync(dir).filter((f) => f.startsWith('node.log'))
    .sort(), ['node.log', 'node.log.1', 'node.log.moved']);
  assert.equal(statSync(`${file}.1`).size, 1 << 20);
  assert.equal(run(['dev', '--log.file', '/nowhere/at/all']).status, 2);
});

/*---------------------------------------------------------- health, metrics */

test('readyz tells why not', async () => {
  const n = await Node.start(['run', '--db', join(dir, 'r.db'), '--ipcpath',
    join(dir, 'r.ipc'), '--ready.backup-age', '1']);
  const ready = async () => {
    const r = await fetch(`${n.url}/readyz`);
    return [r.status, await r.json()];
  };
  let [status, body] = await ready();
  assert.equal(status, 503);
  assert.deepEqual(body.reasons, ['there is no backup']);
  assert.ok(body.checks.diskFreeBytes > 0);
  assert.equal(run(['backup', join(dir, 'r.copy'), '--db', join(dir, 'r.db'),
    '--ipcpath', join(dir, 'r.ipc')]).status, 0);
  [status, body] = await ready();
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(body.reasons, []);
  assert.ok(body.checks.lastBackupAgeMs < 600000);
  assert.equal(body.checks.validator, 'signing');
  for (const name of ['headAgeMs', 'clockBehindMs', 'writerAgeMs', 'walBytes',
    'peers']) assert.ok(body.checks[name] >= 0, name);
  await n.stop();
  const again = JSON.parse(run(['status', '--json', '--db',
    join(dir, 'r.db')]).stdout);
  assert.equal(again.running, false);
});

test('a node makes verified copies of itself, and tells when it cannot',
  async () => {
    const db = join(dir, 'self.db'), into = join(dir, 'copies');
    const ipc = join(dir, 'self.ipc');
    mkdirSync(into);
    assert.equal(run(['run', '--db', db, '--http.port', '0', '--backup.dir',
      join(dir, 'nowhere')]).status, 2);
    const args = ['run', '--db', db, '--ipcpath', ipc, '--backup.dir', into,
      '--backup.every', '6', '--backup.keep', '2'];
    let n = await Node.start(args);
    await until('a copy', () => /backup +made folder=/.test(n.stderr), 60000);
    const [copy] = readdirSync(into);
    assert.match(copy, /^cybermiles-\d{8}-\d{6}\.db$/);
    assert.equal(run(['verify', '--db', join(into, copy)]).status, 0);
    const metric = async (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm')
      .exec(await (await fetch(`${n.url}/metrics`)).text())[1]);
    assert.equal(await metric('cybermiles_backup_interval_seconds'), 21600);
    assert.equal(await metric('cybermiles_backup_failures_total'), 0);
    assert.ok(await metric('cybermiles_backup_last_success_timestamp')
      > Date.now() / 1000 - 600);
    assert.match(run(['status', '--db', db, '--ipcpath', ipc]).stdout,
      /Last backup \d+ s ago, one every 6 h\n/);
    await n.stop();
    // The file knows when the last one was: none is due.
    n = await Node.start(args);
    await new Promise((resolve) => { setTimeout(resolve, 2500); });
    assert.equal(readdirSync(into).length, 1);
    await n.stop();
    // One that cannot be made: the folder is gone, as a disk that was unplugged.
    const other = join(dir, 'self2.db');
    const gone = join(dir, 'gone');
    mkdirSync(gone);
    n = await Node.start(['run', '--db', other, '--ipcdisable', '--backup.dir',
      gone]);
    remove(gone);
    await until('its word', () => /backup +(failed|made)/.test(n.stderr), 60000);
    if (/backup +failed/.test(n.stderr)) {
      assert.equal(await metric('cybermiles_backup_failures_total'), 1);
    }
    await n.stop();
  });

test('a copy of a node that rests is noted in the file', async () => {
  const db = join(dir, 'rest.db');
  assert.equal(run(['init', '--db', db]).status, 0);
  assert.equal(run(['backup', join(dir, 'rest.copy'), '--db', db]).status, 0);
  const n = await Node.start(['run', '--db', db, '--ready.backup-age', '1']);
  assert.equal((await fetch(`${n.url}/readyz`)).status, 200);
  const v = await (await fetch(`${n.url}/version`)).json();
  assert.equal(v.name, 'CyberMiles');
  assert.equal(await (await fetch(`${n.url}/healthz`)).text(), 'ok\n');
  await n.stop();
});

test('metrics have the names and count requests', async () => {
  const n = await Node.start(['dev']);
  await n.rpc('eth_chainId');
  await n.rpc('eth_chainId');
  await n.raw('eth_nonsense');
  await n.raw('eth_call', [{ data: '0x60006000fd' }]);
  const text = await (await fetch(`${n.url}/metrics`)).text();
  for (const name of ['ethereum_blockchain_height',
    'ethereum_best_known_block_number', 'ethereum_peer_count',
    'ethereum_peer_limit', 'cybermiles_consensus_height',
    'cybermiles_consensus_round', 'cybermiles_consensus_validators',
    'cybermiles_consensus_validator_power',
    'cybermiles_consensus_validator_last_signed_height',
    'cybermiles_consensus_validator_missed_blocks',
    'cybermiles_consensus_missing_validators',
    'cybermiles_consensus_byzantine_validators',
    'cybermiles_consensus_block_interval_seconds', 'cybermiles_txpool_pending',
    'cybermiles_txpool_queued', 'cybermiles_evm_gas_per_second',
    'cybermiles_db_file_bytes', 'cybermiles_db_wal_bytes',
    'cybermiles_db_checkpoint_seconds', 'cybermiles_db_commit_seconds',
    'cybermiles_backup_last_success_timestamp', 'cybermiles_disk_free_bytes',
    'process_cpu_seconds_total', 'process_resident_memory_bytes',
    'process_open_fds', 'process_max_fds', 'process_threads',
    'process_start_time_seconds']) {
    assert.match(text, new RegExp(`^${name} \\S+$`, 'm'), name);
    assert.match(text, new RegExp(`^# TYPE ${name} (gauge|counter)$`, 'm'));
  }
  const count = (method, code) => Number(new RegExp(
    `requests_total{method="${method}",code="${code}"} (\\d+)`)
    .exec(text)?.[1] ?? 0);
  assert.equal(count('eth_chainId', 0), 2);
  assert.equal(count('unknown', -32601), 1);
  assert.equal(count('eth_call', 3), 1);
  const total = Number(/_seconds_count (\d+)/.exec(text)[1]);
  const buckets = [...text.matchAll(/_bucket{le="[^"]+"} (\d+)/g)]
    .map((m) => Number(m[1]));
  assert.equal(buckets.at(-1), total);
  assert.deepEqual(buckets, [...buckets].sort((a, b) => a - b));
  // Every line is a comment or a sample.
  for (const line of text.trimEnd().split('\n')) {
    assert.match(line,
      /^(# (HELP|TYPE) \S+ .+|[a-z_]+({[a-z]+="[^"]*"(,[a-z]+="[^"]*")*})? \S+)$/);
  }
  await n.stop();
  const dear = await Node.start(['dev', '--metrics.expensive']);
  const stages = await (await fetch(`${dear.url}/metrics`)).text();
  for (const stage of ['other', 'recover', 'execute', 'sqlite', 'sync']) {
    assert.match(stages, new RegExp(
      `^cybermiles_stage_cpu_seconds_total{stage="${stage}"} [0-9.]+$`, 'm'));
  }
  await dear.stop();
  const off = await Node.start(['dev', '--metrics=false']);
  assert.equal((await fetch(`${off.url}/metrics`)).status, 404);
  await off.stop();
});

test('geth\'s words for WebSockets and metrics', async () => {
  const free = await new Promise((resolve) => {
    const s = net.createServer();
    s.listen(0, '127.0.0.1', () => {
      const { port } = s.address();
      s.close(() => resolve(port));
    });
  });
  const n = await Node.start(['run', '--dev', '--ws', '--ws.origins',
    'https://shop.example', '--metrics.addr', '127.0.0.1', '--metrics.port',
    String(free)]);
  assert.equal(await n.rpc('eth_chainId'), '0x7a69', 'run --dev is dev');
  const at = `http://127.0.0.1:${free}`;
  for (const path of ['/metrics', '/debug/metrics/prometheus']) {
    assert.match(await (await fetch(at + path)).text(),
      /^ethereum_blockchain_height 0$/m);
  }
  assert.equal((await fetch(`${at}/`)).status, 404);
  assert.equal((await fetch(`${at}/metrics`, { method: 'POST', body: 'x' })
    .catch(() => ({ status: 404 }))).status, 404);
  const upgrade = (port, origin) => new Promise((resolve, reject) => {
    const s = net.connect(port, '127.0.0.1');
    let text = '';
    s.on('error', reject);
    s.on('data', (d) => {
      text += d;
      resolve(Number(text.slice(9, 12)));
      s.destroy();
    });
    s.write('GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n'
      + 'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
      + `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nOrigin: ${origin}\r\n`
      + '\r\n');
  });
  assert.equal(await upgrade(n.port, 'https://shop.example'), 101);
  assert.equal(await upgrade(n.port, 'https://evil.example'), 403);
  const r = await n.post('{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}',
    { origin: 'https://shop.example' });
  assert.equal(r.headers.get('access-control-allow-origin'), null);
  const taken = run(['dev', '--http.port', '0', '--metrics.addr', '127.0.0.1',
    '--metrics.port', String(free)]);
  assert.equal(taken.status, 4, taken.stderr);
  await n.stop();
  const off = await Node.start(['dev', '--ws=false']);
  assert.equal(await upgrade(off.port, `http://localhost:${off.port}`), 403);
  await off.stop();
  const other = run(['dev', '--ws.port', '8546']);
  assert.equal(other.status, 2);
  assert.match(other.stderr, /--ws\.port: WebSockets are on the HTTP port/);
  assert.equal(run(['dev', '--metrics.addr', 'nonsense']).status, 2);
});

test('http.api serves some name spaces and no others', async () => {
  const n = await Node.start(['dev', '--http.api', 'net, web3', '--ipcpath',
    join(dir, 'api.ipc')]);
  assert.equal(await n.rpc('net_version'), '31337');
  for (const [method, params] of [['eth_chainId', []],
    ['eth_sendRawTransaction', ['0x01']], ['debug_getBadBlocks', []]]) {
    assert.equal((await n.raw(method, params)).error.code, -32601, method);
  }
  assert.deepEqual(Object.keys(await n.rpc('rpc_modules')),
    ['net', 'rpc', 'web3']);
  assert.equal(run(['attach', join(dir, 'api.ipc'), '--exec', 'eth.chainId'])
    .stdout, '"0x7a69"\n', 'the socket serves all');
  await n.stop();
});

test('a password is changed by who knows it', () => {
  const db = join(dir, 'pw.db');
  const old = put('old', 'one\n'), fresh = put('new', 'two\n');
  const made = run(['account', 'new', '--db', db, '--password', old]);
  const address = made.stdout.trim();
  const passwd = (a, b) => run(['account', 'passwd', address, '--db', db,
    '--password', a, '--password.new', b]);
  assert.equal(passwd(fresh, old).status, 1);
  assert.equal(passwd(old, fresh).stdout.trim(), address);
  assert.equal(passwd(old, fresh).status, 1);
  assert.equal(passwd(fresh, old).status, 0);
});

test('users of the dashboard are made and mended beside the running node',
  async () => {
    const db = join(dir, 'users.db'), ipc = join(dir, 'users.ipc');
    const first = put('p1', 'the first long password\n');
    const second = put('p2', 'the second long password\n');
    assert.equal(run(['init', '--db', db]).status, 0);
    const admin = (...args) => run(['admin', ...args, '--db', db, '--ipcpath',
      ipc]);
    assert.equal(admin('create', 'boss', '--password', first).status, 0);
    const n = await Node.start(['run', '--db', db, '--ipcpath', ipc]);
    const post = (path, body, cookie = '') => fetch(n.url + path, {
      method: 'POST', body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', cookie } });
    const login = (name, password) => post('/api/login', { name, password });
    const r = await login('boss', 'the first long password');
    assert.equal(r.status, 200);
    const cookie = r.headers.get('set-cookie').split(';')[0];
    const sessions = async () => (await fetch(`${n.url}/api/sessions`,
      { headers: { cookie } })).status;
    assert.equal(await sessions(), 200);
    // Others do not end whose password stays.
    const made = admin('create', 'till', 'cashier', '--password', first);
    assert.equal(made.stdout, 'Made till, cashier\n', made.stderr);
    assert.equal(await sessions(), 200);
    assert.equal((await login('till', 'the first long password')).status, 200);
    assert.deepEqual(JSON.parse(admin('list', '--json').stdout),
      [{ name: 'boss', role: 'owner' }, { name: 'till', role: 'cashier' }]);
    assert.equal(admin('list').stdout, 'boss owner\ntill cashier\n');
    assert.equal(admin('reset', 'BOSS', '--password', second).status, 0);
    assert.equal(await sessions(), 401);
    assert.equal((await login('boss', 'the first long password')).status, 403);
    const again = await login('boss', 'the second long password');
    assert.equal(again.status, 200);
    for (const [args, words] of [[['create', 'till'], /there is a user till/],
      [['create', 'x y'], /a name is 1 to 32/],
      [['create', 'z', 'king'], /no role king/],
      [['reset', 'nobody'], /no user nobody/]]) {
      const bad = admin(...args, '--password', first);
      assert.notEqual(bad.status, 0);
      assert.match(bad.stderr, words);
    }
    const weak = put('weak', 'short\n');
    assert.match(admin('reset', 'till', '--password', weak).stderr,
      /at least 10 characters/);
    // The method itself: a password, or what is kept of one.
    const owner = again.headers.get('set-cookie').split(';')[0];
    const ask = async (method, ...params) => (await (await post('/admin/rpc',
      { jsonrpc: '2.0', id: 1, method, params }, owner)).json());
    assert.match((await ask('admin_createUser', 'a', 'short')).error.message,
      /at least 10/);
    assert.equal((await ask('admin_createUser', 'mediator1',
      'some more long words', 'mediator')).result, true);
    assert.equal((await login('mediator1', 'some more long words')).status, 200);
    assert.equal((await ask('admin_users')).result.length, 3);
    assert.equal((await ask('admin_resetUser', 'mediator1',
      'other rather long words')).result, true);
    assert.equal((await ask('admin_peers')).result.length, 0);
    assert.equal((await n.stop()).code, 0);
    const other = await Node.start(['run', '--db', db, '--ipcdisable']);
    assert.equal(run(['admin', 'list', '--db', db]).status, 3);
    await other.stop();
    assert.equal(admin('list').stdout,
      'boss owner\ntill cashier\nmediator1 mediator\n');
  });

test('license names what the program is made of', () => {
  assert.match(run(['license']).stdout, /^SQLite +public domain/m);
  assert.ok(JSON.parse(run(['license', '--json']).stdout).length > 8);
});

/*------------------------------------------------------------------- doctor */

test('a genesis file is made, and a chain of it', () => {
  const a = `0x${'11'.repeat(20)}`, b = `0x${'22'.repeat(20)}`;
  const made = run(['genesis', 'make', a, b, '--networkid', '778899']);
  assert.equal(made.status, 0, made.stderr);
  const g = JSON.parse(made.stdout);
  assert.equal(g.config.chainId, 778899);
  assert.equal(BigInt(g.alloc[b].balance), 10n ** 27n);
  const file = put('made.json', made.stdout), db = join(dir, 'made.db');
  const init = JSON.parse(run(['init', '--genesis', file, '--db', db,
    '--json']).stdout);
  assert.equal(init.chainId, 778899);
  const shown = JSON.parse(run(['genesis', 'show', '--db', db]).stdout);
  assert.equal(shown.config.chainId, 778899);
  assert.equal(shown.cybermiles.validators[0].address, a);
  assert.equal(run(['genesis', 'make', '0x12']).status, 2);
  assert.equal(run(['genesis', 'make']).status, 2);
});

test('doctor looks at a file that rests and at a running node', async () => {
  const db = join(dir, 'doc.db');
  const args = ['doctor', '--db', db, '--ipcpath', join(dir, 'doc.ipc'),
    '--http.port', '0', '--json'];
  assert.equal(run(['init', '--db', db]).status, 0);
  const look = (status, ...more) => {
    const r = run([...args, ...more]);
    assert.equal(r.status, status, r.stdout + r.stderr);
    return Object.fromEntries(JSON.parse(r.stdout).checks
      .map((c) => [c.check, c]));
  };
  let c = look(0);
  for (const name of ['node', 'clock', 'port', 'filesystem', 'space', 'disk',
    'keys', 'database']) {
    assert.ok(name in c, name);
  }
  assert.match(c.disk.text, /take \d+\.\d\d ms/);
  assert.match(c.database.text, /structure is whole/);
  const n = await Node.start(['run', '--db', db, '--ipcpath',
    join(dir, 'doc.ipc')]);
  c = look(0);
  assert.match(c.node.text, /^running/);
  assert.ok(c.port.text.includes(n.url));
  await n.stop();
  chmodSync(db, 0o644);
  assert.equal(look(1).keys.state, 'fail');
  chmodSync(db, 0o600);
  assert.equal(look(1, '--disk.floor', '99999999999').space.state, 'fail');
  const busy = net.createServer();
  await new Promise((resolve) => { busy.listen(0, '127.0.0.1', resolve); });
  assert.equal(look(1, '--http.port', String(busy.address().port)).port.state,
    'fail');
  busy.close();
  const text = readFileSync(db);
  text.fill(7, 4096 * 3, 4096 * 20);
  writeFileSync(db, text);
  assert.equal(look(1).database.state, 'fail');
});

/*-------------------------------------------------- printed for other programs */

test('service prints a unit, a dashboard and alert rules', (t) => {
  const unit = run(['service', 'print']).stdout;
  for (const line of ['Type=notify', 'WatchdogSec=60', 'TimeoutStopSec=180',
    'Restart=on-failure', 'RestartPreventExitStatus=2 3 5',
    'StateDirectory=cybermiles', 'DynamicUser=yes', 'UMask=0077',
    'NoNewPrivileges=yes', 'ProtectSystem=strict', 'PrivateTmp=yes',
    'MemoryDenyWriteExecute=yes', 'SystemCallFilter=@system-service',
    'LimitNOFILE=65536', 'OOMScoreAdjust=-500']) {
    assert.ok(unit.includes(`\n${line}\n`), line);
  }
  const board = JSON.parse(run(['service', 'grafana']).stdout);
  const rules = run(['service', 'alerts']).stdout;
  assert.ok(board.panels.length >= 12);
  assert.equal(rules.match(/- alert: /g).length, 5);
  // What they ask for is what /metrics has.
  const known = readFileSync(process.env.SRCDIR + '/src/web/metric.def', 'utf8')
    + 'cybermiles_rpc_requests_total cybermiles_rpc_duration_seconds_bucket';
  const asked = [...(rules + JSON.stringify(board))
    .matchAll(/\b(cybermiles|ethereum|process)_[a-z_]+(?!\()\b/g)]
    .map((m) => m[0]);
  assert.ok(asked.length > 15);
  for (const name of asked) {
    if (!/_txpool_$|_db_$/.test(name)) assert.ok(known.includes(name), name);
  }
  assert.equal(run(['service', 'nonsense']).status, 2);
  const path = put('cybermiles.service', unit);
  const v = spawnSync('systemd-analyze', ['verify', path],
    { encoding: 'utf8' });
  if (v.error) { t.diagnostic('systemd-analyze is not installed'); return; }
  assert.ok(!/Unknown|Failed to parse|Invalid/.test(v.stderr), v.stderr);
});

test('completion is what a shell takes, and completes', () => {
  const script = run(['completion', 'bash']).stdout;
  const complete = (...words) => {
    const r = spawnSync('bash', ['-c', `${script}\n`
      + `COMP_WORDS=(cybermiles ${words.map((w) => `'${w}'`).join(' ')})\n`
      + `COMP_CWORD=${words.length}\n_cybermiles\n`
      + 'printf "%s\\n" "${COMPREPLY[@]}"'], { encoding: 'utf8' });
    assert.equal(r.stderr, '');
    return r.stdout.trim().split('\n');
  };
  assert.ok(complete('at').includes('attach'));
  assert.deepEqual(complete('config', 's'), ['show']);
  assert.deepEqual(complete('run', '--http.po'), ['--http.port']);
  assert.deepEqual(complete('rpc', 'eth_chainI'), ['eth_chainId']);
  assert.deepEqual(complete('run', '--log.format', 'j'), ['json', 'journal']);
  for (const shell of ['zsh', 'fish']) {
    const r = run(['completion', shell]);
    assert.equal(r.status, 0);
    assert.ok(r.stdout.includes('attach'));
    const check = spawnSync(shell, ['-n', put(`words.${shell}`, r.stdout)],
      { encoding: 'utf8' });
    if (!check.error) assert.equal(check.status, 0, check.stderr);
  }
  assert.equal(run(['completion', 'tcsh']).status, 2);
});

test('manual pages are what man takes', (t) => {
  const names = [...run(['help']).stdout.matchAll(/^ {2}([a-z]+) +\S/gm)]
    .map((m) => m[1]);
  let checked = 0;
  for (const name of ['', ...names]) {
    const page = run(['help', '--man', ...(name ? [name] : [])]).stdout;
    assert.match(page, /^\.TH CYBERMILES/);
    assert.ok(page.includes('.SH EXIT STATUS'));
    const path = put('page.1', page);
    const lint = spawnSync('mandoc', ['-Tlint', '-W', 'warning', path],
      { encoding: 'utf8' });
    const roff = lint.error ? spawnSync('man', ['--warnings', '-l', '-Tutf8',
      '-Z', path], { encoding: 'utf8' }) : lint;
    if (roff.error) continue;
    checked++;
    assert.equal((lint.error ? roff.stderr : lint.stdout).trim(), '', name);
  }
  if (!checked) t.diagnostic('neither mandoc nor man is installed');
  assert.ok(run(['help', '--man', 'run']).stdout.includes('\\-\\-http.port'));
});

// The status of a plain GET or POST, and its text.
async function ask(url, options = {}) {
  const r = await fetch(url, options);
  return { status: r.status, text: await r.text(), headers: r.headers };
}
const CHAIN_ID = { method: 'POST', headers: { 'content-type':
  'application/json', origin: 'https://shop.example' },
body: '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}' };

test('the dashboard has an address of its own, apart from JSON-RPC', async () => {
  const n = await Node.start(['dev', '--ui.addr', '127.0.0.2', '--ui.port', '0',
    '--http.corsdomain', 'https://shop.example', '--db', join(dir, 'ui.db')]);
  await until('both', () => /\nDashboard: \S+\n/.test(n.stdout));
  const ui = /\nDashboard: (\S+)\n/.exec(n.stdout)[1];
  assert.match(ui, /^http:\/\/127\.0\.0\.2:\d+$/);
  assert.match(n.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  const page = await ask(ui);
  assert.equal(page.status, 200);
  for (const path of ['/', '/explore/block/1', '/setup', '/index.html']) {
    assert.equal((await ask(ui + path)).text, page.text, path);
    const there = await ask(n.url + path);
    assert.equal(there.status, 404, path);
    assert.match(there.text, /--ui\.addr/);
  }
  for (const path of ['/api/status', '/api/session', '/api/events']) {
    assert.equal((await ask(n.url + path)).status, 404, path);
  }
  assert.equal((await ask(ui + '/api/status')).status, 200);
  for (const path of ['/admin/rpc', '/api/login', '/api/keys']) {
    assert.equal((await ask(n.url + path, CHAIN_ID)).status, 404, path);
  }
  // Both answer JSON-RPC, other sites' pages only here.
  for (const [url, granted] of [[n.url, 'https://shop.example'], [ui, null]]) {
    const r = await ask(url, CHAIN_ID);
    assert.equal(JSON.parse(r.text).result, '0x7a69');
    assert.equal(r.headers.get('access-control-allow-origin'), granted);
  }
  const script = /(?:src|href)="(\/[^"]+\.js)"/.exec(page.text)[1];
  for (const path of ['/healthz', '/version', '/metrics', '/abi/Credits.json',
    script]) {
    assert.equal((await ask(n.url + path)).status, 200, path);
  }
  assert.match((await ask(n.url + '/shop/0x' + '11'.repeat(20))).text, /<html/);
  const close = run(['attach', '--exec', 'admin_stopHTTP', '--db',
    join(dir, 'ui.db')]);
  assert.equal(close.status, 0, close.stderr);
  await until('closed', () => /http\.closed/.test(n.stderr));
  await assert.rejects(fetch(n.url, CHAIN_ID));
  assert.equal((await ask(ui)).status, 200);
  assert.deepEqual(await n.stop(), { code: 0, signal: null });
});

test('HTTPS is the dashboard\'s; what is wrong names its own options', async () => {
  const n = await Node.start(['dev', '--ui.port', '0', '--ui.tls', 'auto']);
  await until('both', () => /\nDashboard: https:\S+\n/.test(n.stdout));
  const ui = /\nDashboard: https:\/\/(\S+)\n/.exec(n.stdout)[1];
  assert.equal(JSON.parse((await ask(n.url, CHAIN_ID)).text).result, '0x7a69');
  assert.match((await ask(`http://${ui}/ca.crt`)).text, /BEGIN CERTIFICATE/);
  assert.equal((await ask(n.url + '/ca.crt')).status, 404);
  const taken = run(['dev', '--http.port', '0', '--ui.port', String(n.port)]);
  assert.equal(taken.status, 4);
  assert.match(taken.stderr, /in use by another program.*--ui\.port/);
  assert.deepEqual(await n.stop(), { code: 0, signal: null });
  const odd = run(['dev', '--http.port', '0', '--ui.addr', 'shop.example']);
  assert.equal(odd.status, 2);
  assert.match(odd.stderr, /--ui\.addr shop\.example is no IP address/);
});

test('connections are shared out evenly', async () => {
  const n = await Node.start(['dev']);
  const metric = async (name) => Number(new RegExp(`^cybermiles_${name} (\\d+)$`,
    'm').exec((await ask(n.url + '/metrics')).text)[1]);
  const open = (cnt) => Promise.all(Array.from({ length: cnt }, () =>
    new Promise((resolve, reject) => {
      const s = net.connect(n.port, '127.0.0.1', () => resolve(s));
      s.on('error', reject);
    })));
  const held = await open(60);
  let all = 0;
  while (all < 60) all = await metric('http_connections');
  const loops = Math.max(2, Math.min(8, cpus().length));
  const most = await metric('http_connections_busiest');
  assert.ok(most <= Math.ceil(all / loops) + 2, `${most} of ${all}`);
  // Those that end are made up for.
  for (const s of held.splice(0, 30)) s.destroy();
  while (await metric('http_connections') > 40) continue;
  held.push(...await open(30));
  while ((all = await metric('http_connections')) < 60) continue;
  assert.ok(await metric('http_connections_busiest')
    <= Math.ceil(all / loops) + 2);
  for (const s of held) s.destroy();
  assert.deepEqual(await n.stop(), { code: 0, signal: null });
});

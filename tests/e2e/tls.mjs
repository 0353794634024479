// tls.mjs - HTTPS with certificates of the operator's own: they are shown, read
// again on SIGHUP, and what is wrong with them is told without harm.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { Node, folder, remove, run, until } from './node.mjs';

const skip = spawnSync('openssl', ['version']).status === 0 ? false
  : 'no openssl to make certificates with';
let dir;
before(() => {
  dir = folder();
  if (skip) return;
  for (const name of ['a', 'b']) {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
      'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30', '-subj',
      `/CN=shop-${name}`, '-addext',
      'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout',
      join(dir, `${name}.key`), '-out', join(dir, `${name}.pem`)],
    { stdio: 'ignore' });
  }
});
after(() => remove(dir));

const put = (name) => {
  copyFileSync(join(dir, `${name}.pem`), join(dir, 'now.pem'));
  copyFileSync(join(dir, `${name}.key`), join(dir, 'now.key'));
};
const args = (...more) => ['dev', '--ui.tls', 'files', '--ui.tls.cert',
  join(dir, 'now.pem'), '--ui.tls.key', join(dir, 'now.key'), ...more];

// The common name of the certificate that is shown now.
const shown = (port) => new Promise((resolve, reject) => {
  const s = tls.connect({ port, host: '127.0.0.1', servername: 'localhost',
    rejectUnauthorized: false }, () => {
    resolve(s.getPeerCertificate().subject.CN);
    s.destroy();
  });
  s.on('error', reject);
});

const ask = (port, ca, agent) => new Promise((resolve, reject) => {
  const q = https.request({ port, host: '127.0.0.1', ca, agent, method: 'POST',
    servername: 'localhost', headers: { 'content-type': 'application/json' } },
  (r) => {
    let text = '';
    r.on('data', (d) => { text += d; });
    r.on('end', () => resolve(JSON.parse(text).result));
  });
  q.on('error', reject);
  q.end('{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}');
});

test('own files: shown, and read again on SIGHUP while connections go on',
  { skip }, async () => {
    put('a');
    const n = await Node.start(args());
    assert.match(n.url, /^https:/);
    const ca = ['a', 'b'].map((name) => readFileSync(join(dir, `${name}.pem`)));
    assert.equal(await shown(n.port), 'shop-a');
    assert.equal(await ask(n.port, ca[0]), '0x7a69');
    await assert.rejects(ask(n.port, ca[1]), /self-signed|unable to verify/);
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    assert.equal(await ask(n.port, ca[0], agent), '0x7a69');
    put('b');
    n.child.kill('SIGHUP');
    await until('the other', async () => await shown(n.port) === 'shop-b');
    assert.equal(await ask(n.port, ca[1]), '0x7a69');
    assert.equal(await ask(n.port, ca[0], agent), '0x7a69', 'kept open');
    agent.destroy();
    // A key that is not the certificate's, then no certificate: the one that is
    // shown stays.
    const failures = () => n.stderr.match(/reload\.failed/g)?.length ?? 0;
    copyFileSync(join(dir, 'a.key'), join(dir, 'now.key'));
    n.child.kill('SIGHUP');
    await until('a refusal', () => failures() === 1);
    writeFileSync(join(dir, 'now.pem'), 'no certificate');
    n.child.kill('SIGHUP');
    await until('another', () => failures() === 2);
    assert.match(n.stderr, /reload\.failed .*now\.(pem|key)/);
    assert.equal(await shown(n.port), 'shop-b');
    put('a');
    n.child.kill('SIGHUP');
    await until('the first', async () => await shown(n.port) === 'shop-a');
    assert.deepEqual(await n.stop(), { code: 0, signal: null });
  });

test('what is wrong with the files is told at the start', { skip }, () => {
  put('a');
  copyFileSync(join(dir, 'b.key'), join(dir, 'now.key'));
  const other = run(args('--http.port', '0'));
  assert.notEqual(other.status, 0);
  assert.match(other.stderr, /now\.(pem|key)/);
  const none = run(['dev', '--http.port', '0', '--ui.tls', 'files',
    '--ui.tls.cert', join(dir, 'absent.pem'), '--ui.tls.key',
    join(dir, 'a.key')]);
  assert.notEqual(none.status, 0);
  assert.match(none.stderr, /absent\.pem/);
  assert.equal(run(['dev', '--http.port', '0', '--ui.tls', 'files']).status, 2);
});

test('the authority of --ui.tls auto is kept in a file for its owner alone',
  async () => {
    const db = join(dir, 'auto.db');
    const start = () => Node.start(['run', '--db', db, '--ipcdisable',
      '--ui.tls', 'auto']);
    let n = await start();
    const authority = (m) => /SHA-256 (\S+)/.exec(m.stdout)[1];
    const first = authority(n);
    assert.equal(statSync(db).mode & 0o777, 0o600);
    await n.stop();
    n = await start();
    assert.equal(authority(n), first);
    await n.stop();
  });

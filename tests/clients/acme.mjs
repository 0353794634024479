// acme.mjs - --ui.tls acme against Pebble, the test authority of Let's Encrypt
// (PEBBLE=path, or pebble on the path; go install
// github.com/letsencrypt/pebble/v2/cmd/pebble@latest), all on this machine: it
// proves the name by HTTP-01 through the port, refuses some of the nonces, and
// the certificate outlives a restart without it.
// TEST_TIMEOUT=240
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { Node, folder, remove, run, until } from '../e2e/node.mjs';

const NAME = 'shop.example.org';
const PEBBLE = process.env.PEBBLE ?? 'pebble';
const skip = spawnSync(PEBBLE, ['-version']).error
  ? 'no pebble: PEBBLE=path names it'
  : spawnSync('openssl', ['version']).error ? 'no openssl' : false;
let dir, pebble, dns, node, url;

const freePort = () => new Promise((done) => {
  const s = createServer().listen(0, '127.0.0.1', () => {
    const { port } = s.address();
    s.close(() => done(port));
  });
});

// DNS over TCP: every name is 127.0.0.1, and none has another record.
function answer(all) {
  const q = all.subarray(2, 2 + all.readUInt16BE(0)); // after its length
  let end = 12;
  while (q[end]) end += q[end] + 1;
  end += 5;
  const a = q.readUInt16BE(end - 4) === 1;
  const head = Buffer.from([q[0], q[1], 0x81, 0x80, 0, 1, 0, a ? 1 : 0, 0, 0, 0,
    0]);
  const told = Buffer.concat([head, q.subarray(12, end), a ? Buffer.from([0xc0,
    12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1]) : Buffer.alloc(0)]);
  return Buffer.concat([Buffer.from([told.length >> 8, told.length & 255]),
    told]);
}

const shown = (port) => new Promise((done, fail) => {
  const s = connect({ host: '127.0.0.1', port, servername: NAME,
    rejectUnauthorized: false }, () => {
    done(s.getPeerCertificate());
    s.destroy();
  }).on('error', fail);
});

before(async () => {
  if (skip) return;
  dir = folder();
  const [api, more, port] = [await freePort(), await freePort(),
    await freePort()];
  const [cert, key] = [join(dir, 'ca.pem'), join(dir, 'ca.key')];
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
    '/CN=127.0.0.1', '-keyout', key, '-out', cert]);
  assert.equal(made.status, 0, String(made.stderr));
  writeFileSync(join(dir, 'pebble.json'), JSON.stringify({ pebble: {
    listenAddress: `127.0.0.1:${api}`, certificate: cert, privateKey: key,
    managementListenAddress: `127.0.0.1:${more}`, httpPort: port, tlsPort: port,
    ocspResponderURL: '' } }));
  dns = createServer((s) => {
    s.on('data', (q) => s.write(answer(q))).on('error', () => {});
  });
  await new Promise((done) => { dns.listen(0, '127.0.0.1', done); });
  pebble = spawn(PEBBLE, ['-config', join(dir, 'pebble.json'), '-dnsserver',
    `127.0.0.1:${dns.address().port}`], { stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '30' } });
  pebble.log = '';
  for (const out of [pebble.stdout, pebble.stderr])
    out.on('data', (d) => { pebble.log += d; });
  await until('pebble', () => /Listening on/.test(pebble.log), 30000);
  url = ['run', '--db', join(dir, 'n.db'), '--http.port', String(port),
    '--ui.tls', 'acme', '--http.vhosts', `${NAME},localhost`, '--ui.acme.url',
    `https://127.0.0.1:${api}/dir`, '--ui.acme.mail', 'me@example.org',
    '--notify.local', '--notify.ca', cert];
});
after(async () => {
  pebble?.kill();
  dns?.close();
  if (node) assert.equal((await node.stop()).code, 0);
  if (dir) remove(dir);
});

test('a certificate is had, shown, and kept', { skip }, async () => {
  node = await Node.start(url);
  const cert = await until('a certificate', async () => {
    const c = await shown(node.port);
    return /Pebble/.test(c.issuer.CN) && c;
  }, 30000).catch((e) => {
    throw new Error(`${e.message}\n${node.stderr}\n${pebble.log.slice(-6000)}`);
  });
  assert.equal(cert.subjectaltname, `DNS:${NAME}`);
  const path = `http://127.0.0.1:${node.port}/.well-known/acme-challenge/x`;
  assert.equal((await fetch(path)).status, 404);
  assert.equal((await node.stop()).code, 0);
  pebble.kill();
  node = await Node.start(url);
  assert.equal((await shown(node.port)).serialNumber, cert.serialNumber);
});

test('without a name that the world knows it says which', async () => {
  const bad = run(['dev', '--http.port', '0', '--ui.tls', 'acme',
    '--http.vhosts', 'localhost,till.local,192.0.2.1']);
  assert.equal(bad.status, 2);
  assert.match(bad.stderr, /--http\.vhosts shop\.example\.org/);
});

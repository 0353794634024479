// acme.mjs - --ui.tls acme against Pebble, the test authority of Let's Encrypt
// (PEBBLE=path, or pebble on the path; go install
// github.com/letsencrypt/pebble/v2/cmd/pebble@latest), all on this machine: it
// proves the name by HTTP-01 through the port, refuses some of the nonces, and
// the certificate outlives a restart without it.  One of some seconds is renewed
// when its time has come, through all that can go wrong before.
// TEST_TIMEOUT=240
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createServer as createProxy, request } from 'node:https';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { Node, folder, remove, run, until } from '../e2e/node.mjs';

const NAME = 'shop.example.org';
const PEBBLE = process.env.PEBBLE ?? 'pebble';
const skip = spawnSync(PEBBLE, ['-version']).error
  ? 'no pebble: PEBBLE=path names it'
  : spawnSync('openssl', ['version']).error ? 'no openssl' : false;
let dir, pebble, dns, proxy, node, ports, pem, address = '127.0.0.1', fault;

const freePort = () => new Promise((done) => {
  const s = createServer().listen(0, '127.0.0.1', () => {
    const { port } = s.address();
    s.close(() => done(port));
  });
});

// DNS over TCP: every name is `address`, and none has another record.
function answer(all) {
  const q = all.subarray(2, 2 + all.readUInt16BE(0)); // after its length
  let end = 12;
  while (q[end]) end += q[end] + 1;
  end += 5;
  const a = q.readUInt16BE(end - 4) === 1;
  const head = Buffer.from([q[0], q[1], 0x81, 0x80, 0, 1, 0, a ? 1 : 0, 0, 0, 0,
    0]);
  const told = Buffer.concat([head, q.subarray(12, end), a ? Buffer.from([0xc0,
    12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)])
    : Buffer.alloc(0)]);
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

// Before the authority, which takes its addresses from the Host that it is asked
// by: what `fault` says goes wrong there.
const problem = (type, detail, more) => JSON.stringify({ detail,
  type: `urn:ietf:params:acme:error:${type}`, ...more });
function pass(rq, rs) {
  if (fault === 'terms' && rq.url === '/sign-me-up') {
    rs.writeHead(403).end(problem('userActionRequired', 'Terms have changed',
      { instance: 'https://ca.example/terms' }));
  } else if (fault === 'rate' && rq.url === '/order-plz') {
    rs.writeHead(429, { 'retry-after': 5 }).end(problem('rateLimited',
      'too many certificates'));
  } else {
    const past = fault === 'clock' && { date:
      new Date(Date.now() - 86400000).toUTCString() };
    rq.pipe(request({ host: '127.0.0.1', port: ports[0], method: rq.method,
      path: rq.url, headers: rq.headers, rejectUnauthorized: false }, (r) => {
      r.pipe(rs.writeHead(r.statusCode, { ...r.headers, ...past }));
    }).on('error', () => rs.destroy()));
  }
}
const listen = (server, port = 0) => new Promise((done) => {
  server.listen(port, '127.0.0.1', done);
});

async function authority(seconds) {
  const config = join(dir, 'pebble.json');
  writeFileSync(config, JSON.stringify({ pebble: {
    listenAddress: `127.0.0.1:${ports[0]}`, certificate: pem[0],
    privateKey: pem[1], managementListenAddress: `127.0.0.1:${ports[1]}`,
    httpPort: ports[2], tlsPort: ports[2], ocspResponderURL: '',
    profiles: { default: { description: 'of the test',
      validityPeriod: seconds } } } }));
  pebble = spawn(PEBBLE, ['-config', config, '-dnsserver',
    `127.0.0.1:${dns.address().port}`], { stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_AUTHZREUSE: '0',
      PEBBLE_WFE_NONCEREJECT: '10' } });
  pebble.log = '';
  for (const out of [pebble.stdout, pebble.stderr])
    out.on('data', (d) => { pebble.log += d; });
  await until('pebble', () => /Listening on/.test(pebble.log), 30000);
}
const gone = () => new Promise((done) => {
  pebble.once('exit', done);
  pebble.kill();
});
const start = (db) => Node.start(['run', '--db', join(dir, db), '--http.port',
  String(ports[2]), '--ui.tls', 'acme', '--http.vhosts', `${NAME},localhost`,
  '--ui.acme.url', `https://127.0.0.1:${ports[3]}/dir`, '--ui.acme.mail',
  'me@example.org', '--notify.local', '--notify.ca', pem[0]]);
const had = () => until('a certificate', async () => {
  const c = await shown(node.port);
  return /Pebble/.test(c.issuer.CN) && c;
}, 90000).catch((e) => {
  throw new Error(`${e.message}\n${node.stderr}\n${pebble.log.slice(-6000)}`);
});

before(async () => {
  if (skip) return;
  dir = folder();
  pem = [join(dir, 'ca.pem'), join(dir, 'ca.key')];
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
    '/CN=127.0.0.1', '-keyout', pem[1], '-out', pem[0]]);
  assert.equal(made.status, 0, String(made.stderr));
  dns = createServer((s) => {
    s.on('data', (q) => s.write(answer(q))).on('error', () => {});
  });
  await listen(dns);
  proxy = createProxy({ cert: readFileSync(pem[0]), key: readFileSync(pem[1]) },
    pass);
  await listen(proxy);
  ports = [await freePort(), await freePort(), await freePort(),
    proxy.address().port];
});
after(async () => {
  pebble?.kill();
  dns?.close();
  proxy?.close();
  if (node) assert.equal((await node.stop()).code, 0);
  if (dir) remove(dir);
});

test('a certificate is had, shown, and kept', { skip }, async () => {
  await authority(90 * 86400);
  node = await start('n.db');
  const cert = await had();
  assert.equal(cert.subjectaltname, `DNS:${NAME}`);
  const path = `http://127.0.0.1:${node.port}/.well-known/acme-challenge/x`;
  assert.equal((await fetch(path)).status, 404);
  assert.equal((await node.stop()).code, 0);
  await gone();
  node = await start('n.db');
  assert.equal((await shown(node.port)).serialNumber, cert.serialNumber);
  assert.equal((await node.stop()).code, 0);
  node = undefined;
});

// Each of them is told with what is to be done, and the old certificate is
// shown through all of it, even when it has ended.
const FAULTS = [
  ['down', /acme\.failed again_s=[12] text=".*is the authority reachable/],
  ['clock',
    /again_s=[12] text="this machine's clock is 86\d{3} s ahead of .* set it"/],
  ['terms', /Terms have changed https:\/\/ca\.example\/terms; .*agree to them/],
  ['invalid',
    /again_s=[12] text="the authority refuses: .*; port 80 of the name/],
  ['rate',
    /again_s=5 text="the authority refuses: too many certificates; .*wait"/],
];
test('it is renewed in time, when nothing hinders any more', { skip },
  async () => {
    await authority(24);
    node = await start('short.db');
    const first = await had();
    for (const [name, told] of FAULTS) {
      fault = name;
      if (name === 'invalid') address = '127.0.0.9';
      if (name === 'down') {
        proxy.close();
        proxy.closeAllConnections();
      }
      await until(name, () => told.test(node.stderr), 60000).catch((e) => {
        throw new Error(`${e.message}\n${node.stderr}`);
      });
      assert.equal((await shown(node.port)).serialNumber, first.serialNumber);
      address = '127.0.0.1';
      if (name === 'down') await listen(proxy, ports[3]);
    }
    const again = /again_s=(\d+)/g;
    for (const m of node.stderr.matchAll(again)) assert.ok(Number(m[1]) <= 5);
    fault = undefined;
    const second = await until('another certificate', async () => {
      const c = await shown(node.port);
      return c.serialNumber !== first.serialNumber && c;
    }, 60000).catch((e) => { throw new Error(`${e.message}\n${node.stderr}`); });
    assert.match(second.issuer.CN, /Pebble/);
    // And again, in its own time: not before half of its life is over.
    const third = await until('a third certificate', async () => {
      const c = await shown(node.port);
      return c.serialNumber !== second.serialNumber && c;
    }, 60000);
    assert.ok(Date.parse(third.valid_from) - Date.parse(second.valid_from)
      >= 12000);
  });

test('without a name that the world knows it says which', async () => {
  const bad = run(['dev', '--http.port', '0', '--ui.tls', 'acme',
    '--http.vhosts', 'localhost,till.local,192.0.2.1']);
  assert.equal(bad.status, 2);
  assert.match(bad.stderr, /--http\.vhosts shop\.example\.org/);
});

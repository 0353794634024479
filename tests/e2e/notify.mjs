// notify.mjs - webhooks and mail as their receivers see them: signatures,
// refusals, sending again, HTTPS by an authority of ours, a restart between.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { Node, folder, remove, until } from './node.mjs';

let dir, node, ipc;
const ask = (method, ...params) => ipc.send(method, params);

async function start(...more) {
  await stop();
  node = await Node.start(['dev', '--db', join(dir, 'a.db'), ...more]);
  ipc = new ethers.IpcSocketProvider(join(dir, 'cybermiles.ipc'), 31337,
    { staticNetwork: true });
}

async function stop() {
  if (!node) return;
  await ipc.destroy();
  await node.stop();
  node = null;
}

// A certificate for localhost and the authority that made it.
function certificates() {
  const at = (name) => join(dir, name);
  const ssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' });
  ssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
    '-nodes', '-days', '2', '-subj', '/CN=Authority', '-keyout', at('ca.key'),
    '-out', at('ca.crt'));
  ssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost',
    '-keyout', at('s.key'), '-out', at('s.csr'));
  ssl('x509', '-req', '-in', at('s.csr'), '-CA', at('ca.crt'), '-CAkey',
    at('ca.key'), '-CAcreateserial', '-days', '2', '-copy_extensions', 'copy',
    '-out', at('s.crt'));
  return { key: readFileSync(at('s.key')), cert: readFileSync(at('s.crt')) };
}

// Takes webhooks; answers with this.status.
class Target {
  static async open(tls) {
    const t = new Target();
    t.got = [];
    t.status = 200;
    const take = (req, res) => {
      let body = '';
      req.on('data', (d) => { body += d; });
      req.on('end', () => {
        t.got.push({ headers: req.headers, body, url: req.url });
        res.writeHead(t.status);
        res.end('noted');
      });
    };
    t.server = tls ? https.createServer(tls, take) : http.createServer(take);
    await new Promise((resolve) => { t.server.listen(0, '127.0.0.1', resolve); });
    t.url = `${tls ? 'https://localhost' : 'http://127.0.0.1'}:${
      t.server.address().port}`;
    return t;
  }

  async next(n) {
    await until(`message ${n}`, () => this.got.length >= n, 60000);
    return this.got[n - 1];
  }

  close() { this.server.close(); this.server.closeAllConnections(); }
}

function signed(message, secret) {
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(
    message.headers['cybermiles-signature']);
  assert.ok(Math.abs(Number(t) - Date.now() / 1000) < 300);
  assert.equal(createHmac('sha256', secret).update(`${t}.${message.body}`)
    .digest('hex'), v1);
}

const newest = async (hook) => (await ask('webhook_log', hook))[0];

before(() => { dir = folder(); });
after(async () => {
  await stop();
  remove(dir);
});

test('a webhook is signed, refused, logged, sent again, changed, removed',
  async () => {
    await start('--notify.local');
    const target = await Target.open();
    const hook = await ask('webhook_save', 'webhook', `${target.url}/in?x=1`);
    assert.match(hook.secret, /^whsec_[0-9a-f]{64}$/);
    assert.equal((await ask('webhook_list'))[0].secret, undefined);
    assert.equal(await ask('webhook_test', hook.id), true);
    const first = await target.next(1);
    assert.equal(first.url, '/in?x=1');
    assert.equal(first.headers['content-type'], 'application/json');
    assert.equal(JSON.parse(first.body).event, 'Test');
    signed(first, hook.secret);
    await until('taken', async () => (await newest(hook.id)).state === 'taken');
    target.status = 500;
    await ask('webhook_test', hook.id);
    await until('refused', async () => (await newest(hook.id)).tries === 1);
    const refused = await newest(hook.id);
    assert.deepEqual([refused.state, refused.status, refused.answer],
      ['waits', 500, 'noted']);
    const metrics = await (await fetch(`${node.url}/metrics`)).text();
    for (const line of ['cybermiles_webhook_deliveries_total 1',
      'cybermiles_webhook_refusals_total 1', 'cybermiles_webhook_waiting 1',
      'cybermiles_webhook_failures_total 0', 'cybermiles_disputes_open 0',
      '# TYPE cybermiles_orders gauge']) {
      assert.ok(metrics.includes(`\n${line}\n`), line);
    }
    const whole = await ask('webhook_delivery', refused.id);
    assert.equal(whole.body.event, 'Test');
    await stop();
    target.status = 200;
    await start('--notify.local');
    assert.equal(await ask('webhook_redeliver', refused.id), true);
    const again = await target.next(3);
    assert.equal(again.headers['cybermiles-delivery'], String(refused.id));
    signed(again, hook.secret);
    const changed = await ask('webhook_save', 'webhook', target.url,
      { events: ['Orders.OrderState'] }, false, hook.id);
    assert.equal(changed.secret, undefined);
    assert.equal((await ask('webhook_list'))[0].active, false);
    assert.equal(await ask('webhook_delete', hook.id), true);
    assert.deepEqual(await ask('webhook_list'), []);
    await assert.rejects(ask('webhook_test', hook.id), /none with this id/);
    target.close();
    await stop();
  });

test('a listing is told to its seller\'s hook, not to others\'', async () => {
  await start('--notify.local');
  const target = await Target.open();
  const phrase = 'test test test test test test test test test test test junk';
  const provider = new ethers.JsonRpcProvider(node.url, undefined,
    { cacheTimeout: -1 });
  const seller = ethers.HDNodeWallet.fromPhrase(phrase).connect(provider);
  const abi = await (await fetch(`${node.url}/abi/Market.json`)).json();
  const market = new ethers.Contract(
    '0x0000000000000000000000000000000000001012', abi, seller);
  const events = ['Market.ListingSaved', 'Market.ListingState'];
  const mine = await ask('webhook_save', 'webhook', `${target.url}/mine`,
    { events, party: seller.address });
  const other = await ask('webhook_save', 'webhook', `${target.url}/other`,
    { events, party: ethers.ZeroAddress.replace(/.$/, '9') });
  await (await market.save(0n, ethers.ZeroAddress, [1, 7, ethers.ZeroHash,
    ethers.ZeroAddress, 5n, 0n, 86400, 86400, 86400, 14, 1000, 0,
    ethers.ZeroAddress, 0, 0n, 0n, 0n],
  [[0, 5n, 3, ethers.ZeroHash, true]])).wait();
  await (await market.setPaused(1n, true)).wait();
  const first = await target.next(1);
  const second = await target.next(2);
  signed(second, mine.secret);
  const [saved, paused] = [first, second].map((m) => JSON.parse(m.body));
  assert.deepEqual([saved.module, saved.event, saved.id],
    ['market', 'ListingSaved', 1]);
  assert.deepEqual([paused.event, paused.id], ['ListingState', 1]);
  assert.equal(first.headers['cybermiles-event'], 'Market.ListingSaved');
  assert.ok(target.got.every((m) => m.url === '/mine'));
  assert.deepEqual(await ask('webhook_log', other.id), []);
  await ask('webhook_delete', mine.id);
  await ask('webhook_delete', other.id);
  provider.destroy();
  target.close();
});

test('nobody but the operator manages them', async () => {
  await start();
  for (const method of ['webhook_list', 'mail_server']) {
    const r = await node.raw(method);
    assert.equal(r.error.code, -32601);
  }
  await stop();
});

test('private networks are closed unless they are allowed', async () => {
  await start();
  const target = await Target.open();
  const hook = await ask('webhook_save', 'webhook', target.url);
  await ask('webhook_test', hook.id);
  await until('refused', async () => (await newest(hook.id)).tries === 1);
  assert.match((await newest(hook.id)).answer, /--notify\.local/);
  assert.equal(target.got.length, 0);
  await ask('webhook_delete', hook.id);
  target.close();
  await stop();
});

test('HTTPS wants a certificate that is good for the name', async (t) => {
  let tls;
  try { tls = certificates(); } catch { return t.skip('no openssl here'); }
  const target = await Target.open(tls);
  await start('--notify.local');
  const hook = await ask('webhook_save', 'webhook', target.url);
  await ask('webhook_test', hook.id);
  await until('refused', async () => (await newest(hook.id)).tries === 1);
  assert.match((await newest(hook.id)).answer, /certificate|authorities/);
  const id = (await newest(hook.id)).id;
  await stop();
  await start('--notify.local', '--notify.ca', join(dir, 'ca.crt'));
  await ask('webhook_redeliver', id);
  signed(await target.next(1), hook.secret);
  await ask('webhook_save', 'webhook', target.url.replace('localhost',
    '127.0.0.1'), {}, true, hook.id);
  await ask('webhook_test', hook.id);
  await until('refused', async () => (await newest(hook.id)).tries === 1);
  assert.match((await newest(hook.id)).answer, /certificate/);
  await ask('webhook_delete', hook.id);
  target.close();
  await stop();
});

test('mail goes through the server that is set', async () => {
  const words = [];
  const server = net.createServer((s) => {
    let data = false;
    s.write('220 mail.test\r\n');
    s.on('error', () => {});
    s.on('data', (chunk) => {
      for (const line of String(chunk).split('\r\n').filter((l) => l)) {
        words.push(line);
        if (data && line !== '.') continue;
        if (line === 'DATA') { data = true; s.write('354 go\r\n'); continue; }
        data = false;
        s.write(line === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n');
      }
    });
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  await start();
  const hook = await ask('webhook_save', 'mail', 'me@shop.example');
  assert.equal(await ask('mail_server'), null);
  await assert.rejects(ask('mail_setServer', '127.0.0.1', 25, 'plain', 'me'),
    /mail address/);
  await ask('mail_setServer', '127.0.0.1', server.address().port, 'plain',
    'node@shop.example', '', 'hidden');
  assert.deepEqual(await ask('mail_server'), { host: '127.0.0.1',
    port: server.address().port, security: 'plain', user: '',
    from: 'node@shop.example' });
  await ask('webhook_test', hook.id);
  await until('taken', async () => (await newest(hook.id)).state === 'taken');
  assert.ok(words.includes('RCPT TO:<me@shop.example>'));
  const text = Buffer.from(words[words.indexOf('.') - 1], 'base64').toString();
  assert.match(text, /this is a test/);
  await stop();
  server.close();
});

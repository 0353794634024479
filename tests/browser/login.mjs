// login.mjs - HTTPS by the node's own authority, set-up by code, sessions and
// their end, in Chromium; and from Node with the authority verified.
// TEST_TIMEOUT=300
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { Node, run, folder, remove } from '../e2e/node.mjs';
import { CHROMIUM, launch, look, open } from './browser.mjs';

const skip = existsSync(CHROMIUM) ? false : 'no Chromium on this machine';
const PASSWORD = 'correct horse battery';
let node, browser, dir, ca;

const secure = (options = {}) => open(browser,
  { ignoreHTTPSErrors: true, ...options });

// By Node's own TLS, which trusts nothing but ca.
function get(path, options = {}) {
  return new Promise((resolve, reject) => {
    https.get({ host: '127.0.0.1', port: node.port, path, ca,
      servername: 'localhost', agent: false, ...options }, (r) => {
      let text = '';
      r.on('data', (d) => { text += d; });
      r.on('end', () => resolve({ status: r.statusCode, text,
        headers: r.headers }));
    }).on('error', reject);
  });
}

before(async () => {
  dir = folder();
  node = await Node.start(['run', '--db', join(dir, 'n.db'), '--ui.tls',
    'auto', '--http.vhosts', 'shop.example']);
  const r = await fetch(`http://127.0.0.1:${node.port}/ca.crt`);
  ca = await r.text();
  if (!skip) browser = await launch();
});
after(async () => {
  await browser?.close();
  assert.equal((await node.stop()).code, 0);
  remove(dir);
});

// Step by step after the administrator is made: what a step is for decides which
// follow, each may be skipped, a backup is made and verified.
async function firstMinutes(page) {
  const at = (id) => page.waitForSelector(`[data-test=welcome-${id}]`);
  const next = () => page.click('[data-test=next]');
  await at('language');
  assert.equal(await page.locator('.trail li').count(), 9);
  await next();
  await at('two');
  await look(page, 'welcome_two');
  await next();
  await at('for');
  await page.check('input[value=demo]');
  await page.waitForSelector('code:has-text("--demo-shop")');
  await page.check('input[value=node]');
  assert.equal(await page.locator('.trail li').count(), 7);
  await look(page, 'welcome_for');
  await next();
  await at('network');
  await next();
  await at('key');
  await page.waitForSelector('[data-test=new-key]');
  await look(page, 'welcome_key');
  await next();
  await at('told');
  await next();
  await at('backup');
  await page.click('[data-test=welcome-backup]');
  await page.waitForSelector('.notice.good:has-text("Made and verified")',
    { timeout: 60000 });
  await look(page, 'welcome_backup');
  await next();
  await page.waitForSelector('[data-test=start]');
  await page.waitForSelector('li[data-test=start-backup][data-done=true]');
}

test('HTTPS is trusted by the authority, for our names alone', async () => {
  for (const servername of ['localhost', 'shop.example']) {
    assert.equal((await get('/healthz', { servername })).status, 200);
  }
  await assert.rejects(get('/healthz', { servername: 'evil.example' }),
    { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  await assert.rejects(get('/healthz', { ca: undefined }),
    /self.signed|unable to/);
  await assert.rejects(get('/healthz', { maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1' }));
  const named = await get('/', { headers: { host: 'shop.example' } });
  assert.match(named.headers['strict-transport-security'], /^max-age=\d+$/);
  const local = await get('/', { headers: { host: 'localhost' } });
  assert.equal(local.headers['strict-transport-security'], undefined);
  assert.equal((await get('/', { headers: { host: 'evil.example' } })).status,
    403);
});

test('plain HTTP on the port is told where to go', async () => {
  const base = `http://127.0.0.1:${node.port}`;
  const page = await fetch(`${base}/blocks`, { redirect: 'manual' });
  assert.equal(page.status, 308);
  assert.equal(page.headers.get('location'),
    `https://127.0.0.1:${node.port}/blocks`);
  const call = await fetch(base, { method: 'POST', body: '{}',
    headers: { 'content-type': 'application/json' } });
  assert.equal(call.status, 426);
  assert.match(await call.text(), /https:\/\/127\.0\.0\.1.*\/ca\.crt/s);
  assert.equal((await fetch(`${base}/healthz`)).status, 200);
  const odd = await fetch(`${base}//evil.example/x`, { redirect: 'manual' });
  assert.equal(odd.headers.get('location'),
    `https://127.0.0.1:${node.port}/`);
});

async function fill(page, values) {
  for (const [id, text] of Object.entries(values)) {
    await page.fill(`#${id}`, text);
  }
  await page.click('main button.main');
}

test('set-up by the code, sessions, logging out', { skip }, async () => {
  const code = /code ([A-Z0-9-]{9})/.exec(node.stdout)[1];
  const small = { viewport: { width: 320, height: 640 }, bypassCSP: true };
  const page = await secure({ ...small, colorScheme: 'dark' });
  await page.goto(`${node.url}/login`);
  await page.waitForSelector('main a[href="/setup"]');
  await look(page, 'login_dark');
  await page.click('main a[href="/setup"]');
  await page.waitForSelector('#code');
  await look(page, 'setup_dark');
  await fill(page, { code: 'AAAA-AAAA', name: 'boss', password: PASSWORD });
  await page.waitForSelector('.notice.error:has-text("wrong code")');
  await fill(page, { code, name: 'boss', password: 'short' });
  await page.waitForSelector('.notice.error:has-text("10 characters")');
  await page.fill('#password', 'password12');
  await page.waitForSelector('[data-test=strength][data-level=bad]');
  // by the QR code of the banner: the code is in the address
  await page.goto('about:blank');
  await page.goto(`${node.url}/setup#${code.toLowerCase()}`);
  await page.waitForSelector('#code');
  assert.equal(await page.inputValue('#code'), code.toLowerCase());
  await fill(page, { name: 'boss', password: PASSWORD });
  await firstMinutes(page);
  await page.goto(`${node.url}/node`);
  await page.click('[data-test=trust] summary >> nth=0');
  assert.match(await page.textContent('[data-test=trust]'),
    /([0-9A-F]{2}:){31}[0-9A-F]{2}[^]*http:\/\/127\.0\.0\.1:\d+\/ca\.crt/i);
  await page.goto(`${node.url}/sessions`);
  await page.waitForSelector('h1:has-text("Sessions")');
  await page.waitForSelector('td:has-text("this one")');
  await look(page, 'sessions_dark');
  const [cookie] = await page.context().cookies();
  assert.deepEqual([cookie.name, cookie.secure, cookie.httpOnly,
    cookie.sameSite, cookie.path], ['__Host-cybermiles', true, true, 'Strict',
    '/']);
  assert.equal(await page.evaluate(() => document.cookie), '');
  // The second browser is logged in, then logged out by the first.
  const other = await secure(small);
  await other.goto(`${node.url}/login`);
  await fill(other, { name: 'boss', password: 'something else' });
  await other.waitForSelector('.notice.error:has-text("The name or the password '
    + 'is wrong"):has-text("admin reset")');
  await look(other, 'login_light');
  await fill(other, { name: 'BOSS', password: PASSWORD });
  await other.waitForSelector('td:has-text("this one")');
  await page.reload();
  await page.click('td button:has-text("End it")');
  await page.waitForFunction(() => document
    .querySelectorAll('td[data-label=End]').length === 1);
  await look(page, 'sessions_after');
  await other.reload();
  await other.waitForSelector('#password');
  await other.context().close();
  await page.click('td button:has-text("Log out")');
  await page.waitForSelector('#password');
  assert.equal((await page.context().cookies()).length, 0);
  await page.context().close();
});

test('an owner has what / refuses, and no other site has it', { skip },
  async () => {
    const page = await secure();
    await page.goto(`${node.url}/login`);
    await fill(page, { name: 'boss', password: PASSWORD });
    await page.waitForSelector('h1:has-text("Sessions")');
    const ask = (path, method) => page.evaluate(async ([at, name]) => {
      const r = await fetch(at, { method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: name,
          params: [] }) });
      return r.json();
    }, [path, method]);
    assert.equal((await ask('/', 'admin_nodeInfo')).error.code, -32601);
    assert.notEqual((await ask('/admin/rpc', 'admin_nodeInfo')).error?.code,
      -32601);
    const told = await page.evaluate((at) => new Promise((resolve) => {
      const s = new WebSocket(at);
      s.onopen = () => s.send('{"jsonrpc":"2.0","id":7,"method":"eth_chainId"}');
      s.onmessage = (m) => resolve(m.data);
      s.onerror = () => resolve('error');
    }), node.url.replace('https', 'wss'));
    assert.match(told, /"id":7,"result":"0x/);
    const [cookie] = await page.context().cookies();
    const post = (headers) => new Promise((resolve, reject) => {
      const q = https.request({ host: '127.0.0.1', port: node.port, ca,
        servername: 'localhost', path: '/admin/rpc', method: 'POST',
        agent: false, headers: { host: `127.0.0.1:${node.port}`,
          'content-type': 'application/json', ...headers } },
      (r) => { r.resume(); r.on('end', () => resolve(r.statusCode)); });
      q.on('error', reject);
      q.end('{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}');
    });
    const mine = `${cookie.name}=${cookie.value}`;
    assert.equal(await post({ cookie: mine }), 200);
    assert.equal(await post({ cookie: mine, origin: 'https://evil.example' }),
      403);
    assert.equal(await post({ cookie: mine, 'sec-fetch-site': 'cross-site' }),
      403);
    assert.equal(await post({ cookie: `cybermiles=${cookie.value}` }), 401);
    assert.equal(await post({}), 401);
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  });

test('a lost password is replaced on the machine; sessions outlive a restart',
  { skip }, async () => {
    const db = join(dir, 'n.db'), file = join(dir, 'password');
    const page = await secure();
    await page.goto(`${node.url}/login`);
    await fill(page, { name: 'boss', password: PASSWORD });
    await page.waitForSelector('td:has-text("this one")');
    const { port } = node;
    assert.equal((await node.stop()).code, 0);
    const again = ['run', '--db', db, '--ui.tls', 'auto', '--http.port',
      String(port)];
    node = await Node.start(again);
    await page.reload();
    await page.waitForSelector('td:has-text("this one")');
    assert.doesNotMatch(node.stdout, /First set-up/);
    assert.equal((await get('/healthz')).status, 200); // the same authority
    assert.equal((await node.stop()).code, 0);
    writeFileSync(file, 'another long password\n');
    const reset = run(['admin', 'reset', 'boss', '--db', db, '--password',
      file]);
    assert.equal(reset.status, 0, reset.stderr);
    node = await Node.start(again);
    await page.reload();
    await fill(page, { name: 'boss', password: 'another long password' });
    await page.waitForSelector('td:has-text("password reset for boss")');
    await page.context().close();
  });

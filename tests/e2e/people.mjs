// people.mjs - who may do what at a node: roles, invitations, the second
// factor, API tokens, policies of keys; over HTTP, with the command `admin`
// beside and without the node.
// TEST_TIMEOUT=240
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { Node, folder, remove, run, until } from './node.mjs';

const PASSWORD = 'correct horse battery';
const ORDERS = `0x${'0'.repeat(36)}1013`, MARKET = `0x${'0'.repeat(36)}1012`;
const OTHER = `0x${'5a'.repeat(20)}`;
let dir, db, ipc, node, key, ask;

// Who a browser is: its cookie, and what it sends.
class Browser {
  async send(path, body, headers = {}) {
    const r = await fetch(node.url + path, {
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      headers: { 'content-type': 'application/json',
        ...(this.cookie && { cookie: this.cookie }), ...headers } });
    const set = r.headers.get('set-cookie');
    if (set) [this.cookie] = set.split(';');
    return { status: r.status, ...await r.json().catch(() => ({})) };
  }

  async rpc(method, ...params) {
    return this.send('/admin/rpc', { jsonrpc: '2.0', id: 1, method, params });
  }

  async login(name, password = PASSWORD, code) {
    return this.send('/api/login', { name, password, ...(code && { code }) });
  }
}
const boss = new Browser();
const admin = (...args) => run(['admin', ...args, '--db', db, '--ipcpath', ipc]);

// RFC 6238 with what Node has.
function totp(secret, step = Math.floor(Date.now() / 30000)) {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
    .indexOf(c).toString(2).padStart(5, '0')).join('');
  const key20 = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const at = Buffer.alloc(8);
  at.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', key20).update(at).digest();
  const word = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(word % 1000000).padStart(6, '0');
}

// A selector of a module, by the node's own document of it.
async function call(module, name) {
  const info = await (await fetch(`${node.url}/abi/${module}.info.json`)).json();
  return info.methods.find((m) => m.signature.startsWith(`${name}(`)).selector;
}

before(async () => {
  dir = folder();
  db = join(dir, 'n.db');
  ipc = join(dir, 'n.ipc');
  ask = async (browser, to, data, value = '0') => browser.send('/api/send',
    { from: key, to, data, value, gas: 200000, password: 'k' });
  node = await Node.start(['run', '--db', db, '--ipcpath', ipc]);
  const code = /code ([A-Z0-9-]{9})/.exec(node.stdout)[1];
  assert.equal((await boss.send('/api/setup', { code, name: 'boss',
    password: PASSWORD })).status, 200);
  key = (await boss.rpc('personal_newAccount', 'k')).result;
  assert.match(key, /^0x[0-9a-f]{40}$/);
});
after(async () => {
  await node.stop();
  remove(dir);
});

async function invite(name, role) {
  const made = await boss.send('/api/users', { do: 'create', name, role });
  assert.equal(made.status, 200, JSON.stringify(made));
  const b = new Browser();
  const wrong = await b.send('/api/setup', { code: 'AAAA-AAAA', name,
    password: PASSWORD });
  assert.equal(wrong.status, 403);
  assert.equal((await b.send('/api/setup', { code: made.code, name,
    password: PASSWORD })).role, role);
  assert.equal((await new Browser().send('/api/setup', { code: made.code, name,
    password: PASSWORD })).status, 403); // once
  return b;
}

test('each role has the methods and calls of its rights, no others',
  async () => {
    const people = { owner: boss };
    for (const role of ['manager', 'cashier', 'accountant', 'mediator']) {
      people[role] = await invite(`the-${role}`, role);
    }
    const { table: rights } = await boss.send('/api/session');
    const has = (role, name) => rights.find((r) => r.name === name).roles
      .includes(role);
    const till = await call('Orders', 'createInvoice');
    const ship = await call('Orders', 'ship');
    const save = await call('Market', 'save');
    const methods = [['node_status', 'read'], ['webhook_list', 'notify'],
      ['admin_users', 'users'], ['admin_datadir', 'node'],
      ['personal_listAccounts', 'keys'], ['order_export', 'export'],
      ['personal_letterKey', 'orders']];
    const calls = [[ORDERS, till, 'till'], [ORDERS, ship, 'orders'],
      [MARKET, save, 'sell'], [OTHER, '0x', 'money']];
    for (const [role, browser] of Object.entries(people)) {
      const told = (await browser.send('/api/session')).rights;
      for (const { name } of rights) {
        assert.equal(told.includes(name), has(role, name), `${role} ${name}`);
      }
      for (const [method, right] of methods) {
        const { error } = await browser.rpc(method, {});
        assert.equal(error?.code === 4100, !has(role, right),
          `${role} ${method} ${JSON.stringify(error)}`);
        if (error?.code === 4100) assert.match(error.message, /owner/);
      }
      for (const [to, data, right] of calls) {
        const { error } = await ask(browser, to, data);
        assert.equal(error?.code === 'forbidden', !has(role, right),
          `${role} ${right} ${JSON.stringify(error)}`);
      }
      assert.equal((await browser.send('/api/users')).status,
        role === 'owner' ? 200 : 403);
      assert.equal((await browser.send('/api/audit')).status,
        role === 'owner' ? 200 : 403);
    }
    const no = await people.cashier.send('/api/users');
    assert.match(no.error.message, /needs the right users, which owner has/);
    // Over /admin/rpc the transaction itself is judged too.
    const sent = await people.cashier.rpc('eth_sendTransaction',
      { from: key, to: MARKET, data: save, gas: '0x30d40' });
    assert.equal(sent.error.code, 4100);
    assert.match(sent.error.message, /sell, which owner or manager have/);
    // An approval for a module is buying, for anybody else it is money.
    const approve = (who) => `0x095ea7b3${'0'.repeat(24)}${who.slice(2)}${
      '0'.repeat(63)}1`;
    assert.notEqual((await ask(people.manager, OTHER, approve(ORDERS))).error
      ?.code, 'forbidden');
    assert.equal((await ask(people.manager, OTHER, approve(OTHER))).error.code,
      'forbidden');
  });

test('users are changed, disabled, given codes, deleted; an owner stays',
  async () => {
    const change = (verb, name, more) => boss.send('/api/users', { do: verb,
      name, ...more });
    const b = new Browser();
    assert.equal((await b.login('the-cashier')).status, 200);
    assert.equal((await change('role', 'the-cashier', { role: 'mediator' }))
      .status, 200);
    assert.ok((await b.send('/api/session')).rights.includes('resolve'));
    assert.equal((await change('disable', 'the-cashier')).status, 200);
    assert.equal((await b.send('/api/session')).name, undefined);
    assert.equal((await b.login('the-cashier')).error.code, 'disabled');
    assert.equal((await change('enable', 'the-cashier')).status, 200);
    assert.equal((await b.login('the-cashier')).status, 200);
    const reset = await change('reset', 'the-cashier');
    assert.equal((await b.send('/api/session')).name, undefined);
    assert.equal((await b.login('the-cashier')).error.code, 'password');
    assert.equal((await b.send('/api/setup', { name: 'the-cashier',
      code: reset.code.toLowerCase(), password: 'another long password' }))
      .status, 200);
    assert.equal((await change('delete', 'the-cashier')).status, 200);
    assert.equal((await b.send('/api/session')).name, undefined);
    for (const verb of ['disable', 'delete', 'reset']) {
      assert.equal((await change(verb, 'boss')).error.code, 'last_owner');
    }
    assert.equal((await change('role', 'boss', { role: 'cashier' })).error.code,
      'last_owner');
    assert.equal((await change('create', 'boss', { role: 'owner' })).error.code,
      'exists');
    assert.equal((await change('role', 'nobody', { role: 'owner' })).status, 404);
    assert.equal((await change('king', 'boss')).status, 400);
    assert.equal((await boss.send('/api/profile', { language: 'de' })).status,
      200);
    assert.equal((await boss.send('/api/session')).language, 'de');
    assert.equal((await boss.send('/api/profile', { rename: 'the-manager' }))
      .error.code, 'exists');
    assert.equal((await boss.send('/api/profile', { rename: 'chef' })).status,
      200);
    assert.equal((await boss.send('/api/profile', { rename: 'boss' })).status,
      200);
    assert.equal((await boss.send('/api/confirm', { password: 'wrong' })).status,
      403);
    assert.equal((await boss.send('/api/confirm', { password: PASSWORD }))
      .status, 200);
  });

test('a second factor: codes once, recovery once, off on the machine',
  async () => {
    const b = await invite('second', 'manager');
    const { secret, uri } = await b.send('/api/totp', { do: 'begin' });
    assert.match(uri, new RegExp(`^otpauth://totp/.*secret=${secret}`));
    assert.equal((await b.send('/api/totp', { do: 'confirm', code: '000000' }))
      .status, 403);
    const { recovery } = await b.send('/api/totp', { do: 'confirm',
      code: totp(secret) });
    assert.equal(new Set(recovery).size, 10);
    const c = new Browser();
    assert.equal((await c.login('second')).error.code, 'second');
    // What set-up took is used up; the next step's counts, once.
    assert.equal((await c.login('second', PASSWORD, totp(secret))).error?.code,
      'second');
    const step = Math.floor(Date.now() / 30000) + 1;
    assert.equal((await c.login('second', PASSWORD, totp(secret, step))).status,
      200);
    assert.equal((await new Browser().login('second', PASSWORD,
      totp(secret, step))).error.code, 'second');
    assert.equal((await new Browser().login('second', PASSWORD,
      recovery[3].toUpperCase())).status, 200);
    assert.equal((await c.send('/api/session')).recoveryLeft, 9);
    const off = admin('disable-2fa', 'second');
    assert.equal(off.stdout, 'second logs in by password alone\n', off.stderr);
    assert.equal((await new Browser().login('second')).status, 200);
  });

test('API tokens: shown once, within their scopes, until revoked', async () => {
  const made = await boss.send('/api/tokens', { do: 'new', name: 'books',
    scopes: 'read, export', days: 30 });
  assert.match(made.token, /^cmt_[0-9a-f]{64}$/);
  const program = new Browser();
  const as = (token) => ({ authorization: `Bearer ${token}` });
  const rpc = (method, token = made.token) => program.send('/admin/rpc',
    { jsonrpc: '2.0', id: 1, method, params: [] }, as(token));
  assert.equal((await rpc('node_status')).result.chainId > 0, true);
  assert.equal((await rpc('admin_users')).error.code, 4100);
  assert.equal((await rpc('node_status', `cmt_${'0'.repeat(64)}`)).status, 401);
  assert.equal((await program.send('/api/users', undefined, as(made.token)))
    .status, 403);
  assert.equal((await program.send('/api/tokens', { do: 'new', name: 'more',
    scopes: 'all' }, as(made.token))).status, 403);
  // Neither from a cookie, nor at / ...
  assert.equal((await program.send('/admin/rpc', {}, { cookie:
    `cybermiles=${made.token}` })).status, 401);
  const open = await program.send('/', { jsonrpc: '2.0', id: 1,
    method: 'node_status', params: [] }, as(made.token));
  assert.equal(open.error.code, -32601);
  // ... and a bad one is not helped by a good cookie.
  assert.equal((await boss.send('/api/audit', undefined, as('cmt_x'))).status,
    401);
  const list = (await boss.send('/api/tokens')).tokens;
  assert.equal(list[0].scopes, 'read, export');
  assert.ok(list[0].usedMs > 0);
  assert.ok(!JSON.stringify(list).includes(made.token.slice(4, 20)));
  assert.equal((await boss.send('/api/tokens', { do: 'revoke', id: made.id }))
    .status, 200);
  assert.equal((await rpc('node_status')).status, 401);
  for (const [scopes, words] of [['king', /no scope king/], ['', /a scope is/]]) {
    const bad = await boss.send('/api/tokens', { do: 'new', name: 'x', scopes });
    assert.match(bad.error.message, words);
  }
  const wide = await boss.send('/api/tokens', { do: 'new', name: 'wide',
    scopes: 'all' });
  // A role that has less takes it from its tokens too.
  assert.equal((await boss.send('/api/tokens', { do: 'revoke', id: wide.id }))
    .status, 200);
  assert.equal((await boss.rpc('admin_tokens')).result.length, 0);
  const by = (await boss.rpc('admin_createToken', 'the-manager', 'x', 'all'))
    .result;
  assert.equal((await rpc('webhook_list', by.token)).status, 200);
  assert.equal((await rpc('admin_users', by.token)).error.code, 4100);
  assert.equal((await boss.rpc('admin_revokeToken', by.id)).result, true);
  assert.equal((await boss.rpc('admin_dropTwoFactor', 'the-manager')).result,
    true);
});

test('a key signs what its policy lets it, whoever asks', async () => {
  assert.equal((await boss.rpc('personal_policy', key)).result, null);
  const set = (p) => boss.rpc('personal_setPolicy', key, p);
  assert.match((await set({ rights: ['king'] })).error.message, /rights: a list/);
  assert.match((await set({ rights: ['till'], allow: ['0x1'] })).error.message,
    /addresses/);
  assert.deepEqual((await set({ rights: ['till', 'money'], daily: '1000',
    allow: [OTHER], unlockSeconds: 60 })).result, { rights: ['till', 'money'],
    daily: '0x3e8', spent: '0x0', allow: [OTHER], unlockSeconds: 60 });
  const code = async (...args) => (await ask(boss, ...args)).error;
  assert.match((await code(MARKET, await call('Market', 'save'))).message,
    /policy of key .* has not: sell/);
  assert.notEqual((await code(ORDERS, await call('Orders', 'createInvoice')))
    ?.code, 'policy');
  assert.match((await code(`0x${'6b'.repeat(20)}`, '0x')).message, /does not list/);
  // What was signed counts, though the chain refuses it: there is no money.
  assert.notEqual((await code(OTHER, '0x', '600'))?.code, 'policy');
  assert.match((await code(OTHER, '0x', '600')).message, /daily limit/);
  assert.equal((await boss.rpc('personal_policy', key)).result.spent, '0x258');
  // By other doors too, and unlocked no longer than it says.
  const s = await boss.rpc('personal_unlockAccount', key, 'k', 0);
  assert.equal(s.result, true);
  const wallet = (await boss.rpc('personal_listWallets')).result
    .find((w) => w.accounts[0].address === key);
  assert.ok(wallet.untilMs < Date.now() + 61000);
  const over = await boss.rpc('eth_sendTransaction', { from: key, to: OTHER,
    value: '0x258', gas: '0x5208' });
  assert.equal(over.error.code, 4100);
  assert.equal((await set({ rights: ['till'] })).result.daily, '0x0');
  assert.equal((await boss.rpc('personal_unlockAccount', key, 'k', 9)).result,
    true);
  assert.equal((await boss.rpc('eth_sign', key, '0x00')).error.code, 4100);
  // What opens letters is less than any message, and who may ship has it.
  const letters = await boss.rpc('personal_letterKey', key, 'k');
  assert.match(letters.error.message, /has not: orders/);
  await set({ rights: ['orders'] });
  assert.match((await boss.rpc('personal_letterKey', key, 'k')).result,
    /^0x[0-9a-f]{64}$/);
  assert.equal((await boss.rpc('personal_sign', '0x00', key, 'k')).error.code,
    4100);
  await set({ rights: ['till'] });
});

test('a login of before a restart gives its password again for what could be '
  + 'taken, and for nothing else', async () => {
  assert.equal((await node.stop()).code, 0);
  node = await Node.start(['run', '--db', db, '--ipcpath', ipc]);
  const { name, confirmed } = await boss.send('/api/session');
  assert.deepEqual([name, confirmed], ['boss', false]);
  const money = { from: key, to: OTHER, value: '0x1', gas: '0x5208' };
  const code = async (path, body) => (await boss.send(path, body)).error?.code;
  const wants = [() => code('/api/send', { ...money, value: '1', gas: 21000,
    password: 'k' }), () => code('/api/keys', { password: 'k' }),
  () => code('/api/users', { do: 'role', name: 'the-manager', role: 'owner' }),
  () => code('/api/tokens', { do: 'new', name: 'x', scopes: 'all' }),
  () => code('/api/totp', { do: 'begin' }),
  () => code('/api/sessions', { all: true }),
  ...[['personal_sendTransaction', money, 'k'], ['eth_sendTransaction', money],
    ['personal_unlockAccount', key, 'k', 9], ['personal_newAccount', 'k'],
    ['personal_sign', '0x00', key, 'k'], ['admin_users'],
    ['admin_createToken', 'boss', 'x', 'all']].map((args) => async () =>
    (await boss.rpc(...args)).error?.code)];
  for (const [i, ask] of wants.entries()) {
    assert.equal(await ask(), i < 6 ? 'confirm' : 4110, String(ask));
  }
  const trade = await ask(boss, ORDERS, await call('Orders', 'createInvoice'));
  assert.notEqual(trade.error?.code, 'confirm');
  assert.ok((await boss.rpc('node_status')).result);
  assert.ok((await boss.send('/api/users')).users.length > 1);
  assert.equal(await code('/api/confirm', { password: 'k' }), 'password');
  assert.equal(await wants[0](), 'confirm');
  assert.equal((await boss.send('/api/confirm', { password: PASSWORD })).status,
    200);
  assert.notEqual(await wants[0](), 'confirm');
  assert.ok((await boss.rpc('admin_users')).result);
});

test('behind a reverse proxy that was named, who asks is whom it tells of',
  async () => {
    const bad = run(['dev', '--http.port', '0', '--http.proxies', '10.0.0.0/33']);
    assert.equal(bad.status, 2, bad.stderr);
    assert.match(bad.stderr, /--http\.proxies: "10\.0\.0\.0\/33" is no address/);
    for (const [proxies, told, from, cookie] of [
      ['127.0.0.0/8, 2001:db8::/32', '6.6.6.6, 203.0.113.9', '203.0.113.9', true],
      ['127.0.0.1', '6.6.6.6,[2001:db8::7]:443 , 127.0.0.1', '2001:db8::7', true],
      ['127.0.0.1', 'unknown', '127.0.0.1', true],
      ['192.0.2.1', '203.0.113.9', '127.0.0.1', false]]) {
      const other = await Node.start(['dev', '--http.proxies', proxies]);
      const send = (path, body, headers) => fetch(other.url + path, {
        method: body ? 'POST' : 'GET', body: body && JSON.stringify(body),
        headers: { 'content-type': 'application/json', 'x-forwarded-for': told,
          'x-forwarded-proto': 'https', ...headers } });
      const made = await send('/api/setup', { name: 'boss', password: PASSWORD,
        code: /code ([A-Z0-9-]{9})/.exec(other.stdout)[1] },
      { origin: other.url.replace('http:', cookie ? 'https:' : 'http:') });
      assert.equal(made.status, 200, proxies);
      const set = made.headers.get('set-cookie');
      assert.equal(/^__Host-.*; Secure/.test(set), cookie, set);
      const { audit } = await (await send('/api/audit', undefined,
        { cookie: set.split(';')[0] })).json();
      assert.equal(audit.find((a) => a.event === 'setup.done').address, from);
      assert.equal((await other.stop()).code, 0);
    }
  });

test('admin beside and without the node: tokens, second factor, passwords',
  async () => {
    const made = JSON.parse(admin('token', 'new', 'boss', 'cron', 'read', '7',
      '--json').stdout);
    const status = (token) => fetch(`${node.url}/admin/rpc`, { method: 'POST',
      headers: { 'content-type': 'application/json',
        authorization: `Bearer ${token}` },
      body: '{"jsonrpc":"2.0","id":1,"method":"node_status"}' })
      .then((r) => r.status);
    assert.equal(await status(made.token), 200);
    assert.match(admin('token', 'list').stdout, /^\d+ cron: read \(last/);
    assert.equal(admin('token', 'revoke', String(made.id)).status, 0);
    assert.equal(await status(made.token), 401);
    assert.notEqual(admin('token', 'revoke', String(made.id)).status, 0);
    // A backup is made and verified when asked for.
    const { result: to } = await boss.rpc('node_backup');
    await until('a backup', async () => (await boss.rpc('node_status')).result
      .lastBackupMs, 60000);
    assert.equal(readdirSync(to).length, 1);
    const { result: log } = await boss.rpc('node_log', 100);
    assert.ok(log.length && log.length <= 100 && log.every((l) => l.length));
    assert.ok(log.some((l) => /backup\s+made folder=/.test(l)), log.at(-1));
    await node.stop();
    const off = JSON.parse(admin('token', 'new', 'boss', 'off', 'all', '--json')
      .stdout);
    assert.match(admin('token', 'new', 'nobody', 'off', 'all').stderr,
      /no user nobody/);
    const file = join(dir, 'pw');
    writeFileSync(file, 'a third long password\n');
    assert.equal(admin('reset-password', 'boss', '--password', file).status, 0);
    assert.equal(admin('disable-2fa', 'boss').status, 0);
    assert.equal(admin('token').status, 2);
    node = await Node.start(['run', '--db', db, '--ipcpath', ipc]);
    assert.equal(await status(off.token), 200);
    assert.equal((await boss.login('boss', 'a third long password')).status,
      200);
    assert.equal((await boss.rpc('personal_policy', key)).result.rights[0],
      'till');
  });

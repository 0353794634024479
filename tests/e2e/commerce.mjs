// commerce.mjs - the methods of commerce over JSON-RPC: a shop made by ethers
// (list, search, order, review, message, invoice, export), the demo shop for
// every other method, content and hostile documents, tables made anew, and a
// node killed in the middle.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { Node, folder, run } from './node.mjs';

const PHRASE = 'test test test test test test test test test test test junk';
const ADDRESS = { Identity: 0x1010, Platforms: 0x1011, Market: 0x1012,
  Orders: 0x1013 };
const ZERO = ethers.ZeroAddress;
const NONE = ethers.ZeroHash;
let node, file, provider, seller, buyer, other, at;

const who = (i) => ethers.HDNodeWallet.fromPhrase(PHRASE, undefined,
  `m/44'/60'/0'/0/${i}`).connect(provider);
async function start() {
  node = await Node.start(['dev', '--db', file]);
  provider = new ethers.JsonRpcProvider(node.url, undefined,
    { cacheTimeout: -1 });
  provider.pollingInterval = 20;
  [seller, buyer, other] = [0, 1, 2].map(who);
  at = {};
  for (const [name, n] of Object.entries(ADDRESS)) {
    const abi = await (await fetch(`${node.url}/abi/${name}.json`)).json();
    at[name] = new ethers.Contract(`0x${n.toString(16).padStart(40, '0')}`,
      abi, seller);
  }
}
async function stop() {
  provider.destroy();
  assert.deepEqual(await node.stop(), { code: 0, signal: null });
}
before(async () => {
  file = join(folder(), 'shop.db');
  await start();
});
after(async () => { if (node) await stop(); });

const ask = async (method, ...params) => {
  const r = await node.raw(method, params);
  assert.ok(!r.error, `${method}: ${JSON.stringify(r.error)}`);
  return r.result;
};
const refused = async (method, ...params) =>
  (await node.raw(method, params)).error;
const hex = (text) => ethers.hexlify(ethers.toUtf8Bytes(text));
const put = (text) => ask('content_put', hex(text));
const send = async (as, name, method, ...args) => {
  const to = at[name].connect(as);
  // What a deadline's first entry in its second costs an estimate cannot know.
  const last = args.at(-1);
  const more = last?.value !== undefined ? args.pop() : {};
  const receipt = await (await to[method](...args,
    { gasLimit: 3000000n, ...more })).wait();
  assert.equal(receipt.status, 1);
  return receipt;
};
const listing = (doc, price, category = 7) => [1, category, doc, ZERO, price,
  0n, 86400, 86400, 86400, 14, 1000, 0, ZERO, 0, 0n, 0n, 0n];
const variant = (index, price, stock) => [index, price, stock, NONE, true];
const place = (id, version, total, more = {}) => [seller.address,
  [[id, version, more.variant ?? 0, more.qty ?? 1]], '0x0000000000000000',
  ZERO, total, 0n, ZERO, 0n, '0x', 0n, 0n, NONE,
  more.ref ?? NONE];

test('a listing is found by the words of its document, once it is here',
  async () => {
    const doc = '{"body":"Gießkanne, zwei Liter","tags":["garden"],'
      + '"title":"Watering can","variants":["red","blue"]}';
    const hash = ethers.keccak256(hex(doc));
    const status = await ask('content_status', hash);
    assert.equal(status.here, false);
    assert.equal(status.known, false);
    await send(seller, 'Market', 'save', 0n, ZERO, listing(hash, 500n),
      [variant(0, 0n, 10), variant(1, 600n, 2)]);
    assert.equal((await ask('content_status', hash)).known, true);
    let got = await ask('market_get', 1);
    assert.equal(got.docHash, hash);
    assert.equal(got.document, null);
    assert.equal(got.docOk, false);
    assert.equal((await ask('market_search', { q: 'watering' })).items.length,
      0);
    const kept = await put(doc);
    assert.deepEqual([kept.hash, kept.type, kept.until],
      [hash, 'application/json', null]);
    got = await ask('market_get', 1);
    assert.equal(got.document.title, 'Watering can');
    assert.equal(got.title, 'Watering can');
    assert.equal(got.price, '0x1f4');
    assert.equal(got.state, 'active');
    assert.equal(got.stock, 12);
    assert.deepEqual(got.variants.map((v) => [v.index, v.stock, v.active]),
      [[0, 10, true], [1, 2, true]]);
    assert.equal(got.deadline.owner, 'seller');
    assert.equal(got.deadline.exit, 'expires');
    assert.deepEqual(got.timeline.map((e) => e.event).sort(),
      ['ListingSaved', 'VariantsSaved']);
    for (const q of ['watering', 'gießkan', 'GARDEN', 'blue', 'can Watering']) {
      const { items } = await ask('market_search', { q });
      assert.deepEqual(items.map((i) => i.id), [1], q);
    }
    for (const q of ['"', '*', 'title:x', 'a" OR "b', "'; DROP TABLE x", '(',
      'NEAR(', '', '^', '-'])
      await ask('market_search', { q });
    assert.deepEqual((await ask('market_variants', { listing: 1 })).items
      .map((v) => v.index), [0, 1]);
  });

test('searches filter, sort and page; an unknown filter is named', async () => {
  for (let i = 0; i < 12; i++) {
    const doc = `{"tags":["pot"],"title":"Pot number ${i}"}`;
    await put(doc);
    await send(seller, 'Market', 'save', 0n, ZERO,
      listing(ethers.keccak256(hex(doc)), BigInt(1000 - 50 * i), 8 + i % 2),
      [variant(0, 0n, i)]);
  }
  const all = [];
  for (let cursor; ;) {
    const page = await ask('market_search',
      { q: 'pot', sort: 'price', limit: 5, cursor, documents: false });
    all.push(...page.items);
    assert.equal(page.items[0].document, undefined);
    cursor = page.next;
    assert.ok(all.length < 20);
    if (!cursor) break;
  }
  assert.equal(all.length, 12);
  const price = all.map((i) => BigInt(i.price));
  assert.deepEqual(price, [...price].sort((a, b) => (a < b ? -1 : 1)));
  assert.equal(new Set(all.map((i) => i.id)).size, 12);
  const down = await ask('market_search', { sort: 'priceDown', limit: 1 });
  assert.equal(down.items[0].price, '0x3e8');
  for (const [filter, cnt] of [[{ category: 8 }, 6], [{ priceMax: '0x1f4' }, 3],
    [{ priceMin: 700, priceMax: 800 }, 3], [{ seller: buyer.address }, 0],
    [{ category: 8, inStock: true }, 5], [{ kind: 2 }, 0],
    [{ zone: 'DE' }, 13], [{ token: ZERO, category: 9 }, 6],
    [{ minRating: 100 }, 0], [{ q: 'pot number 3' }, 1]]) {
    const { items } = await ask('market_search', { limit: 100, ...filter });
    assert.equal(items.length, cnt, JSON.stringify(filter));
  }
  const facets = await ask('market_facets', { q: 'pot' });
  assert.deepEqual(facets.category,
    [{ value: 8, count: 6 }, { value: 9, count: 6 }]);
  const e = await refused('market_search', { colour: 'red' });
  assert.equal(e.code, -32602);
  assert.match(e.message, /category, seller, .*priceMin/);
  for (const bad of [{ limit: 0 }, { limit: 201 }, { cursor: 'n1' },
    { cursor: 'n1.x' }, { cursor: 'bzz.1' }, { sort: 'colour' },
    { seller: '0x12' }, { state: 'gone' }, { priceMin: -1 }, { q: 5 }])
    assert.equal((await refused('market_search', bad))?.code, -32602,
      JSON.stringify(bad));
  assert.equal((await refused('market_search', [1])).code, -32602);
});

test('an order runs, is reviewed and written about', async () => {
  const ref = ethers.encodeBytes32String('cart 7');
  const first = await ask('market_get', 1);
  await send(buyer, 'Orders', 'place',
    place(1n, first.version, 1000n, { qty: 2, ref }), { value: 1000n });
  let o = await ask('order_get', 1);
  assert.equal(o.state, 'paid');
  assert.equal(o.deadline.owner, 'seller');
  assert.match(o.deadline.exit, /cancelled/);
  assert.deepEqual([o.total, o.held, o.released], ['0x3e8', '0x3e8', '0x0']);
  assert.deepEqual(o.lines, [{ listing: 1, variant: 0, qty: 2,
    unit: '0x1f4' }]);
  assert.equal(o.title, 'Watering can');
  assert.equal((await ask('market_get', 1)).stock, 10);
  const todo = async (w) => (await ask('order_todo', w.address)).items
    .filter((t) => t.module === 'orders').map((t) => t.kind);
  assert.deepEqual(await todo(seller), ['ship']);
  assert.deepEqual(await todo(buyer), []);
  await send(seller, 'Orders', 'ship', 1n, NONE);
  assert.deepEqual(await todo(buyer), ['confirm']);
  await send(buyer, 'Orders', 'confirm', 1n);
  const good = '{"text":"Does not drip."}';
  await put(good);
  await send(buyer, 'Market', 'review', 1n, 5, ethers.keccak256(hex(good)));
  o = await ask('order_get', 1);
  assert.deepEqual([o.state, o.held, o.released],
    ['completed', '0x0', '0x3e8']);
  assert.deepEqual(o.timeline.map((e) => e.event), ['OrderPlaced', 'OrderState',
    'Shipped', 'Released', 'OrderState', 'ReviewSaved']);
  assert.equal(o.timeline[1].stateWord, 'shipped');
  assert.deepEqual(o.reviews[0].text, { text: 'Does not drip.' });
  const rated = await ask('market_get', 1);
  assert.deepEqual([rated.rating, rated.ratingW, rated.sold], [500, 1, 2]);
  assert.equal((await ask('market_search', { minRating: 450 })).items.length,
    1);
  const rep = await ask('id_reputation', seller.address);
  assert.equal(rep.inputs.reviewSum, 5);
  const [record, rating, score] = await at.Identity.reputation(seller.address);
  assert.equal(record.sold, BigInt(rep.inputs.sold));
  assert.deepEqual([rep.ratingX100, rep.score], [Number(rating),
    Number(score)]);
  for (const [filter, cnt] of [[{ buyer: buyer.address }, 1],
    [{ seller: seller.address, state: 'completed' }, 1], [{ ref }, 1],
    [{ party: other.address }, 0], [{ listing: 1 }, 1], [{ listing: 2 }, 0],
    [{ state: 'paid' }, 0], [{ q: '1' }, 1], [{ q: '#1' }, 1], [{ q: '2' }, 0],
    [{ q: buyer.address }, 1], [{ q: other.address }, 0],
    [{ q: 'watering', seller: seller.address }, 1], [{ q: 'nowhere' }, 0]])
    assert.equal((await ask('order_list', filter)).items.length, cnt,
      JSON.stringify(filter));
  await send(seller, 'Identity', 'create', 1, NONE, ethers.id('a'));
  await send(buyer, 'Identity', 'create', 1, NONE, ethers.id('b'));
  const sealed = await put('\u0001 nobody can read this');
  assert.equal(sealed.type, 'application/octet-stream');
  assert.ok(sealed.until > 0);
  await send(buyer, 'Market', 'message', seller.address, 1n, sealed.hash);
  assert.equal((await ask('content_status', sealed.hash)).until, null);
  const [thread] = (await ask('market_threads',
    { party: seller.address })).items;
  assert.equal(thread.with, buyer.address.toLowerCase());
  assert.equal(thread.content, sealed.hash);
  assert.equal((await ask('market_messages', { order: 1 })).items.length, 1);
  const sum = await ask('order_summary', { seller: seller.address });
  assert.equal(sum.items[0].released, '0x3e8');
});

test('exports hold no formulas', async () => {
  const doc = '{"title":"=cmd|\' /C calc\'!A1"}';
  await put(doc);
  await send(seller, 'Market', 'save', 0n, ZERO,
    listing(ethers.keccak256(hex(doc)), 5n), [variant(0, 0n, 1)]);
  const csv = await ask('market_export', { seller: seller.address });
  assert.equal(csv.format, 'csv');
  assert.match(csv.text, /"'=cmd\|' \/C calc'!A1"\r\n$/);
  const json = await ask('market_export',
    { seller: seller.address, format: 'json' });
  assert.equal(JSON.parse(json.text).at(-1).title, "=cmd|' /C calc'!A1");
  const lines = await ask('order_export',
    { seller: seller.address, lines: true });
  assert.match(lines.text, /^"order","n","listing"/);
  assert.equal((await refused('market_export',
    { seller: seller.address, format: 'pdf' })).code, -32602);
});

test('hostile documents are refused, or served as what they are', async () => {
  const refusals = [
    ['<svg onload="alert(1)"/>', /SVG, HTML/],
    ['\ufeff  <!doctype html><script>1</script>', /SVG, HTML/],
    ['<?xml version="1.0"?><svg/>', /SVG, HTML/],
    ['{"a":1,"a":2}', /twice/], ['{"b":1,"a":2}', /ascend/],
    ['{"a": 1}', /blank/], ['{"a":1.5}', /no integer/],
    ['{"a":1e3}', /no integer/], ['{"a":01}', /leading zero/],
    ['{"a":12345678901234567}', /16 digits/], ['{"a":"\\u0041"}', /escape/],
    ['{"a":"\u0001"}', /control/], ['{"a":"x"', /comma/],
    ['{"a":"x"} ', /behind/], ['{', /text is missing/],
    ['['.repeat(40) + ']'.repeat(40), /16 levels/],
    [`{"a":"${'x'.repeat(17000)}"}`, /at most 16384/],
  ];
  for (const [text, why] of refusals) {
    const e = await refused('content_put', hex(text));
    assert.equal(e?.code, -32602, text.slice(0, 40));
    assert.match(e.message, why, text.slice(0, 40));
  }
  assert.equal((await refused('content_put', '0x7b2261223a22ff227d')).code,
    -32602);
  assert.equal((await refused('content_put',
    `0x${'00'.repeat(524289)}`)).code, -32602);
  const evil = '{"body":"\u202egnp.exe","title":'
    + '"</script><script>alert(1)</script>"}';
  const { hash } = await put(evil);
  const r = await fetch(`${node.url}/content/${hash}`);
  assert.equal(r.status, 200);
  assert.equal(r.headers.get('content-type'), 'application/json');
  assert.equal(r.headers.get('content-security-policy'),
    "sandbox; default-src 'none'");
  assert.equal(r.headers.get('x-content-type-options'), 'nosniff');
  assert.match(r.headers.get('cache-control'), /immutable/);
  assert.equal(await r.text(), evil);
  const png = `0x89504e470d0a1a0a${Buffer.from('<script>').toString('hex')}`;
  const image = await ask('content_put', png);
  assert.equal(image.type, 'image/png');
  const served = await fetch(`${node.url}/content/${image.hash}`);
  assert.equal(served.headers.get('content-type'), 'image/png');
  assert.equal((await ask('content_get', image.hash)).bytes, png);
  // Each is what its first bytes are, in a sandbox, whatever else is in it.
  for (const [text, type] of [
    ['GIF89a/*\x01\0\x01\0*/=1;alert(1)//<svg onload=alert(1)>', 'image/gif'],
    ['\xff\xd8\xff\xfe\0\x10<script>alert(1)</script>', 'image/jpeg'],
    ['%PDF-1.7 <html><script>alert(1)</script>', 'application/pdf'],
    ['PK\x03\x04<html>', 'application/octet-stream'],
    ['alert(1)//<html>', 'application/octet-stream']]) {
    const one = await ask('content_put',
      ethers.hexlify(Buffer.from(text, 'latin1')));
    assert.equal(one.type, type);
    const got = await fetch(`${node.url}/content/${one.hash}`);
    const { headers } = got;
    assert.equal(headers.get('content-type'), type);
    assert.equal(headers.get('content-security-policy'),
      "sandbox; default-src 'none'");
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin');
    assert.equal(headers.get('content-disposition'),
      type === 'application/octet-stream' ? 'attachment' : null);
    assert.equal(Buffer.from(await got.arrayBuffer()).toString('latin1'), text);
  }
  assert.equal((await fetch(`${node.url}/content/${NONE}`)).status, 404);
  assert.equal((await fetch(`${node.url}/content/x`)).status, 404);
  assert.equal(await ask('content_get', NONE), null);
});

test('events come by subscription, from a height on', async () => {
  const ws = new ethers.WebSocketProvider(node.url.replace('http', 'ws'));
  const got = [];
  const seen = async (what) => {
    while (!got.some(what)) await new Promise((r) => setTimeout(r, 20));
  };
  const id = await ws.send('eth_subscribe', ['commerce', { module: 'orders',
    party: buyer.address, fromHeight: 1 }]);
  ws._register(id, { pollingInterval: 0, start() {}, stop() {}, pause() {},
    resume() {}, _handleMessage: (m) => got.push(m),
    _emit: (p, m) => got.push(m) });
  const placed = (order) => (e) => e.event === 'OrderPlaced' && e.id === order;
  await seen(placed(1)); // of the past
  assert.ok(placed(1)(got[0]));
  assert.equal(got[0].buyer, buyer.address.toLowerCase());
  const first = await ask('market_get', 1);
  await send(buyer, 'Orders', 'place', place(1n, first.version, 500n),
    { value: 500n });
  await seen(placed(2));
  assert.ok(got.every((e) => e.module === 'orders'));
  await assert.rejects(ws.send('eth_subscribe', ['commerce', { x: 1 }]));
  await ws.destroy();
});

async function everything() {
  const all = {};
  for (const [m, ...p] of [['market_search', { limit: 200, state: 'any' }],
    ['order_list', { limit: 200 }], ['market_reviews', {}],
    ['market_variants', { listing: 1 }], ['market_messages', { order: 1 }],
    ['id_list', {}], ['market_search', { q: 'pot', limit: 200 }],
    ['market_stats', {}], ['order_get', 1], ['market_get', 1],
    ['id_reputation', seller.address], ['timer_list', {}]])
    all[`${m} ${JSON.stringify(p)}`] = await ask(m, ...p);
  return all;
}

test('blocks taken back take their rows along', async () => {
  const was = await everything();
  const id = await ask('evm_snapshot');
  await send(seller, 'Market', 'setPaused', 1n, true);
  assert.equal((await ask('market_get', 1)).state, 'paused');
  assert.equal((await ask('market_search', { q: 'watering' })).items.length, 0);
  await ask('evm_revert', id);
  assert.deepEqual(await everything(), was);
});

test('a storefront shows what can be ordered there; closed listings are removed',
  async () => {
    const bond = { value: ethers.parseEther('100') };
    for (const mode of [0, 1])
      await send(other, 'Platforms', 'register', NONE, NONE, 100, 0, mode, 0n,
        bond);
    const [chosen, open] = (await ask('platform_list',
      { operator: other.address })).items.map((p) => p.id);
    const [first] = (await ask('market_search', { q: 'pot' })).items;
    // Whether a storefront shows a listing, which is what the chain says.
    const shown = async (id, platform) => {
      const { items } = await ask('market_search', { platform, limit: 200 });
      const is = items.some((l) => l.id === id);
      assert.equal(is, await at.Platforms.shownOn(id, platform));
      return is;
    };
    assert.equal(await shown(first.id, open), true);
    assert.equal(await shown(first.id, chosen), false);
    await send(seller, 'Platforms', 'post', first.id, [chosen]);
    assert.equal(await shown(first.id, chosen), false);
    await send(other, 'Platforms', 'decide', chosen, first.id, true, 0, NONE);
    assert.equal(await shown(first.id, chosen), true);
    for (const id of [open, chosen]) {
      await send(other, 'Platforms', 'pause', id);
      assert.equal(await shown(first.id, id), false);
      assert.deepEqual((await ask('market_facets', { platform: id })).category,
        []);
      await send(other, 'Platforms', 'resume', id);
      assert.equal(await shown(first.id, id), true);
    }
    const posts = async (filter) => (await ask('platform_posts', filter)).items
      .map((p) => [p.listing, p.state, p.listingState, p.title]);
    const is = [[first.id, 'shown', 'active', first.title]];
    assert.deepEqual(await posts({ listing: first.id }), is);
    const block = await ask('evm_snapshot');
    await send(seller, 'Market', 'close', first.id);
    const gone = [[first.id, 'removed', 'closed', first.title]];
    assert.deepEqual(await posts({ listing: first.id }), gone);
    assert.deepEqual(await posts({ platform: chosen, state: 'shown' }), []);
    // What the chain still tells of the post does not bring it back.
    await send(other, 'Platforms', 'hide', chosen, first.id, 1, NONE);
    assert.deepEqual(await posts({ listing: first.id }), gone);
    await send(other, 'Platforms', 'hide', open, first.id, 1, NONE);
    assert.deepEqual((await posts({ listing: first.id })).map((p) => p[1]),
      ['removed', 'removed']);
    await ask('evm_revert', block);
    assert.deepEqual(await posts({ listing: first.id }), is);
    const again = await ask('evm_snapshot');
    await send(seller, 'Market', 'close', first.id);
    assert.deepEqual(await posts({ listing: first.id }), gone);
    await ask('evm_revert', again); // no event of Platforms above it
    assert.deepEqual(await posts({ platform: chosen, state: 'shown' }), is);
    await send(seller, 'Market', 'close', first.id);
  });

test('tables made anew are the same; killed in between they go on', async () => {
  const was = await everything();
  await stop();
  for (const module of ['market', 'all']) {
    const r = run(['reindex', '--db', file, '--module', module, '--json']);
    assert.equal(r.status, 0, r.stderr);
    assert.equal(JSON.parse(r.stdout).done, true);
  }
  assert.notEqual(run(['reindex', '--db', file, '--module', 'x']).status, 0);
  await start();
  assert.deepEqual(await everything(), was);
  const before = await provider.getBlockNumber();
  const first = await ask('market_get', 1);
  await Promise.allSettled([1, 2, 3].map((i) => send(who(2 + i), 'Orders',
    'place', place(1n, first.version, 500n), { value: 500n })));
  node.child.kill('SIGKILL');
  await node.exited;
  provider.destroy();
  await start();
  const orders = (await ask('order_list', { limit: 200 })).items;
  assert.equal(BigInt(orders[0].id), BigInt(orders.length));
  assert.ok(await provider.getBlockNumber() >= before);
  const after_kill = await everything();
  await stop();
  const r = run(['reindex', '--db', file, '--module', 'all']);
  assert.equal(r.status, 0, r.stderr);
  await start();
  assert.deepEqual(await everything(), after_kill);
});

test('every method answers on the demo shop', async () => {
  const demo = await Node.start(['dev', '--demo-shop']);
  const q = async (method, ...params) => {
    const r = await demo.raw(method, params);
    assert.ok(!r.error, `${method}: ${JSON.stringify(r.error)}`);
    return r.result;
  };
  const me = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
  try {
    while ((await q('order_list', { limit: 200 })).items.length < 190)
      await new Promise((r) => setTimeout(r, 200));
    const lists = ['id_list', 'id_claims', 'id_consents', 'id_issuers',
      'id_operators', 'id_sanctions', 'platform_list', 'platform_posts',
      'platform_categories', 'market_search', 'market_variants',
      'market_shipTables', 'market_reviews', 'market_coupons',
      'market_messages', 'order_list', 'order_invoices', 'order_milestones',
      'order_plans', 'order_subscriptions', 'mediation_list',
      'mediation_mediators', 'court_list', 'court_rulings', 'timer_list'];
    for (const m of lists) {
      const r = await q(m, {});
      assert.ok(Array.isArray(r.items), m);
      assert.ok(r.height > 0, m);
      if (m === 'timer_list') continue;
      const e = (await demo.raw(m, [{ nonsense: 1 }])).error;
      assert.equal(e?.code, -32602, m);
    }
    const rows = { market_coupon: 'market_coupons',
      order_invoice: 'order_invoices', order_plan: 'order_plans',
      order_subscription: 'order_subscriptions', market_get: 'market_search',
      order_get: 'order_list', platform_get: 'platform_list' };
    for (const [get, list] of Object.entries(rows)) {
      assert.equal(await q(get, 999999), null);
      for (const item of (await q(list, { limit: 3 })).items) {
        const one = await q(get, item.id);
        assert.ok(one.timeline.length > 0, get);
        assert.equal(one.state, item.state);
        assert.ok('at' in one.deadline && 'owner' in one.deadline);
      }
    }
    for (const get of ['mediation_get', 'court_get'])
      assert.equal(await q(get, 999999), null);
    const courts = (await q('court_courts')).items;
    assert.equal(courts.length, 5);
    assert.equal(courts[0].id, 1);
    assert.ok((await q('court_rules')).items.length >= 7);
    assert.deepEqual((await q('court_myDuty', me)).items, []);
    assert.equal(await q('court_jurorStats', me), null);
    const peers = async (f) => (await q('mediation_mediators', f)).items;
    const [peer] = await peers({});
    const [, code] = peer.languages.match(/^0x(.{4})/);
    const language = Buffer.from(code, 'hex').toString();
    assert.ok((await peers({ category: 69, language })).length > 0);
    assert.equal((await peers({ language: 'qq' })).length, 0);
    const cost = await q('mediation_preview', { subject: 1, bps: 5000 });
    assert.ok(BigInt(cost.deposit) > 0n);
    const [job] = (await q('order_list', { state: 'milestones' })).items;
    const [step] = (await q('order_milestones', { order: job.id })).items;
    const ofStep = await q('mediation_preview', { subject: job.id,
      part: step.index, bps: 10000 });
    assert.equal(ofStep.buyerGets, step.amount);
    assert.equal(await q('mediation_preview', { subject: job.id, part: 99 }),
      null);
    for (const m of ['id_params', 'platform_params', 'market_params',
      'order_params', 'mediation_params', 'court_params'])
      assert.ok((await q(m)).every((p) => p.name && 'value' in p));
    const id = await q('id_get', 'harbour-roast');
    assert.equal(id.anchor, me);
    assert.equal((await q('id_get', me)).handle, 'harbour-roast');
    assert.equal(await q('id_get', 'nobody-at-all'), null);
    const did = await q('id_did', `did:cmt:31337:${me}`);
    assert.equal(did.id.toLowerCase(), `did:cmt:31337:${me}`);
    assert.ok((await q('id_guardianOf', me)).items);
    assert.ok((await q('id_reputation', me)).score >= 0);
    assert.equal((await q('id_list', { q: 'harbour' })).items.length, 1);
    const bazaars = (await q('platform_list', { q: 'bazaar' })).items;
    assert.equal(bazaars.length, 1);
    const [shown] = (await q('market_search', { platform: bazaars[0].id }))
      .items;
    assert.ok((await q('platform_list', { category: shown.category })).items
      .some((p) => p.id === bazaars[0].id));
    assert.equal((await q('platform_list', { category: 999999 })).items.length,
      0);
    assert.ok((await q('platform_income', { id: 1 })).items.length > 0);
    assert.ok((await q('market_facets', {})).category.length > 5);
    assert.ok((await q('market_stats', { seller: me })).orders > 10);
    assert.ok((await q('market_threads', { party: me })).items);
    assert.match((await q('market_export', { seller: me })).text, /Pier/);
    assert.ok((await q('order_todo', me)).items.some((t) => t.kind === 'ship'));
    assert.ok((await q('order_summary', { seller: me,
      period: 'day' })).items.length > 5);
    // Counted by state and by buyer, what is sold is the same.
    const sold = (await q('market_stats', { seller: me })).orders;
    const count = (items) => items.reduce((n, i) => n + i.orders, 0);
    const sum = (items, key) => items.reduce((n, i) => n + BigInt(i[key]), 0n);
    const states = (await q('order_states', { seller: me })).items;
    assert.equal(count(states), sold);
    const held = [];
    for (let next; next !== null;) {
      const page = await q('order_list', { seller: me, heldMin: '0x1',
        limit: 20, ...(next && { cursor: next }) });
      held.push(...page.items);
      next = page.next;
    }
    assert.ok(held.length > 20);
    assert.equal(sum(held, 'held'), sum(states, 'held'));
    const all = (await q('order_customers', { seller: me })).items;
    assert.equal(count(all), sold);
    assert.equal(sum(all.flatMap((c) => c.spent), 'total'),
      sum(states, 'total'));
    const [first] = all;
    assert.ok(first.name && first.lastAt >= all.at(-1).lastAt);
    for (const sort of ['new', 'orders']) {
      const paged = [];
      for (let cursor; cursor !== null;) {
        const page = await q('order_customers', { seller: me, sort, limit: 2,
          ...(cursor && { cursor }) });
        paged.push(...page.items);
        cursor = page.next;
      }
      assert.deepEqual(paged.map((c) => c.buyer).sort(),
        all.map((c) => c.buyer).sort());
    }
    for (const who of [{ q: first.buyer }, { buyer: first.buyer },
      { q: first.name.split(' ')[0] }]) {
      assert.deepEqual((await q('order_customers', { seller: me, ...who }))
        .items, [first]);
    }
    assert.equal(count((await q('order_states', { buyer: first.buyer }))
      .items) >= first.orders, true);
    for (const [m, bad] of [['order_states', {}], ['order_customers', {}],
      ...[{ sort: 'up' }, { limit: 201 }, { cursor: 'n1.x' }, { x: 1 }].map(
        (b) => ['order_customers', { seller: me, ...b }])]) {
      assert.equal((await demo.raw(m, [bad])).error?.code, -32602);
    }
    assert.match((await q('order_export', { seller: me })).text, /^"id"/);
    assert.match((await q('order_payUri', 1)).uri, /^cybermiles:31337/);
    const known = (await q('rpc_discover')).methods.map((m) => m.name);
    for (const m of [...lists, ...Object.keys(rows), 'content_put',
      'content_get', 'content_status']) assert.ok(known.includes(m), m);
  } finally {
    await demo.stop();
  }
});

test('who puts too much content in a minute is told when to go on', async () => {
  let e, last;
  for (let i = 0; i < 65 && !e; i++) {
    last = hex(`[${i}]`);
    e = await refused('content_put', last);
  }
  assert.equal(e?.code, -32005);
  assert.match(e.message, /64 pieces .* go on in \d+ s/);
  assert.equal((await ask('content_status', ethers.keccak256(last))).here, false);
});

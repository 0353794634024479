// parts.mjs - modules of the dashboard by themselves: canonical JSON, CSV both
// ways, amounts, sealed letters; what is wrong is refused.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { before, test } from 'node:test';
import { join } from 'node:path';
import { ethers } from 'ethers';
import { WEB } from './browser.mjs';

globalThis.localStorage = { getItem: () => null, setItem() {} };
globalThis.location = { pathname: '/', search: '' };
globalThis.addEventListener = () => {};
let content, csv, money, seal, acting, ballot;

before(async () => {
  const load = (name) => import(join(WEB, name));
  [content, csv, money, seal, acting, ballot] = await Promise.all([
    'content.js', 'csv.js', 'money.js', 'seal.js', 'acting.js', 'ballot.js']
    .map(load));
});

test('canonical JSON: keys by code point, no blanks, integers alone', () => {
  assert.equal(content.canonical({ b: [1, 'x'], a: { z: null, y: true } }),
    '{"a":{"y":true,"z":null},"b":[1,"x"]}');
  assert.equal(content.canonical({ '\u{1f600}': 1, '\uffff': 2 }),
    '{"\uffff":2,"\u{1f600}":1}');
  assert.equal(content.canonical({ ab: 1, a: 2 }), '{"a":2,"ab":1}');
  assert.equal(content.canonical({ gone: undefined, a: 1 }), '{"a":1}');
  for (const n of [1.5, 2 ** 53, NaN, Infinity]) {
    assert.throws(() => content.canonical({ n }), /integers/);
  }
});

test('CSV: what is written is read again, formulas stay text', () => {
  const rows = [['a "quoted" one', 'two, with comma'], ['=SUM(A1)', 'x\ny'],
    ['', '-1'], ['@x', "it's"], ["'=1", "''"], ['a\r\nb', '\r']];
  const text = csv.csvText(['p', 'q'], rows);
  assert.match(text, /'=SUM/);
  assert.deepEqual(csv.parseCsv(text), [['p', 'q'], ...rows]);
  assert.deepEqual(csv.parseCsv('\ufeffa,b\n1,"2\n3"\n\n4,5'),
    [['a', 'b'], ['1', '2\n3'], ['4', '5']]);
  assert.deepEqual(csv.parseCsv(''), []);
});

test('amounts: a comma or a point, never more places than the token has', () => {
  const six = { symbol: 'X', decimals: 6 };
  assert.equal(money.parse('1.25'), 1250000000000000000n);
  assert.equal(money.parse(' 1,5 ', six), 1500000n);
  assert.equal(money.parse('0.0000001', six), null);
  assert.equal(money.parse('0.1000000', six), 100000n);
  for (const bad of ['', '-1', '1e3', '1.2.3', 'x', '0x10']) {
    assert.equal(money.parse(bad), null, bad);
  }
  assert.equal(money.plain(1500000n, six), '1.5');
  assert.equal(money.plain('0xde0b6b3a7640000'), '1');
  assert.equal(money.typed(1500000n, six), '1.5');
});

test('what a return gives back is said in places of its own token', async () => {
  const { dueBack } = await import(join(WEB, 'pages/order.js'));
  assert.equal(dueBack({ goods: '0x7270e0', discount: '0x0', refunded: '0x0',
    held: '0x989680' }, { symbol: 'X', decimals: 6 }), '7.5');
});

test('numbers that are typed: read, or said which field wants what', async () => {
  const form = await import(join(WEB, 'form.js'));
  assert.equal(form.wholeOf(' 30 ', 'Days', 3650), 30);
  assert.equal(form.bpsOf('12,5', 'Off'), 1250);
  assert.equal(form.amountOf('', 'Sum'), 0n);
  assert.equal(form.amountOf('1.5', 'Sum'), 1500000000000000000n);
  for (const bad of ['', 'abc', '-1', '1.5', '1e3', '3651', 'NaN']) {
    assert.throws(() => form.wholeOf(bad, 'Days', 3650, 1), bad);
  }
  for (const bad of ['', 'abc', '-1', '101', '1.234']) {
    assert.throws(() => form.bpsOf(bad, 'Off'), bad);
  }
  for (const bad of ['abc', '-1', '0', '9'.repeat(30)]) {
    assert.throws(() => form.amountOf(bad, 'Sum', undefined, 1n), bad);
  }
});

test('what a module refuses is said in words, each of its errors', () => {
  const root = process.env.SRCDIR ?? new URL('../..', import.meta.url).pathname;
  const texts = JSON.parse(readFileSync(join(root, 'web/strings/en.json')));
  const names = ['shop', 'dpos', 'module'].flatMap((folder) =>
    readdirSync(join(root, 'src', folder)).filter((f) => f.endsWith('.def'))
      .flatMap((f) => [...readFileSync(join(root, 'src', folder, f), 'utf8')
        .matchAll(/^ERROR\(\w+, *"(\w+)"/gm)].map((m) => m[1])));
  assert.ok(names.length > 90, `${names.length} errors`);
  assert.deepEqual(names.filter((name) => name !== 'CouponInvalid'
    && !Object.keys(texts).some((k) => k === `fault.${name}`
      || k.startsWith(`fault.${name}.`))), []);
});

test('a letter opens for its readers alone, and not when it was touched',
  async () => {
    const be = (w) => acting.acting.set({ id: w.address, address: w.address,
      sign: (data) => w.signMessage(ethers.getBytes(data)) });
    const [ada, ben, eve] = [1, 2, 3].map(() => ethers.Wallet.createRandom());
    const keys = [];
    for (const w of [ada, ben]) { be(w); keys.push(await seal.myKey()); }
    const letter = seal.seal(keys, 'Gr\u00fc\u00dfe \u{1f600}');
    assert.doesNotThrow(() => content.canonical(letter));
    for (const w of [ada, ben]) {
      be(w);
      assert.equal(await seal.unseal(letter), 'Gr\u00fc\u00dfe \u{1f600}');
    }
    be(eve);
    assert.equal(await seal.unseal(letter), null);
    be(ada);
    const last = letter.cipher.at(-1) === '0' ? '1' : '0';
    assert.equal(await seal.unseal({ ...letter,
      cipher: letter.cipher.slice(0, -1) + last }), null);
    assert.equal(await seal.unseal({ v: 2 }), null);
    assert.equal(await seal.unseal(null), null);
    assert.notEqual(seal.seal(keys, 'x').cipher, seal.seal(keys, 'x').cipher);
  });

test('a juror\'s vote is sealed as the chain opens it, and kept whole', () => {
  const juror = ethers.Wallet.createRandom().address.toLowerCase();
  const seat = { chainId: 31337, id: 7, round: 2, juror };
  const vote = { vote: 13, frivolous: true, salt: ballot.newSalt(),
    reasons: `0x${'ab'.repeat(32)}` };
  assert.equal(ballot.commitHash(seat, vote), ethers.keccak256(
    ethers.AbiCoder.defaultAbiCoder().encode(['uint256', 'uint64', 'uint8',
      'address', 'uint8', 'bool', 'bytes32'], [31337, 7, 2, juror, 13, true,
      vote.salt])));
  assert.notEqual(ballot.newSalt(), ballot.newSalt());
  assert.deepEqual(ballot.readVote(JSON.stringify(vote)), vote);
  for (const bad of ['', '{}', 'null', JSON.stringify({ ...vote, vote: 21 }),
    JSON.stringify({ ...vote, salt: '0x12' })]) {
    assert.equal(ballot.readVote(bad), null, bad);
  }
});

test('lines of an invoice: sums to the smallest unit, the tax in the price',
  async () => {
    const lines = await import(join(WEB, 'lines.js'));
    const euro = { symbol: 'EUR', decimals: 2 };
    const read = (qty, price, tax) => lines.readLine({ text: 'x', qty, price,
      tax }, euro);
    assert.deepEqual([read('3', '9.99', '19').sum, read('3', '9.99', '19').tax],
      [2997n, 478n]);
    assert.equal(read('1,333', '0.03', '').sum, 3n);
    assert.equal(read('0.5', '1', '').sum, 50n);
    for (const [qty, price, tax] of [['', '1', ''], ['1', 'x', ''],
      ['1.2345', '1', ''], ['1', '1', 'much'], ['-1', '1', ''],
      ['1', '0.001', '']]) {
      assert.equal(read(qty, price, tax), null, `${qty} ${price} ${tax}`);
    }
    const all = [read('3', '9.99', '19'), read('0.5', '1', '')];
    assert.equal(lines.total(all, 'sum'), 3047n);
    assert.doesNotThrow(() => content.canonical(all.map(lines.lineOut)));
  });

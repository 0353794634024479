// listing.js - a listing as a form of texts: what the node has as a form, what
// is wrong in one, and the calls of Market that make the listing what the form
// says, those alone that change something.  Stock is left to the sales meanwhile
// unless it was typed anew, and then changed by the difference where it is
// counted.
import { encodeCall } from './abi.js';
import { MODULE, NOBODY, ZERO32, act } from './act.js';
import { rpc } from './api.js';
import { chainS } from './clock.js';
import { putDocument } from './content.js';
import { abiOf } from './contracts.js';
import { isAddress } from './format.js';
import { UNLIMITED } from './goods.js';
import { t } from './i18n.js';
import { parse, plain, tokenOf } from './money.js';

const DAY = 86400;
const PART = 64;  // variants of one call
const ROOM = 16;  // calls of one transaction; four variants are as much as one
export const KEPT = UNLIMITED - 1;  // a stock that stays what it is
export const EMPTY = { title: '', body: '', tags: '', kind: '1', category: '',
  token: '', price: '', shipTable: '0', handling: '3', delivery: '10',
  inspect: '3', returnDays: '14', maxFee: '10', tax: '0', lasts: '365',
  affiliate: '0', images: [], variants: [] };
export const VARIANT = { name: '', price: '', stock: '1', sku: '',
  active: true };

const text = (b32) => b32 && b32 !== ZERO32 ? new TextDecoder().decode(
  new Uint8Array(b32.slice(2).match(/../g).map((h) => parseInt(h, 16))))
  .replace(/\0+$/, '') : '';
const word = (s) => `0x${Array.from(new TextEncoder().encode(s).slice(0, 32),
  (b) => b.toString(16).padStart(2, '0')).join('').padEnd(64, '0')}`;

/* -------------------------------------------------- what the node has */

// { listing, token, form }; lasts is empty: until when it is listed stays.
export async function loadForm(id) {
  const listing = await rpc('market_get', Number(id));
  if (!listing) throw new Error(t('goods.gone'));
  return formOf(listing, await tokenOf(listing.token));
}
export function formOf(listing, token) {
  const doc = listing.document ?? {};
  return { listing, token, form: { ...EMPTY, title: doc.title ?? '',
    body: doc.body ?? '', tags: (doc.tags ?? []).join(', '),
    kind: String(listing.kind), category: String(listing.category),
    token: listing.token === NOBODY ? '' : listing.token,
    price: plain(listing.price, token), shipTable: String(listing.shipTable),
    handling: String(listing.handling / DAY),
    delivery: String(listing.delivery / DAY),
    inspect: String(listing.inspect / DAY),
    returnDays: String(listing.returnDays),
    maxFee: String(listing.maxFeeBps / 100), lasts: '',
    tax: String(listing.taxBps / 100),
    affiliate: String(listing.affiliateBps / 100), images: doc.images ?? [],
    variants: listing.variants.map((v) => ({ index: v.index,
      name: doc.variants?.[v.index] ?? '', active: v.active,
      price: BigInt(v.price) ? plain(v.price, token) : '',
      stock: v.stock === UNLIMITED ? '' : String(v.stock),
      sku: text(v.sku) })) } };
}

/* ------------------------------------------------------------ checking */

const whole = (s, min, max) => /^\d{1,10}$/.test(s) && Number(s) >= min
  && Number(s) <= max;
const ratio = (s) => /^\d{1,3}([.,]\d{1,2})?$/.test(s)
  && Number(s.replace(',', '.')) <= 100;
const bps = (s) => Math.round(Number(s.replace(',', '.')) * 100);
const days = (max) => ({ read: (s) => Number(s) * DAY, bad: (s) =>
  !whole(s, 0, max) && t('sell.bad.days', { max }) });
const part = { read: bps, bad: (s) => !ratio(s) && t('sell.bad.ratio') };
const number = (max) => ({ read: Number, bad: (s) => !whole(s || '0', 0, max)
  && t('sell.bad.number') });

// Fields of the form that are arguments: how each is read and what is wrong.
const ARGS = [
  { field: 'kind', arg: 'kind', read: Number, bad: (s) =>
    !whole(s, 1, 4) && t('sell.bad.kind') },
  { field: 'category', arg: 'category', ...number(UNLIMITED) },
  { field: 'token', arg: 'token', read: (s) => s || NOBODY },
  { field: 'price', arg: 'price', read: parse, bad: (s, token) =>
    parse(s, token) === null && t('send.bad.amount') },
  { field: 'shipTable', arg: 'shipTable', ...number(1e9) },
  { field: 'handling', arg: 'handling', ...days(30) },
  { field: 'delivery', arg: 'delivery', ...days(60) },
  { field: 'inspect', arg: 'inspect', ...days(30) },
  { field: 'returnDays', arg: 'returnDays', ...days(30), read: Number },
  { field: 'maxFee', arg: 'maxFeeBps', ...part },
  { field: 'affiliate', arg: 'affiliateBps', ...part },
  { field: 'tax', arg: 'taxBps', ...part },
  // an hour less, so that a slow clock of the chain still finds it in range
  { field: 'lasts', arg: 'expiresAt', ...days(1095),
    read: (s) => chainS() + Number(s) * DAY - 3600 },
];
const DOCUMENT = {
  title: (f) => f.title.trim(), body: (f) => f.body.trim(),
  tags: (f) => f.tags.split(',').map((s) => s.trim()).filter(Boolean)
    .slice(0, 20),
  images: (f) => f.images, variants: (f) => f.variants.reduce((names, v, i) => {
    const at = v.index ?? i;
    return [...names, ...Array(Math.max(0, at + 1 - names.length)).fill('')]
      .with(at, v.name.trim());
  }, []),
};

// What is changed is judged, of a new listing all: { wrong: by field, token }.
// old: of loadForm.
export async function check(form, old) {
  const was = old?.form ?? {};
  const wrong = {};
  if (form.title !== was.title && !form.title.trim()) {
    wrong.title = t('sell.bad.title');
  }
  if (form.token && !isAddress(form.token)) wrong.token = t('send.bad.to');
  const token = await tokenOf(wrong.token ? NOBODY : form.token || NOBODY);
  for (const { field, bad } of ARGS) {
    const why = form[field] !== was[field] && bad?.(form[field], token);
    if (why) wrong[field] = why;
  }
  form.variants.forEach((v, i) => {
    if (v.price && parse(v.price, token) === null) {
      wrong[`price-${i}`] = t('send.bad.amount');
    }
    if ([v.stock, v.stockWas].some((s) => s && !whole(s, 0, KEPT - 1))) {
      wrong[`stock-${i}`] = t('sell.bad.number');
    }
  });
  return { wrong, token };
}

/* --------------------------------------------------------------- calls */

// The arguments that save a listing as it is.
export const argsOf = (l) => ({ kind: l.kind, category: l.category,
  doc: l.docHash, token: l.token, price: l.price, shipTable: l.shipTable,
  handling: l.handling, delivery: l.delivery, inspect: l.inspect,
  returnDays: l.returnDays, maxFeeBps: l.maxFeeBps,
  affiliateBps: l.affiliateBps, mediator: l.mediator, taxBps: l.taxBps,
  program: l.program, feed: l.feed, expiresAt: l.expires });
const NEW = { mediator: NOBODY, program: 0, feed: 0 };

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

// Of the document what the form changed; all else stays, whoever wrote it.
function documentOf(form, old) {
  const changed = Object.entries(DOCUMENT).filter(([, read]) => !old
    || !same(read(form), read(old.form)));
  return changed.length ? { ...old?.listing.document,
    ...Object.fromEntries(changed.map(([k, read]) => [k, read(form)])) } : null;
}

function variantsOf(form, old, token) {
  const moved = old && form.token !== old.form.token; // prices in other units
  const saved = [], stock = [];
  for (const [i, v] of form.variants.entries()) {
    const index = v.index ?? i;
    const was = old?.form.variants.find((x) => x.index === index);
    const typed = v.stock !== (v.stockWas ?? was?.stock);
    const counted = was && typed && v.stock && was.stock
      && (v.stockWas ?? was.stock);
    if (counted) stock.push([index, Number(v.stock) - Number(counted)]);
    if (was && !moved && v.price === was.price && v.sku === was.sku
      && v.active === was.active && (!typed || counted)) continue;
    saved.push({ index, price: v.price ? parse(v.price, token) : 0n,
      sku: was && v.sku === was.sku
        ? old.listing.variants.find((x) => x.index === index).sku : word(v.sku),
      active: v.active, stock: was && (!typed || counted) ? KEPT
        : v.stock ? Number(v.stock) : UNLIMITED });
  }
  return { saved, stock };
}

// As many variants as a call takes, in each.
export const inParts = (list) => Array.from({ length: Math.ceil(list.length
  / PART) }, (_, i) => list.slice(i * PART, (i + 1) * PART));

// Calls of Market as [method, arguments], and what they change as names of
// fields.  A new listing's id is 0 in the first and null in the others, if there
// are more: saveListing knows it when it is made.
export async function callsOf(form, old, token) {
  const fields = ARGS.filter(({ field }) => !old
    || form[field] !== old.form[field]
    || (field === 'price' && form.token !== old.form.token));
  const doc = documentOf(form, old);
  const { saved, stock } = variantsOf(form, old, token);
  const id = old?.listing.id ?? null;
  const parts = inParts(saved);
  const calls = [];
  if (fields.length || doc) {
    const args = { ...(old ? argsOf(old.listing) : NEW),
      ...Object.fromEntries(fields.map(({ field, arg, read }) =>
        [arg, read(form[field], token)])),
      ...(doc && { doc: await putDocument(doc) }) };
    if (args.kind !== 1) args.shipTable = 0;
    calls.push(['save', [id ?? 0, NOBODY, args, parts.shift() ?? []]]);
  }
  calls.push(...parts.map((p) => ['setVariants', [id, p]]),
    ...stock.map(([index, by]) => ['adjustStock', [id, index, by]]));
  return { calls, changes: [...new Set([...fields.map(({ field }) => field),
    ...Object.keys(DOCUMENT).filter((k) => !same(DOCUMENT[k](form),
      old && DOCUMENT[k](old.form))), ...(saved.length ? ['variants'] : []),
    ...(stock.length ? ['stock'] : [])])] };
}

const weight = ([, args]) => 1 + (args.find(Array.isArray)?.length ?? 0) / 4;
function* batches(calls) {
  let batch = [], sum = 0;
  for (const call of calls) {
    if (batch.length && sum + weight(call) > ROOM) {
      yield batch;
      batch = [];
      sum = 0;
    }
    batch.push(call);
    sum += weight(call);
  }
  if (batch.length) yield batch;
}

// Sends calls, several in one transaction; after each: done(how many so far).
export async function sendCalls(what, calls, done) {
  const { abi } = await abiOf(MODULE.market);
  const find = (name) => abi.find((r) => r.name === name
    && r.type === 'function');
  let cnt = 0;
  for (const batch of batches(calls)) {
    await (batch.length === 1 ? act(what, 'market', ...batch[0])
      : act(what, 'market', 'multicall', [batch.map(([name, args]) =>
        encodeCall(find(name), args))]));
    done?.(cnt += batch.length);
  }
}

// Those of one listing; answers its id.
export async function saveListing(what, calls, id = null) {
  if (id !== null) {
    await sendCalls(what, calls);
    return id;
  }
  const [first, ...rest] = calls;
  const { events } = await act(what, 'market', ...first);
  const { id: made } = events.find((e) => e.name === 'ListingSaved');
  await sendCalls(what, rest.map(([name, [, ...args]]) => [name,
    [made, ...args]]));
  return made;
}

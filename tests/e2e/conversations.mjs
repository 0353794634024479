// conversations.mjs - the public request and answer files of the execution
// API, on the chain they were made with: a genesis of plain Ethereum rules,
// imported, served by `run`, asked over HTTP.
//
// A file has `//` comments, `>>` requests and `<<` the answers expected.
// Answers are compared as JSON values, objects without order; where both are
// errors, without their messages.  A file with `// speconly:` tells only the
// shape: the result must fit the method's schema in openrpc.json.  Files are
// taken in the order of their paths, on one node, as the pool fills.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Node, folder, remove, run } from './node.mjs';

// Conversations that cannot hold here, and why.
const NOT_APPLICABLE = {};

const suite = join(process.env.CONFORMANCE_DIR ?? '', 'execution-apis');
const there = existsSync(join(suite, 'chain.rlp'));
const skip = there ? false : `${suite} is not there`;

/*------------------------------------------------------------- JSON schema */

const TYPES = {
  string: (v) => typeof v === 'string',
  object: (v) => v !== null && typeof v === 'object' && !Array.isArray(v),
  array: Array.isArray,
  boolean: (v) => typeof v === 'boolean',
  number: (v) => typeof v === 'number',
  integer: Number.isInteger,
  null: (v) => v === null,
};

// The first thing of value v at a path that its schema forbids, or null.
function misfit(schema, v, at = 'result') {
  if (schema === true || schema === undefined) return null;
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length && !types.some((t) => TYPES[t](v))) {
    return `${at}: no ${types.join(' or ')}`;
  }
  if (schema.const !== undefined && v !== schema.const) {
    return `${at}: not ${schema.const}`;
  }
  if (schema.enum && !schema.enum.includes(v)) return `${at}: not in enum`;
  if (schema.pattern && typeof v === 'string' &&
      !new RegExp(schema.pattern).test(v)) {
    return `${at}: ${v} does not match ${schema.pattern}`;
  }
  const each = (list) => list.map((s) => misfit(s, v, at));
  if (schema.allOf) {
    const bad = each(schema.allOf).find((x) => x);
    if (bad) return bad;
  }
  for (const some of [schema.oneOf, schema.anyOf]) {
    if (some && each(some).every((x) => x)) return each(some).join('; ');
  }
  if (schema.not && !misfit(schema.not, v, at)) return `${at}: is forbidden`;
  return TYPES.object(v) ? misfitMembers(schema, v, at)
    : TYPES.array(v) ? misfitItems(schema, v, at) : null;
}

function misfitItems(schema, v, at) {
  if (v.length < (schema.minItems ?? 0) ||
      v.length > (schema.maxItems ?? Infinity)) return `${at}: item count`;
  for (const [i, item] of v.entries()) {
    const bad = misfit(schema.items, item, `${at}[${i}]`);
    if (bad) return bad;
  }
  return null;
}

function misfitMembers(schema, v, at) {
  for (const key of schema.required ?? []) {
    if (!(key in v)) return `${at}.${key}: missing`;
  }
  for (const [key, val] of Object.entries(v)) {
    let own = schema.properties?.[key];
    if (own === undefined) {
      own = Object.entries(schema.patternProperties ?? {})
        .find(([p]) => new RegExp(p).test(key))?.[1];
    }
    if (own === undefined) {
      if (schema.additionalProperties === false) {
        return `${at}.${key}: not known`;
      }
      own = schema.additionalProperties;
    }
    const bad = misfit(own, val, `${at}.${key}`);
    if (bad) return bad;
  }
  return null;
}

/*-------------------------------------------------------------- the files */

function files() {
  return readdirSync(suite, { withFileTypes: true })
    .filter((d) => d.isDirectory())
    .flatMap((d) => readdirSync(join(suite, d.name))
      .filter((f) => f.endsWith('.io')).map((f) => `${d.name}/${f}`))
    .sort();
}

function conversation(path) {
  const lines = readFileSync(join(suite, path), 'utf8').split('\n');
  const turns = [];
  for (const line of lines) {
    if (line.startsWith('>> ')) turns.push({ ask: line.slice(3) });
    if (line.startsWith('<< ')) turns.at(-1).expect = JSON.parse(line.slice(3));
  }
  return { turns, speconly: lines.some((l) => l.startsWith('// speconly:')) };
}

const schemas = new Map();
let node, dir;

function compare(turn, got, speconly) {
  const { expect } = turn;
  if (speconly && 'result' in expect) {
    const method = JSON.parse(turn.ask).method;
    assert.ok('result' in got, JSON.stringify(got));
    assert.equal(misfit(schemas.get(method), got.result), null,
      JSON.stringify(got));
    return;
  }
  if (expect.error && got.error) {
    for (const side of [expect, got]) {
      side.error = { ...side.error, message: undefined };
    }
  }
  assert.deepEqual(JSON.parse(JSON.stringify(got)),
    JSON.parse(JSON.stringify(expect)));
}

before(async () => {
  if (!there) return;
  const spec = JSON.parse(readFileSync(join(suite, 'openrpc.json'), 'utf8'));
  for (const m of spec.methods) schemas.set(m.name, m.result?.schema);
  dir = folder();
  const db = join(dir, 'c.db');
  for (const args of [['init', '--genesis', join(suite, 'genesis.json')],
    ['import', join(suite, 'chain.rlp')]]) {
    const r = run([...args, '--db', db]);
    assert.equal(r.status, 0, r.stderr);
  }
  node = await Node.start(['run', '--db', db]);
});
after(async () => {
  await node?.kill();
  if (dir) remove(dir);
});

for (const path of there ? files() : []) {
  test(path, { skip: NOT_APPLICABLE[path] ?? false }, async () => {
    const { turns, speconly } = conversation(path);
    assert.ok(turns.length > 0);
    for (const turn of turns) {
      const got = await (await node.post(turn.ask)).json();
      compare(turn, got, speconly);
    }
  });
}
test('testing_buildBlockV1 is for plain Ethereum chains', async () => {
  const dev = await Node.start(['dev']);
  try {
    const { hash } = await dev.rpc('eth_getBlockByNumber', ['latest', false]);
    const r = await dev.raw('testing_buildBlockV1', [hash, {}, [], '0x']);
    assert.equal(r.error.code, -32601);
  } finally {
    await dev.kill();
  }
});
test('the head is the one that the suite names', { skip }, async () => {
  const fcu = JSON.parse(readFileSync(join(suite, 'headfcu.json'), 'utf8'));
  assert.equal((await node.rpc('eth_getBlockByNumber', ['latest', false])).hash,
    fcu.params[0].headBlockHash);
});

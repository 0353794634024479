// hardhat.mjs - Hardhat compiles, deploys and tests on our development chain as
// its network "localhost"; each case of hardhat/test is one here.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { Node, folder } from '../e2e/node.mjs';
import { program } from './clients.mjs';

const project = join(dirname(fileURLToPath(import.meta.url)), 'hardhat');
const out = folder();
const node = await Node.start(['dev']);

async function hardhat(...args) {
  mkdirSync(out, { recursive: true });
  const child = spawn(process.execPath, [program('hardhat/internal/cli/bootstrap.js'),
    ...args], { cwd: project, stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_URL: node.url, HARDHAT_OUT: out,
      HARDHAT_DISABLE_TELEMETRY_PROMPT: 'true', HOME: out, CI: 'true' } });
  let text = '';
  child.stdout.on('data', (d) => { text += d; });
  child.stderr.on('data', (d) => { text += d; });
  const status = await new Promise((resolve) => { child.on('exit', resolve); });
  return { status, text };
}

// All is run before the first case, which would let the rest go ahead.
const compiled = await hardhat('compile');
const ran = await hardhat('test', '--network', 'localhost', 'test/lock.cjs');
const ended = await node.stop();
test('hardhat compile', () => {
  assert.equal(compiled.status, 0, compiled.text);
  assert.match(compiled.text, /Compiled 1 Solidity file/);
});
test('the node ended well', () => {
  assert.deepEqual(ended, { code: 0, signal: null });
});
const result = join(out, 'out.json');
test('hardhat test ran', () => { assert.ok(existsSync(result), ran.text); });
if (existsSync(result)) {
  for (const c of JSON.parse(readFileSync(result, 'utf8')).tests) {
    test(c.fullTitle, () => {
      assert.equal(c.err.message, undefined, c.err.stack);
    });
  }
}

// web3py.mjs - starts a node and runs web3py.py on it with the Python that
// clients.sh made; each line it prints is a case here.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { Node, folder } from '../e2e/node.mjs';
import { TOKEN, compile } from '../e2e/solc.mjs';

const python = process.env.CLIENTS_PYTHON;
const has = python && spawnSync(python, ['-c', 'import web3']).status === 0;
if (!has) {
  test('web3.py', { skip: 'web3.py could not be installed' }, () => {});
} else {
  const here = dirname(fileURLToPath(import.meta.url));
  const file = join(folder(), 'contracts.json');
  writeFileSync(file, JSON.stringify(compile({ 'Token.sol': TOKEN })));
  const node = await Node.start(['dev']);
  const r = spawnSync(python, [join(here, 'web3py.py'), node.url, file],
    { encoding: 'utf8', timeout: 120000 });
  const ended = await node.stop();
  test('web3py.py ends well', () => {
    assert.equal(r.status, 0, r.stderr + r.stdout);
    assert.deepEqual(ended, { code: 0, signal: null });
  });
  for (const line of r.stdout.split('\n').filter((l) => /^(not )?ok /.test(l))) {
    test(line.replace(/^(not )?ok /, ''), () => {
      assert.match(line, /^ok /, r.stderr);
    });
  }
}

// node.mjs - starts the binary for end-to-end tests, in a folder of the
// test's own, on a free port; talks JSON-RPC; ends what it started.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Keys that tests make are opened as often as they like: geth's light scrypt.
process.env.CYBERMILES_LIGHTKDF ??= 'true';

export const BINARY = process.env.CYBERMILES ?? './cybermiles';

export function folder() {
  return mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'cm-'));
}

// Runs a command to its end: { status, stdout, stderr }.
export function run(args, options = {}) {
  const r = spawnSync(BINARY, args, { encoding: 'utf8', timeout: 120000,
    maxBuffer: 1 << 26, ...options });
  return { status: r.status, stdout: r.stdout, stderr: r.stderr };
}

export class Node {
  // args: the command and its options; the port is added unless given.
  static async start(args, { env = {} } = {}) {
    const node = new Node();
    const all = args.includes('--http.port') ? args
      : [...args, '--http.port', '0'];
    node.child = spawn(BINARY, all, { stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env } });
    node.stdout = '';
    node.stderr = '';
    node.exited = new Promise((resolve) => {
      node.child.on('exit', (code, signal) => resolve({ code, signal }));
    });
    node.child.stderr.on('data', (d) => { node.stderr += d; });
    await new Promise((resolve, reject) => {
      node.child.on('error', reject);
      node.child.stdout.on('data', (d) => {
        node.stdout += d;
        const m = /JSON-RPC: (https?:\/\/\S+)\n/.exec(node.stdout);
        if (m && !node.url) { node.url = m[1]; resolve(); }
      });
      node.exited.then((e) => reject(new Error(
        `ended early: ${JSON.stringify(e)}\n${node.stderr}`)));
    });
    return node;
  }

  get port() { return Number(new URL(this.url).port); }

  async post(body, headers = {}) {
    return fetch(this.url, { method: 'POST', body,
      headers: { 'content-type': 'application/json', ...headers } });
  }

  async raw(method, params = []) {
    const r = await this.post(
      JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
    return r.json();
  }

  async rpc(method, params = []) {
    const answer = await this.raw(method, params);
    if (answer.error) {
      throw Object.assign(new Error(`${method}: ${answer.error.message}`),
        answer.error);
    }
    return answer.result;
  }

  async height() { return Number(await this.rpc('eth_blockNumber')); }

  async stop() {
    this.child.kill('SIGTERM');
    return this.exited;
  }

  async kill() {
    this.child.kill('SIGKILL');
    return this.exited;
  }
}

export async function until(what, test, timeout_ms = 20000) {
  const end = Date.now() + timeout_ms;
  for (;;) {
    const r = await test();
    if (r) return r;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function remove(dir) { rmSync(dir, { recursive: true, force: true }); }

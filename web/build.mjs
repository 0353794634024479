// build.mjs OUT - bundles the dashboard into OUT: index.html, app.js, app.css,
// icon.svg and one file for each language.  The build fails when the first
// load (page, script, style, one language) grows over its budget.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const BUDGET = 150 * 1024;
const out = process.argv[2];
if (!out) throw new Error('usage: node build.mjs OUT');
mkdirSync(out, { recursive: true });

await build({
  entryPoints: { app: 'src/main.js' },
  bundle: true, minify: true, format: 'esm', target: 'es2022',
  outdir: out, legalComments: 'none', logLevel: 'warning',
});
await build({
  entryPoints: ['app.css'], bundle: true, minify: true, outdir: out,
  logLevel: 'warning',
});
cpSync('index.html', join(out, 'index.html'));
cpSync('icon.svg', join(out, 'icon.svg'));
for (const name of ['en', 'de']) {
  const strings = JSON.parse(readFileSync(`strings/${name}.json`, 'utf8'));
  writeFileSync(join(out, `${name}.json`), JSON.stringify(strings));
}

const first = ['index.html', 'app.js', 'app.css', 'icon.svg', 'en.json'];
const size = first.map((f) => gzipSync(readFileSync(join(out, f))).length)
  .reduce((a, b) => a + b);
if (size > BUDGET) {
  throw new Error(`first load is ${size} bytes gzip, budget ${BUDGET}`);
}

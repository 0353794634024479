// build.mjs OUT - bundles the dashboard into OUT: index.html, app.js with the
// parts that pages load when they are opened (part-*.js), app.css, icon.svg and
// one file for each language.  The build fails when the first load (page,
// script and what it imports at once, style, one language) grows over its
// budget.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const BUDGET = 150 * 1024;
const out = process.argv[2];
if (!out) throw new Error('usage: node build.mjs OUT');
mkdirSync(out, { recursive: true });

const { metafile } = await build({
  entryPoints: { app: 'src/main.js' },
  bundle: true, minify: true, format: 'esm', target: 'es2022',
  splitting: true, chunkNames: 'part-[hash]', metafile: true,
  outdir: out, legalComments: 'none', logLevel: 'warning',
});

// Files that a file imports before it runs.
const outputs = new Map(Object.entries(metafile.outputs).map(([path, o]) =>
  [basename(path), o]));
function atOnce(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const i of outputs.get(name).imports) {
    if (i.kind === 'import-statement') atOnce(basename(i.path), seen);
  }
  return seen;
}
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

const first = ['index.html', 'app.css', 'icon.svg', 'en.json',
  ...atOnce('app.js')];
const size = first.map((f) => gzipSync(readFileSync(join(out, f))).length)
  .reduce((a, b) => a + b);
if (size > BUDGET) {
  throw new Error(`first load is ${size} bytes gzip, budget ${BUDGET}`);
}

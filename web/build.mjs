// build.mjs OUT - bundles into OUT the dashboard: index.html, app.js with the
// parts that pages load when they are opened (part-*.js); the public shop,
// which shares no file of code with it: shop.html, shop.js, shop-*.js; app.css,
// icon.svg, and one file for each language and each of the two, the shop's with
// the texts that it uses alone.  The build fails when a first load (page, script
// and what it imports at once, style, one language) grows over its budget.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const BUDGET = 150 * 1024;
const out = process.argv[2];
if (!out) throw new Error('usage: node build.mjs OUT');
mkdirSync(out, { recursive: true });
const text = (name) => readFileSync(join(out, name), 'utf8');

// Scripts of an entry point: name -> what esbuild tells of it.
async function bundle(entryPoints, chunkNames) {
  const { metafile } = await build({ entryPoints, chunkNames,
    bundle: true, minify: true, format: 'esm', target: 'es2022',
    splitting: true, metafile: true, outdir: out, legalComments: 'none',
    loader: { '.inc': 'text' },
    logLevel: 'warning' });
  return new Map(Object.entries(metafile.outputs).map(([path, o]) =>
    [basename(path), o]));
}
// Files that a file imports before it runs.
function atOnce(outputs, name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const i of outputs.get(name).imports) {
    if (i.kind === 'import-statement') atOnce(outputs, basename(i.path), seen);
  }
  return seen;
}
// Keys that stand in scripts as texts, or begin as a template does.
function used(scripts, strings) {
  const code = scripts.map(text).join('\n');
  const words = new Set(code.match(/[A-Za-z][\w.]*/g));
  const starts = [...code.matchAll(/`([a-z][\w.]*\.)\$\{/g)].map((m) => m[1]);
  return Object.fromEntries(Object.entries(strings).filter(([k]) =>
    words.has(k) || starts.some((s) => k.startsWith(s))));
}

const app = await bundle({ app: 'src/main.js' }, 'part-[hash]');
const shop = await bundle({ shop: 'src/shop.js' }, 'shop-[hash]');
await build({
  entryPoints: ['app.css'], bundle: true, minify: true, outdir: out,
  logLevel: 'warning',
});
for (const name of ['index.html', 'shop.html', 'icon.svg', 'theme.js',
  'till.webmanifest']) {
  cpSync(name, join(out, name));
}
for (const name of ['en', 'de']) {
  const strings = JSON.parse(readFileSync(`strings/${name}.json`, 'utf8'));
  writeFileSync(join(out, `${name}.json`), JSON.stringify(strings));
  writeFileSync(join(out, `shop-${name}.json`), JSON.stringify(
    used([...shop.keys()], strings)));
}

for (const [outputs, script, ...files] of [
  [app, 'app.js', 'index.html', 'en.json'],
  [shop, 'shop.js', 'shop.html', 'shop-en.json']]) {
  const size = ['app.css', 'icon.svg', 'theme.js', ...files, ...atOnce(outputs, script)]
    .map((f) => gzipSync(text(f)).length).reduce((a, b) => a + b);
  if (size > BUDGET) {
    throw new Error(`${script}: first load is ${size} bytes gzip, budget `
      + `${BUDGET}`);
  }
}

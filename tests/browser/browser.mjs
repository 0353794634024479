// browser.mjs - headless Chromium for the tests: every page is watched for
// errors and breaches of the content security policy.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { chromium } from 'playwright-core';

export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

// The dashboard's modules, beside the packages that they import.
export const WEB = join(process.env.BUILD
  ?? join(dirname(process.env.CYBERMILES ?? ''), 'build'), 'web', 'src', 'src');

export async function launch() {
  return chromium.launch({ executablePath: CHROMIUM, headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update',
      '--disable-sync'] });
}

// A page whose complaints are collected in page.wrong, and what it asked of the
// node and waits for in page.asked.
export async function open(browser, options = {}) {
  const context = await browser.newContext({ locale: 'en-US', ...options });
  const page = await context.newPage();
  page.wrong = [];
  page.on('pageerror', (e) => page.wrong.push(String(e)));
  page.on('console', (m) => {
    if (m.type() === 'error') page.wrong.push(m.text());
  });
  page.asked = new Set();
  page.on('request', (r) => { if (r.method() === 'POST') page.asked.add(r); });
  for (const end of ['requestfinished', 'requestfailed']) {
    page.on(end, (r) => page.asked.delete(r));
  }
  return page;
}

// Every path of the table PAGES of main.js, or, with a base, of the public shop
// (shop.js), so that no test of all pages forgets a new one; what stands for
// names in it is given: { ':id': '1' }.
export function routes(given, base) {
  const text = readFileSync(join(WEB, base ? 'shop.js' : 'main.js'), 'utf8');
  const from = text.indexOf('const PAGES');
  const rows = text.slice(from, text.indexOf('\n];', from));
  const found = base ? [...rows.matchAll(/path: (?:BASE|`\$\{BASE\}([^`]*)`)/g)]
    .map((m) => base + (m[1] ?? ''))
    : [...rows.matchAll(/(?:path: |\[)'(\/[^']*)'/g)].map((m) => m[1]);
  const paths = [...new Set(found)].map((path) => Object.entries(given).reduce(
    (p, [name, value]) => p.replace(name, value), path));
  assert.ok(paths.length > (base ? 5 : 60), String(paths));
  return paths;
}

// What has the focus now: its place in window.stops (-1: outside of main),
// whether that can be seen, and what it is called.
const focused = (page) => page.evaluate(() => {
  const e = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(e);
  const { left, right, top, bottom } = e.getClientRects()[0];
  const at = document.elementFromPoint((Math.max(left, 0)
    + Math.min(right, innerWidth)) / 2, (Math.max(top, 0)
    + Math.min(bottom, innerHeight)) / 2);
  return { stop: e.closest('main') ? window.stops.indexOf(e) : -1,
    inside: Boolean(e.closest('main')) && e.tagName !== 'MAIN',
    ring: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2,
    seen: at !== null && (e.contains(at) || at.contains(e)
      || [...e.labels ?? []].some((l) => l.contains(at))),
    name: (e.ariaLabel || e.labels?.[0]?.textContent || e.textContent || e.title
      || '').trim(), html: e.outerHTML.slice(0, 100) };
});

// All that a page asked has been answered and shown: nothing is on its way after
// a frame in which the answers were drawn and what follows from them was asked.
export async function settledDown(page) {
  const frame = () => page.evaluate(() => new Promise((done) => {
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)));
  }));
  for (let still = 0, from = Date.now(); still < 2;) {
    await frame();
    still = page.asked.size ? 0 : still + 1;
    assert.ok(Date.now() - from < 30000, 'the page does not come to rest');
  }
}

// A page has come: its heading (not that which the server wrote into a shop's
// page for who runs no scripts), nothing still waits, and what it asked for is
// shown.
export async function loaded(page) {
  await page.waitForFunction(() => document.querySelector('main[tabindex] h1')
    && !document.querySelector('main .skeleton'), null, { timeout: 20000 });
  await settledDown(page);
}

// Tab through the content of a page, all its details opened: each thing that
// can be used comes once, in the order of the page, named, with a ring, not
// below something else; then the focus leaves.  Returns what is wrong.
export async function tabThrough(page) {
  const first = await tabOnce(page); // while something was still on its way?
  return first.length ? tabOnce(page) : first;
}
async function tabOnce(page) {
  const wrong = [];
  await page.evaluate(() => {
    for (const d of document.querySelectorAll('main details')) d.open = true;
  });
  await settledDown(page); // what is inside may ask first
  const cnt = await page.evaluate(() => {
    window.stops = [...document.querySelectorAll('main :is(a[href], button, '
      + 'input, select, textarea, summary, [tabindex])')].filter((e) =>
      e.tabIndex >= 0 && !e.disabled && e.checkVisibility()
      && (e.type !== 'radio' || e === (document.querySelector(
        `[name=${e.name}]:checked`) ?? document.querySelector(
        `[name=${e.name}]`))));
    document.querySelector('main').focus();
    return window.stops.length;
  });
  let last = -1;
  for (let i = 0; i < cnt * 4 + 4; i++) { // a date has several fields
    await page.keyboard.press('Tab');
    let now = await focused(page);
    if (!now.inside) break;
    if (!now.seen) { // what came above it just now moved it: once more at rest
      await settledDown(page);
      await page.keyboard.press('Shift+Tab');
      await page.keyboard.press('Tab');
      now = await focused(page);
    }
    if (now.stop === last) continue;
    if (now.stop !== last + 1) wrong.push(`stop ${last + 1} is ${now.html}`);
    for (const what of ['ring', 'seen', 'name']) {
      if (!now[what]) wrong.push(`focus without ${what}: ${now.html}`);
    }
    last = now.stop;
  }
  if (last !== cnt - 1) wrong.push(`${cnt} stops, the last was ${last + 1}`);
  return wrong;
}

// What is wrong with what is shown: wider than the screen, violations of axe.
const AXE = readFileSync(createRequire(import.meta.url).resolve(
  'axe-core/axe.min.js'), 'utf8');
export async function faults(page, rules = {}) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  await page.evaluate(AXE);
  const { violations } = await page.evaluate((r) => window.axe.run(r), rules);
  return [...wide > page.viewportSize().width ? [`${wide} px wide`] : [],
    ...violations.map((v) => `${v.id} ${v.nodes[0].html.slice(0, 120)}`)];
}

// What no translator reached: words beyond the turned ones, but names, code,
// choices of languages, units, codes of money, what stands apart by isolates.
export const leaks = (p) => p.evaluate(() => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const { nodeValue: text, parentElement: at } = walk.currentNode;
    if (at.closest('bdi, code, pre, .hash, time, .brand, script, .agent, '
      + '[lang=en], noscript, select, datalist, textarea')) continue;
    const rest = text.replace(/\u202e[^\u202c]*\u202c|\bboss\b/g, '')
      .replace(/[\u2066\u2068][^\u2069]*\u2069|\b[A-Z]{3,5}\b/g, '')
      .replace(/\b[kMG]?B\b|\bms\b|0x[0-9a-f…]+/gi, '');
    if (/[A-Za-z]{3,}/.test(rest)) found.push(text.trim());
  }
  return found;
});

// None of that; with SCREENSHOTS=folder a picture.
export async function look(page, name, rules) {
  assert.deepEqual(await faults(page, rules), [], name);
  if (process.env.SCREENSHOTS) {
    await page.screenshot({ fullPage: true,
      path: join(process.env.SCREENSHOTS, `${name}.png`) });
  }
}

// Each of these pages on a phone: light, dark (colours alone, the rest is the
// same), and from right to left, where no word may be left as it was.
export async function onPhone(browser, name, url, paths, setup) {
  for (const colorScheme of ['light', 'dark']) {
    const page = await open(browser, { colorScheme, bypassCSP: true,
      viewport: { width: 320, height: 640 } });
    await setup?.(page);
    for (const path of paths) {
      const file = `${name}_${colorScheme}${path.replace(/\W+/g, '_')}`;
      await page.goto(url + path);
      await loaded(page);
      assert.equal(await page.$('main .notice.error'), null, path);
      await look(page, file.slice(0, 60), colorScheme === 'dark'
        ? { runOnly: ['color-contrast'] } : {});
      if (colorScheme === 'dark') continue;
      await page.goto(`${url}${path}${path.includes('?') ? '&' : '?'}`
        + 'language=ar-XB');
      await loaded(page);
      assert.equal(await page.getAttribute('html', 'dir'), 'rtl');
      assert.ok(await page.evaluate(() =>
        document.documentElement.scrollWidth) <= 320, `${path}, right to left`);
      assert.deepEqual(await leaks(page), [], path);
    }
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  }
}

// Where to, as who types it and goes on: what it costs is asked again.
export async function sendTo(page, zone) {
  await page.fill('#zone', zone);
  await page.press('#zone', 'Tab');
}

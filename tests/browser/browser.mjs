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

// A page whose complaints are collected in page.wrong.
export async function open(browser, options = {}) {
  const context = await browser.newContext({ locale: 'en-US', ...options });
  const page = await context.newPage();
  page.wrong = [];
  page.on('pageerror', (e) => page.wrong.push(String(e)));
  page.on('console', (m) => {
    if (m.type() === 'error') page.wrong.push(m.text());
  });
  return page;
}

// No wider than the screen, no violation; with SCREENSHOTS=folder a picture.
export async function look(page, name) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= page.viewportSize().width, `${name} is ${wide} px wide`);
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve(
    'axe-core/axe.min.js'), 'utf8'));
  const { violations } = await page.evaluate(() => window.axe.run());
  assert.deepEqual(violations.map((v) => `${name}: ${v.id} `
    + v.nodes[0].html.slice(0, 120)), []);
  if (process.env.SCREENSHOTS) {
    await page.screenshot({ fullPage: true,
      path: join(process.env.SCREENSHOTS, `${name}.png`) });
  }
}

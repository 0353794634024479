// browser.mjs - headless Chromium for the tests: every page is watched for
// errors and breaches of the content security policy.
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

// settings.mjs - the owner has a program told of events: the webhook is added,
// its secret shown once, tested, seen in the log, sent again, changed, deleted;
// the mail server.
// TEST_TIMEOUT=240
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { Node, until } from '../e2e/node.mjs';
import { CHROMIUM, launch, look, open } from './browser.mjs';

const skip = existsSync(CHROMIUM) ? false : 'no Chromium on this machine';
let node, browser, target;
const got = [];

before(async () => {
  if (skip) return;
  node = await Node.start(['dev', '--notify.local']);
  browser = await launch();
  target = http.createServer((req, res) => {
    let body = '';
    req.on('data', (d) => { body += d; });
    req.on('end', () => {
      got.push(JSON.parse(body));
      res.end('noted');
    });
  });
  await new Promise((resolve) => { target.listen(0, '127.0.0.1', resolve); });
});
after(async () => {
  target?.close();
  target?.closeAllConnections();
  await browser?.close();
  if (node) assert.equal((await node.stop()).code, 0);
});

test('a webhook: added, tested, logged, sent again, changed, deleted; mail',
  { skip }, async () => {
    const code = /code (\S{9}),/.exec(node.stdout)[1];
    const page = await open(browser, { bypassCSP: true,
      viewport: { width: 320, height: 640 } });
    await page.goto(`${node.url}/settings`);
    await page.waitForSelector('.empty:has-text("For the owner")');
    await page.click('main a[href="/setup"]');
    await page.fill('#code', code);
    await page.fill('#name', 'boss');
    await page.fill('#password', 'correct horse battery');
    await page.click('main button.main');
    await page.waitForSelector('a.who:has-text("boss")');
    await page.goto(`${node.url}/settings`);
    await page.waitForSelector('.empty:has-text("Nobody is told")');
    await look(page, 'settings_empty');
    await page.click('button:has-text("Tell somebody")');
    await page.click('summary:has-text("Orders")');
    await page.check('input[name="Orders.OrderState"]');
    await page.fill('#target', 'ftp://nowhere');
    await page.click('form.form button.main');
    await page.waitForSelector('form .notice.error');
    await page.fill('#target', `http://127.0.0.1:${target.address().port}/in`);
    await look(page, 'settings_form');
    await page.click('form.form button.main');
    await page.waitForSelector('[data-test=secret]');
    assert.match(await page.textContent('[data-test=secret]'),
      /whsec_[0-9a-f]{64}/);
    await page.click('[data-test=test]');
    await until('a test message', () => got.length === 1, 30000);
    assert.equal(got[0].event, 'Test');
    const taken = (n) => until(`${n} tries in the log`, async () => {
      await page.click('[data-test=refresh]');
      return await page.locator('[data-test=hook] [data-state=taken]').count()
        === 1 && got.length === n;
    }, 30000);
    await taken(1);
    await page.click('[data-test=redeliver]');
    await taken(2);
    assert.equal(got[1].id, got[0].id);
    await page.click('button:has-text("Show what was sent")');
    await page.waitForSelector('pre:has-text("Test")');
    await look(page, 'settings_log');
    await page.reload();
    await page.waitForSelector('[data-test=hook]');
    assert.equal(await page.$('[data-test=secret]'), null);
    assert.match(await page.textContent('[data-test=hook]'),
      /Orders\.OrderState/);
    await page.click('button:has-text("Edit")');
    await page.uncheck('label:has-text("Active") input');
    await page.click('form.form button.main');
    await page.waitForSelector('[data-test=hook] [data-state=paused]');
    await page.fill('#mail-host', '127.0.0.1');
    await page.fill('#mail-port', '2525');
    await page.selectOption('#mail-security', 'plain');
    await page.fill('#mail-from', 'shop@example.org');
    await page.click('[data-test=mail]');
    await page.waitForSelector('p:has-text("Mail goes out by 127.0.0.1")');
    await page.click('[data-test=hook] button:has-text("Delete")');
    await page.click('button:has-text("Yes, do it")');
    await page.waitForSelector('.empty:has-text("Nobody is told")');
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  });

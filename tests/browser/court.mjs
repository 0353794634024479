// court.mjs - a case as its people see it: an accusation with evidence, jurors
// drawn, votes sealed and opened by the page, a sanction, an appeal whose larger
// jury reverses it; a vote that was told, a fine that is paid; an emergency; a
// ban that is heard again.
// TEST_TIMEOUT=400
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { ethers } from 'ethers';
import { Node } from '../e2e/node.mjs';
import { CHROMIUM, launch, look, open } from './browser.mjs';
import { CMT, DAY, Jury, PHRASE } from './jury.mjs';
import { actAs, givePurse, settled, step } from './purse.mjs';

const skip = existsSync(CHROMIUM) ? false : 'no Chromium on this machine';
const FINE = 2, SUSPENDED = 3, BAN = 5;
const SLOW_MS = 90000; // a loaded machine
let node, browser, jury, claimant, accused;

before(async () => {
  if (skip) return;
  node = await Node.start(['dev']);
  [jury, browser] = await Promise.all([Jury.summon(node, 26), launch()]);
  [, , , claimant, accused] = await node.rpc('eth_accounts');
});
after(async () => {
  await browser?.close();
  if (node) assert.equal((await node.stop()).code, 0);
});

const fresh = async (options) => {
  const page = await open(browser, options);
  page.setDefaultTimeout(SLOW_MS);
  return page;
};
const pageOf = async (who, path) => {
  const page = await fresh();
  await page.goto(node.url + path);
  await actAs(page, who);
  return page;
};
// In the name of a juror, whose wallet the browser has.
const jurorOf = async (wallet, path) => {
  const page = await fresh();
  await givePurse(page, wallet.connect(new ethers.JsonRpcProvider(node.url,
    undefined, { staticNetwork: true })), 'Juror');
  await page.goto(node.url + path);
  await actAs(page, 'Juror');
  return page;
};
const state = (page, word) => page.waitForSelector(
  `main > p > [data-state=${word}], main div > p > [data-state=${word}]`);
const sanctioned = (page, level) => page.waitForSelector(
  `[data-test=sanction][data-level="${level}"]`);
const balance = async (who) => BigInt(await node.rpc('eth_getBalance',
  [who, 'latest']));

// What a chart says; by a key: of what that key leads to.
async function said(page, chart, key) {
  const box = `[data-test=${chart}]`;
  if (key) await page.press(`${box} > svg`, key);
  return page.textContent(`${box} output`);
}

// As a stranger to the case sees it: no violation, no wider than the screen.
async function see(path, name) {
  for (const [width, colorScheme] of [[1280, 'light'], [320, 'dark']]) {
    const page = await fresh({ bypassCSP: true, colorScheme,
      viewport: { width, height: 800 } });
    await page.goto(node.url + path);
    await page.waitForSelector('[data-test=sanction]');
    await look(page, `${name}-${width}`);
    await page.context().close();
  }
}

// Accused by a page, the bond shown first; the path of the case.
async function accuse(page, text) {
  await page.waitForSelector('[data-test=cost]:has-text("250")'); // no human: 5x
  await page.waitForSelector('blockquote:has-text("does not send them")');
  await page.fill('#text', text);
  await page.click('form.form button.main');
  await page.waitForURL(/\/court\/\d+$/);
  return new URL(page.url()).pathname;
}

test('accused, judged, sanctioned; the appeal reverses it', { skip },
  async () => {
    const accuses = await pageOf(claimant, `/court/accuse?party=${accused}`);
    const path = await accuse(accuses, 'Two parcels were empty.');
    const id = Number(path.split('/').at(-1));
    const defends = await pageOf(accused, path);
    await step(defends, 'reply', { note: 'They were weighed.' });
    await state(accuses, 'evidence');
    await step(accuses, 'evidence', { note: 'A picture of both.' });
    await defends.waitForSelector('[data-test=evidence]:has-text("of both")');
    await jury.pass(5 * DAY + 1);
    await jury.until(id, 'commit');

    const [one, two, three] = await jury.seated(id);
    const votes = [await jurorOf(one, '/court'), await jurorOf(two, path)];
    await votes[0].click(`.notice:has-text("You were drawn") a[href="${path}"]`);
    for (const page of votes) {
      await page.waitForSelector('[data-test=ballot] blockquote');
      assert.ok(await page.isDisabled('[data-test=commit]')); // nothing chosen
      await page.selectOption('#vote', String(FINE));
      await page.fill('#reasons', 'The seals were broken by the sender.');
      await page.click('[data-test=commit]');
      await page.waitForSelector('text=Your vote: a fine');
    }
    await defends.waitForSelector('[data-test=turnout] .legend:has-text('
      + '"Voted: 2 of 3"):has-text("Quorum: 2 open votes")');
    assert.equal(await defends.locator('[data-test=turnout] .jury .bar').count(),
      2);
    assert.match(await said(defends, 'turnout', 'End'), /Seat 3: 0x.*, drawn/);
    await defends.waitForSelector('[data-test=left]');
    await jury.commit(id, [three], FINE);
    for (const [i, page] of votes.entries()) { // opened with what it kept
      await state(page, 'reveal');
      await page.click('[data-test=reveal]');
      await page.locator('[data-test=jurors] li:has-text('
        + '"seals were broken")').nth(i).waitFor(); // the other's is there
    }
    await jury.reveal(id, [three], FINE);

    await state(defends, 'appeal');
    await defends.waitForSelector('[data-test=rulings] li:has-text("a fine")');
    assert.match(await defends.textContent('[data-test=rulings]'),
      /comes into force on/);
    assert.match(await said(defends, 'tally'), /Ruling: a fine/);
    assert.match(await defends.textContent('[data-test=tally] .levels'),
      /a warning\s*0.*a fine\s*3.*suspended\s*0/s);
    assert.match(await said(defends, 'ladder'), /Round 1: 3 jurors, a fine/);
    assert.match(await said(defends, 'ladder', 'ArrowLeft'),
      /Round 3: 15 jurors, if it is appealed/);
    await see(path, 'court-ruled');
    await defends.waitForSelector('details:has([data-test=do-appeal])'
      + ':has-text("35 CMT")');
    const paid = await balance(accused);
    await step(defends, 'appeal', { note: 'The carrier opened them.' });
    await state(defends, 'evidence');
    assert.equal(await balance(accused), paid - CMT('35'));
    await jury.rule(id, 0);
    await state(defends, 'appeal');
    await jury.pass(4 * DAY + 1);
    await jury.until(id, 'closed', 1);
    await state(defends, 'closed');
    await defends.waitForSelector('[data-test=final]:has-text("dismissed")');
    await sanctioned(defends, 0);
    assert.match(await defends.textContent('[data-test=rulings]'),
      /The appeal reversed the first ruling/);
    assert.match(await said(defends, 'ladder'), /Round 2: 7 jurors, dismissed/);
    assert.equal(await defends.locator('[data-test=tally]').count(), 2);
    assert.deepEqual((await jury.sanction(accused)).map(Number), [0, 0]);
    // Three whom it overruled lost 10 each; with the fund it pays the appeal.
    assert.ok(await balance(accused) >= paid - CMT('5'));
    await votes[0].waitForSelector('[data-test=jurors] small:has-text("Lost")');
    await accuses.goto(`${node.url}/court/law`);
    await accuses.waitForSelector(`td a[href="${path}"]`);
    await see(path, 'court-reversed');
    for (const page of [accuses, defends, ...votes]) {
      assert.deepEqual(page.wrong, []);
      await page.context().close();
    }
  });

// Filed by a juror of ours, without a page; the case's number.
async function filed(rule, module, type, subject, who, emergency = false,
  by = jury.jurors.at(-1)) {
  const cost = jury.face.Court.decodeFunctionResult('accuseCost',
    await node.rpc('eth_call', [{ to: jury.address.Court,
      data: jury.face.Court.encodeFunctionData('accuseCost',
        [rule, by.address, emergency]) }, 'latest']));
  await jury.block([jury.call(by, 'Court', 'accuse', [rule, module, type,
    subject, who, ethers.id(`${rule} ${subject}`), emergency], cost[0])]);
  return (await node.rpc('court_list', [{ sort: 'new' }])).items[0].id;
}

test('a vote that was told; a fine that is paid lifts the sanction', { skip },
  async () => {
    const [, , , , , fined, teller] = await node.rpc('eth_accounts');
    const id = await filed(1, 0x1010, 1, 0, fined), path = `/court/${id}`;
    await jury.pass(7 * DAY + 1);
    await jury.pass(5 * DAY + 1);
    await jury.until(id, 'commit');
    const [loose, ...others] = await jury.seated(id);
    await jury.commit(id, [loose], FINE);
    const tells = await pageOf(teller, path);
    const { vote, salt } = jury.vote(id, 1, loose, FINE);
    await tells.click('[data-test=open-tell]');
    await tells.fill('#tell-text', JSON.stringify({ vote, frivolous: false,
      salt, reasons: ethers.ZeroHash }));
    const had = await balance(teller);
    await tells.click('[data-test=do-tip]');
    await tells.waitForSelector('[data-test=tipped]');
    await tells.waitForSelector('[data-test=do-tell][disabled]');
    await jury.pass(60);
    await tells.click('[data-test=do-tell]:not([disabled])');
    await tells.click('[data-test=do-tell]'); // sure
    await tells.waitForSelector('[data-test=jurors] [data-state=left]');
    assert.equal(await balance(teller), had + CMT('10'));
    await jury.commit(id, others, FINE);
    await jury.pass(600); // the teller had his time
    await jury.reveal(id, others, FINE);
    await jury.pass(4 * DAY + 1);
    await jury.until(id, 'closed', 1);
    const pays = await pageOf(fined, path);
    await sanctioned(pays, FINE);
    await pays.waitForSelector('.card:has([data-test=do-payFine])'
      + ':has-text("100 CMT")');
    await pays.click('[data-test=do-payFine]');
    await pays.click('[data-test=do-payFine]'); // sure
    await settled(pays);
    await sanctioned(pays, 0);
    for (const page of [tells, pays]) {
      assert.deepEqual(page.wrong, []);
      await page.context().close();
    }
  });

test('an emergency: a panel votes openly, five suspend the listing', { skip },
  async () => {
    await jury.block([jury.call(jury.issuer, 'Market', 'save', [0,
      ethers.ZeroAddress, [3, 101, ethers.id('a watch'), ethers.ZeroAddress,
        CMT('10'), 0, 259200, 86400, 259200, 3, 1000, 300, ethers.ZeroAddress,
        700, 0, 0, 0], [[0, 0, 5, ethers.ZeroHash, true]]])]);
    const id = await filed(2, 0x1012, 1, 1, jury.issuer.address, true);
    const panel = async () => (await jury.courtCase(id)).panel.state;
    for (let i = 0; i < 30 && await panel() !== 'voting'; i++)
      await jury.pass(10);
    const seats = (await jury.courtCase(id)).seats.map((s) => jury.jurors.find(
      (w) => w.address.toLowerCase() === s.juror));
    const page = await jurorOf(seats[0], '/court');
    await page.click('.notice:has-text("Emergency") a');
    await page.click('[data-test=panel-yes]');
    await page.waitForSelector('[data-test=jurors] li:has-text("Suspend it")');
    await jury.block(seats.slice(1, 5).map((w) => jury.call(w, 'Court',
      'emergencyVote', [id, true])));
    assert.equal((await node.rpc('market_get', [1])).state, 'suspended');
    await page.waitForSelector('.facts:has-text("5 of 5 for suspending")');
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  });

test('a ban that a second jury confirmed is heard again, once', { skip },
  async () => {
    const [, , , , , , , banned] = await node.rpc('eth_accounts');
    const id = await filed(2, 0x1010, 1, 0, banned, false, jury.jurors.at(-2));
    await jury.rule(id, BAN);
    await jury.pass(4 * DAY + 1); // nobody appeals: seven more are drawn
    await jury.until(id, 'commit');
    const seven = await jury.seated(id);
    assert.equal(seven.length, 7);
    await jury.commit(id, seven, BAN);
    await jury.reveal(id, seven, BAN);
    await jury.pass(4 * DAY + 1);
    await jury.until(id, 'closed', 1);
    const page = await pageOf(banned, `/court/${id}`);
    await sanctioned(page, BAN);
    await jury.pass(180 * DAY);
    await page.click('[data-test=open-rehear]');
    await page.waitForSelector('details:has([data-test=do-rehear])'
      + ':has-text("100 CMT")');
    await step(page, 'rehear', { note: 'I have given all of it back.' });
    await settled(page);
    await page.waitForSelector('[data-test=open-rehear]',
      { state: 'detached' });
    const again = (await node.rpc('court_list', [{ claimant: banned }]))
      .items[0];
    assert.deepEqual([again.origin, again.state], [id, 'evidence']);
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  });

// What a buyer sees of a seller who cannot be ordered from: his listing, his
// shop and the cart say why, and nothing can be pressed.
async function unsold(seller, id, why, inCart = why) {
  const page = await fresh();
  await page.addInitScript((listing) => localStorage.setItem('cart',
    JSON.stringify([{ listing, variant: 0, qty: 1 }])), id);
  await page.goto(`${node.url}/listing/${id}`);
  await page.waitForSelector(`form [data-test=barred]:has-text("${why}")`);
  assert.ok(await page.isDisabled('[data-test=add]'));
  await page.goto(`${node.url}/cart`);
  await actAs(page, claimant);
  await page.waitForSelector(`[data-test=checkout] .wrong:has-text("${inCart}")`);
  assert.ok(await page.isDisabled('[data-test=place]'));
  await page.goto(`${node.url}/shop/${seller}`);
  await page.waitForSelector(`[data-test=barred]:has-text("${why}")`);
  assert.deepEqual(page.wrong, []);
  await page.context().close();
}
const merchant = (i) => ethers.HDNodeWallet.fromPhrase(PHRASE, undefined,
  `m/44'/60'/0'/0/${i}`);
const sold = async (who) => { // a voucher of his; its number
  const offer = [4, 0, ethers.id('a ticket'), ethers.ZeroAddress, CMT('1'), 0,
    86400, 86400, 86400, 3, 1000, 0, ethers.ZeroAddress, 0, 0, 0, 0];
  await jury.block([jury.call(who, 'Identity', 'create', [2, ethers.ZeroHash,
    ethers.ZeroHash]), jury.call(who, 'Market', 'save', [0, ethers.ZeroAddress,
    offer, [[0, 0, 5, ethers.ZeroHash, true]]])]);
  return (await node.rpc('market_search', [{ seller: who.address
    .toLowerCase() }])).items[0].id;
};

test('orders are paused: the buyer cannot order and is told, as is the seller',
  { skip }, async () => {
    const seller = merchant(9), id = await sold(seller);
    const sells = await pageOf(seller.address, '/sell');
    await sells.waitForSelector('tbody tr');
    assert.equal(await sells.locator('[data-test=paused]').count(), 0);
    await jury.govern('Orders', 'setPause', [1, await jury.now() + 7 * DAY,
      ethers.ZeroHash]);
    await sells.waitForSelector('[data-test=paused]');
    await unsold(seller.address, id, 'takes no new orders until');
    await jury.pass(7 * DAY + 1);
    await sells.waitForSelector('[data-test=paused]', { state: 'detached' });
    assert.deepEqual(sells.wrong, []);
    await sells.context().close();
  });

test('a suspended seller: nobody orders of him, and he is told where he sells',
  { skip }, async () => {
    const seller = merchant(8), id = await sold(seller);
    const k = await filed(2, 0x1010, 1, 0, seller.address, false,
      jury.jurors.at(-3));
    await jury.rule(k, SUSPENDED);
    await jury.pass(4 * DAY + 1);
    await jury.until(k, 'closed', 1);
    await unsold(seller.address, id, 'has suspended this seller');
    const sells = await pageOf(seller.address, '/sell');
    for (const path of ['/sell', '/sell/new', '/storefront', '/']) {
      await sells.goto(node.url + path);
      await sells.waitForSelector('[data-test=barred]:has-text("nobody can order'
        + ` from you") a[href="/court/${k}"]`);
    }
    assert.deepEqual(sells.wrong, []);
    await sells.context().close();
  });

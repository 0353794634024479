// court.mjs - who was chosen and does nothing, by signed transactions and
// JSON-RPC alone: jurors who never open their votes lose of their stake and
// their seats are drawn anew; a vote told before its time; a mediator who
// vanishes pays both sides, and the court has the dispute.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ethers } from 'ethers';
import { CMT, DAY, Jury } from '../browser/jury.mjs';
import { Node } from './node.mjs';

const ABSENT = CMT('20');  // a fifth of the least stake
const stakeOf = async (node, w) => BigInt((await node.rpc('court_jurorStats',
  [w.address])).stake);
const balanceOf = async (node, who) => BigInt(await node.rpc('eth_getBalance',
  [who.address ?? who, 'latest']));

// Accused by one of the jurors, who then does not sit; until the votes begin.
async function accused(jury, nth) {
  const by = jury.jurors[nth], who = jury.jurors[nth + 1];
  await jury.block([jury.call(by, 'Court', 'accuse', [1, 0x1010, 1, 0,
    who.address, ethers.id(`story ${nth}`), false], CMT('50'))]);
  const { id } = (await jury.node.rpc('court_list', [{ sort: 'new' }]))
    .items[0];
  await jury.pass(7 * DAY + 1);
  await jury.pass(5 * DAY + 1);
  await jury.until(id, 'commit');
  return id;
}
async function ended(jury, id) {
  await jury.pass(4 * DAY + 1);
  await jury.until(id, 'closed', 1);
  const [, surplus] = jury.face.Court.decodeFunctionResult('accounted',
    await jury.node.rpc('eth_call', [{ to: `0x${'0'.repeat(36)}1015`,
      data: jury.face.Court.encodeFunctionData('accounted',
        [ethers.ZeroAddress]) }, 'latest']));
  assert.equal(surplus, 0n);
}

test('jurors who never open their votes lose of their stake, others are drawn',
  async () => {
    const node = await Node.start(['dev']);
    const jury = await Jury.summon(node, 14);
    const id = await accused(jury, 0);
    const [speaks, ...silent] = await jury.seated(id);
    await jury.commit(id, [speaks, ...silent], 1);
    await jury.reveal(id, [speaks], 1);
    await jury.pass(2 * DAY + 1);
    assert.equal((await jury.courtCase(id)).state, 'drawing'); // once more
    await jury.until(id, 'commit');
    const fresh = (await jury.seated(id)).filter((w) => ![speaks, ...silent]
      .includes(w));
    assert.equal(fresh.length, 2);
    for (const w of silent) {
      const late = jury.call(w, 'Court', 'commit', [id, ethers.id('late')]);
      const { error } = await node.raw('eth_call', [{ from: w.address,
        to: late.to, data: late.data }, 'latest']);
      assert.equal(jury.face.Court.parseError(error.data).name, 'NotSeated');
    }
    await jury.commit(id, fresh, 1);
    await jury.reveal(id, fresh, 1);
    assert.equal((await jury.courtCase(id)).state, 'appeal');
    const before = await Promise.all(fresh.map((w) => balanceOf(node, w)));
    await ended(jury, id);
    const k = await jury.courtCase(id);
    assert.deepEqual([k.result, k.isFinal], [1, true]);
    for (const w of silent) {
      assert.equal(await stakeOf(node, w), CMT('200') - ABSENT);
      const stats = await node.rpc('court_jurorStats', [w.address]);
      assert.deepEqual([stats.incoherent, stats.seats, BigInt(stats.locked)],
        [1, 0, 0n]);
      assert.ok(k.timeline.some((e) => e.event === 'JurorPaid'
        && e.juror === w.address.toLowerCase()
        && e.amount === `-0x${ABSENT.toString(16)}`));
    }
    // Fees of 15 and what two lost, among three who voted as the result.
    for (const [i, w] of fresh.entries()) {
      assert.equal(await balanceOf(node, w) - before[i],
        (CMT('15') + 2n * ABSENT) / 3n);
      assert.equal(await stakeOf(node, w), CMT('200'));
    }
    assert.equal((await node.rpc('court_jurorStats', [speaks.address]))
      .coherent, 1);

    // A vote told before its time: half of the surety to who was told it.
    const next = await accused(jury, 2);
    const [told] = await jury.seated(next);
    await jury.commit(next, [told], 2);
    const { vote, salt } = jury.vote(next, 1, told, 2);
    const teller = jury.jurors[3], had = await balanceOf(node, teller);
    const proof = [next, told.address, vote, false, salt];
    await jury.block([jury.call(teller, 'Court', 'tip', [next,
      jury.tipOf(next, 1, told, vote, teller.address)])]);
    // Who sees it in the pool has no notice of his own, nor has he in time.
    const thief = jury.jurors[4], copied = jury.call(thief, 'Court', 'snitch',
      proof);
    const refusal = async () => jury.face.Court.parseError((await node.raw(
      'eth_call', [{ from: thief.address, to: copied.to, data: copied.data },
        'latest'])).error.data).name;
    await jury.pass(60);
    assert.equal(await refusal(), 'BadProof');
    await jury.block([jury.call(thief, 'Court', 'tip', [next,
      jury.tipOf(next, 1, told, vote, thief.address)])]);
    assert.equal(await refusal(), 'TooEarly');
    await jury.block([jury.call(teller, 'Court', 'snitch', proof)]);
    assert.equal(await balanceOf(node, teller), had + ABSENT / 2n);
    assert.equal(await stakeOf(node, told), CMT('200') - ABSENT);
    assert.deepEqual(await node.stop(), { code: 0, signal: null });
  });

test('a mediator who vanishes pays both sides, and the court has the dispute',
  async () => {
    const node = await Node.start(['dev', '--demo-shop']);
    const abi = await (await fetch(`${node.url}/abi/Mediation.json`)).json();
    const face = new ethers.Interface(abi);
    const to = `0x${'0'.repeat(36)}1014`;
    const accounts = await node.rpc('eth_accounts'), mediator = accounts[9];
    const open = (await node.rpc('mediation_list', [{ state: 'negotiation' }]))
      .items[0];
    const send = async (from, method, ...values) => {
      const hash = await node.rpc('eth_sendTransaction', [{ from, to,
        gas: '0x16e360', data: face.encodeFunctionData(method, values) }]);
      assert.equal((await node.rpc('eth_getTransactionReceipt', [hash]))
        .status, '0x1', method);
    };
    const pass = async (seconds) => {
      await node.rpc('evm_increaseTime', [seconds]);
      await node.rpc('evm_mine', []);
    };
    const now = () => node.rpc('mediation_get', [open.id]);
    if ((await now()).state === 'negotiation')
      await send(open.opener, 'escalate', open.id);
    for (const side of [open.opener, open.respondent])
      await send(side, 'prefer', open.id, [mediator]);
    assert.equal((await now()).state, 'invited');
    await send(mediator, 'acceptCase', open.id);
    await pass(5 * DAY + 1);
    const { state, fee } = await now();
    assert.equal(state, 'proposing');
    const all = [open.opener, open.respondent];
    const bond = async () => BigInt((await node.rpc('mediation_mediators', [{}]))
      .items.find((m) => m.party === mediator).bond);
    const had = await bond();
    await pass(5 * DAY + 1);
    assert.equal(await bond(), had - 2n * BigInt(fee)); // his other case, too
    const paid = (await node.rpc('eth_getLogs', [{ address: to,
      fromBlock: 'latest', topics: [face.getEvent('Paid').topicHash] }]))
      .map((l) => face.parseLog(l).args)
      .filter((e) => BigInt(e.key) === BigInt(open.id));
    assert.deepEqual(paid.map((e) => [e.to.toLowerCase(), e.amount]).sort(),
      all.map((a) => [a, BigInt(fee) / 2n]).sort());
    // Nobody else may mediate: after the draws the court has it.
    for (let i = 0; i < 40 && (await now()).state !== 'atCourt'; i++)
      await pass(i < 12 ? 30 : DAY);
    const end = await now();
    assert.equal(end.state, 'atCourt');
    const court = await node.rpc('court_get', [end.courtCase]);
    assert.deepEqual([court.kind, court.origin, court.state],
      [2, open.id, 'evidence']);
    assert.deepEqual(await node.stop(), { code: 0, signal: null });
  });

// jury.mjs - a court's people for tests: an issuer whom governance approved,
// verified humans with stake, and what those do who use no page, by ordinary
// signed transactions; on a development chain, whose time is moved.
import assert from 'node:assert/strict';
import { ethers } from 'ethers';

const GOVERNANCE = '0x0000000000000000000000000000000000001002';
const ADDRESS = { Identity: `0x${'0'.repeat(36)}1010`,
  Market: `0x${'0'.repeat(36)}1012`, Orders: `0x${'0'.repeat(36)}1013`,
  Court: `0x${'0'.repeat(36)}1015` };
export const PHRASE = 'test test test test test test test test test test test junk';
const CODER = ethers.AbiCoder.defaultAbiCoder();
const SEAT = ['uint256', 'uint64', 'uint8', 'address', 'uint8', 'bool',
  'bytes32'];
const GAS = 1500000n;
export const DAY = 86400;
export const CMT = ethers.parseEther;

export class Jury {
  // n jurors, each with 200 CMT at stake in the court of trade.
  static async summon(node, n) {
    const j = new Jury();
    Object.assign(j, { node, face: {}, address: ADDRESS });
    j.chainId = Number(await node.rpc('eth_chainId'));
    for (const name of Object.keys(ADDRESS)) {
      j.face[name] = new ethers.Interface(await (await fetch(
        `${node.url}/abi/${name}.json`)).json());
    }
    const banks = [5, 6, 7, 8].map((i) => ethers.HDNodeWallet.fromPhrase(
      PHRASE, undefined, `m/44'/60'/0'/0/${i}`));
    j.jurors = Array.from({ length: n }, (_, i) =>
      new ethers.Wallet(ethers.id(`juror ${i}`)));
    j.issuer = new ethers.Wallet(ethers.id('issuer'));
    const create = (who, kind) => j.call(who, 'Identity', 'create',
      [kind, ethers.ZeroHash, ethers.ZeroHash]);
    await j.block([...j.jurors.map((w, i) => ({ who: banks[i % 4],
      to: w.address, value: CMT('400') })), ...banks.map((who) => ({ who,
      to: j.issuer.address, value: CMT('2600') }))]);
    await j.block([create(j.issuer, 2), ...j.jurors.map((w) => create(w, 1)),
      j.call(j.issuer, 'Identity', 'applyIssuer', [[], 1, ethers.ZeroHash],
        CMT('10000'))]);
    await j.govern('Identity', 'approveIssuer', [j.issuer.address]);
    const until = await j.now() + 360 * DAY;
    await j.block(j.jurors.map((w) => j.call(j.issuer, 'Identity',
      'attestHuman', [w.address, ethers.id(w.address), until])));
    await j.block(j.jurors.map((w) => j.call(w, 'Court', 'stake', [1],
      CMT('200'))));
    return j;
  }

  call(who, module, method, values, value = 0n) {
    return { who, to: ADDRESS[module], value,
      data: this.face[module].encodeFunctionData(method, values),
      what: `${module}.${method}` };
  }

  // One block of these, all of which must succeed.
  async block(calls) {
    const { node } = this, next = new Map(); // nonces
    await node.rpc('evm_setAutomine', [false]);
    const hashes = [];
    for (const { who, to, value, data = '0x' } of calls) {
      const nonce = next.get(who.address) ?? Number(await node.rpc(
        'eth_getTransactionCount', [who.address, 'pending']));
      next.set(who.address, nonce + 1);
      hashes.push(await node.rpc('eth_sendRawTransaction', [
        await who.signTransaction({ type: 2, chainId: this.chainId, nonce, to,
          value, data, gasLimit: GAS, maxFeePerGas: 0n,
          maxPriorityFeePerGas: 0n })]));
    }
    await node.rpc('evm_mine', []);
    await node.rpc('evm_setAutomine', [true]);
    for (const [i, hash] of hashes.entries()) {
      const r = await node.rpc('eth_getTransactionReceipt', [hash]);
      assert.equal(r?.status, '0x1', calls[i].what);
    }
  }

  async govern(module, method, values) {
    const { node } = this;
    await node.rpc('hardhat_impersonateAccount', [GOVERNANCE]);
    const hash = await node.rpc('eth_sendTransaction', [{ from: GOVERNANCE,
      to: ADDRESS[module], gas: '0xf4240',
      data: this.face[module].encodeFunctionData(method, values) }]);
    const r = await node.rpc('eth_getTransactionReceipt', [hash]);
    assert.equal(r.status, '0x1', method);
  }

  async now() {
    return Number((await this.node.rpc('eth_getBlockByNumber',
      ['latest', false])).timestamp);
  }

  async pass(seconds) {
    await this.node.rpc('evm_increaseTime', [seconds]);
    await this.node.rpc('evm_mine', []);
  }

  courtCase(id) { return this.node.rpc('court_get', [id]); }

  // Time goes on, some seconds at a time, until the case is in this state.
  async until(id, state, seconds = 10) {
    for (let i = 0; i < 60; i++) {
      if ((await this.courtCase(id)).state === state) return;
      await this.pass(seconds);
    }
    assert.equal((await this.courtCase(id)).state, state);
  }

  // The wallets that sit in the round under way.
  async seated(id) {
    const k = await this.courtCase(id);
    return k.seats.filter((s) => s.round === k.round).map((s) =>
      this.jurors.find((w) => w.address.toLowerCase() === s.juror));
  }

  // salt and reasons of whom we vote for are known.
  vote(id, round, who, vote) {
    const salt = ethers.id(`${id} ${round} ${who.address}`);
    return { vote, frivolous: false, salt, reasons: ethers.ZeroHash,
      hash: ethers.keccak256(CODER.encode(SEAT, [this.chainId, id, round,
        who.address, vote, false, salt])) };
  }
  // The hash by which teller gives notice of that vote.
  tipOf(id, round, who, vote, teller) {
    return ethers.keccak256(CODER.encode([...SEAT, 'address'], [this.chainId,
      id, round, who.address, vote, false,
      this.vote(id, round, who, vote).salt, teller]));
  }

  async commit(id, voters, vote) {
    const { round } = await this.courtCase(id);
    await this.block(voters.map((w) => this.call(w, 'Court', 'commit',
      [id, this.vote(id, round, w, vote).hash])));
  }

  async reveal(id, voters, vote) {
    const { round } = await this.courtCase(id);
    await this.block(voters.map((w) => {
      const v = this.vote(id, round, w, vote);
      return this.call(w, 'Court', 'reveal', [id, v.vote, v.frivolous, v.salt,
        v.reasons]);
    }));
  }

  // From wherever it is to the ruling of a round in which all vote so.
  async rule(id, vote) {
    const k = await this.courtCase(id);
    if (k.state === 'filed') await this.pass(7 * DAY + 1);
    if (k.state !== 'commit') await this.pass(5 * DAY + 1);
    await this.until(id, 'commit');
    const voters = await this.seated(id);
    await this.commit(id, voters, vote);
    await this.reveal(id, voters, vote);
  }

  async sanction(address) {
    const data = this.face.Identity.encodeFunctionData('sanctionOf', [address]);
    return this.face.Identity.decodeFunctionResult('sanctionOf',
      await this.node.rpc('eth_call', [{ to: ADDRESS.Identity, data },
        'latest']));
  }
}

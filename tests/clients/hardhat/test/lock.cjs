// lock.cjs - what Hardhat's own helpers do to a chain; run by hardhat.mjs.
const assert = require('node:assert/strict');
const { ethers, network } = require('hardhat');
const helpers = require('@nomicfoundation/hardhat-network-helpers');
const { loadFixture, time, mine, mineUpTo, setBalance, setCode, setNonce,
  setStorageAt, getStorageAt, impersonateAccount, stopImpersonatingAccount,
  takeSnapshot, setCoinbase, setPrevRandao, dropTransaction } = helpers;

const YEAR = 365 * 24 * 3600;
const NOBODY = '0x00000000000000000000000000000000000000AA';

async function deploy() {
  const unlock = (await time.latest()) + YEAR;
  const [owner, other] = await ethers.getSigners();
  const Lock = await ethers.getContractFactory('Lock');
  const lock = await Lock.deploy(unlock, { value: 12345n });
  await lock.waitForDeployment();
  return { lock, unlock, owner, other };
}
const height = () => ethers.provider.getBlockNumber();
const balance = (a) => ethers.provider.getBalance(a);

describe('the contract', () => {
  it('is compiled and deployed with its arguments and value', async () => {
    const { lock, unlock, owner } = await loadFixture(deploy);
    assert.equal(await lock.unlockTime(), BigInt(unlock));
    assert.equal(await lock.owner(), owner.address);
    assert.equal(await balance(lock.target), 12345n);
  });
  it('refuses to be made with a time that has passed', async () => {
    const Lock = await ethers.getContractFactory('Lock');
    await assert.rejects(Lock.deploy(await time.latest(), { value: 1n }),
      /Unlock time should be in the future/);
  });
  it('tells its own error with arguments', async () => {
    const { lock, unlock } = await loadFixture(deploy);
    const failed = await lock.withdraw.staticCall().catch((e) => e);
    const own = lock.interface.parseError(failed.data ?? failed.error?.data);
    assert.equal(own.name, 'TooEarly');
    assert.equal(own.args[1], BigInt(unlock));
  });
  it('pays after time has passed, with the event', async () => {
    const { lock, unlock, owner } = await loadFixture(deploy);
    await time.increaseTo(unlock);
    const before = await balance(owner.address);
    const receipt = await (await lock.withdraw()).wait();
    assert.equal(await balance(owner.address), before + 12345n);
    const event = lock.interface.parseLog(receipt.logs[0]);
    assert.equal(event.name, 'Withdrawal');
    assert.equal(event.args.amount, 12345n);
    assert.ok(event.args.when >= BigInt(unlock));
  });
  it('refuses others after that', async () => {
    const { lock, unlock, other } = await loadFixture(deploy);
    await time.increaseTo(unlock);
    await assert.rejects(lock.connect(other).withdraw(),
      /You aren't the owner/);
  });
});

describe('loadFixture', () => {
  it('brings back the same height, time and state', async () => {
    const one = await loadFixture(deploy);
    const at = [await height(), await time.latest(),
      await balance(one.owner.address)];
    await mine(7, { interval: 60 });
    await (await one.owner.sendTransaction({ to: NOBODY, value: 5n })).wait();
    const two = await loadFixture(deploy);
    assert.equal(two.lock.target, one.lock.target);
    assert.deepEqual([await height(), await time.latest(),
      await balance(two.owner.address)], at);
    assert.equal(await balance(NOBODY), 0n);
  });
});

describe('takeSnapshot', () => {
  it('restores more than once, and over inner ones', async () => {
    const outer = await takeSnapshot();
    const at = await height();
    await mine(2);
    const inner = await takeSnapshot();
    await mine(3);
    await inner.restore();
    assert.equal(await height(), at + 2);
    await mine(1);
    await inner.restore();
    assert.equal(await height(), at + 2);
    await outer.restore();
    assert.equal(await height(), at);
    await assert.rejects(inner.restore(), /invalid snapshot/i);
  });
});

describe('time', () => {
  it('increase is from the last block', async () => {
    const was = await time.latest();
    const now = await time.increase(1000);
    assert.ok(now >= was + 1000 && now < was + 1060);
    assert.equal(await time.latest(), now);
  });
  it('increaseTo is that second', async () => {
    const at = (await time.latest()) + 5000;
    await time.increaseTo(at);
    assert.equal(await time.latest(), at);
  });
  it('setNextBlockTimestamp is that of the next transaction', async () => {
    const [a] = await ethers.getSigners();
    const at = (await time.latest()) + 777;
    await time.setNextBlockTimestamp(at);
    await setBalance(NOBODY, 1n); // makes a block, which is not the next one
    const receipt = await (await a.sendTransaction({ to: NOBODY })).wait();
    assert.equal((await receipt.getBlock()).timestamp, at);
  });
  it('blocks have ascending seconds', async () => {
    await mine(3);
    const at = await height();
    const times = [];
    for (let i = at - 2; i <= at; i++) {
      times.push((await ethers.provider.getBlock(i)).timestamp);
    }
    assert.ok(times[0] < times[1] && times[1] < times[2]);
  });
  it('a time that has passed is refused', async () => {
    await assert.rejects(time.setNextBlockTimestamp(await time.latest()),
      /lower than or equal/);
  });
});

describe('mine', () => {
  it('makes so many blocks, so far apart', async () => {
    const at = await height();
    await mine(5, { interval: 100 });
    assert.equal(await height(), at + 5);
    const [a, b] = await Promise.all([at + 2, at + 3].map(
      (n) => ethers.provider.getBlock(n)));
    assert.equal(b.timestamp - a.timestamp, 100);
  });
  it('a thousand at once', async () => {
    const at = await height();
    await mine(1000);
    assert.equal(await height(), at + 1000);
  });
  it('mineUpTo', async () => {
    const to = (await height()) + 4;
    await mineUpTo(to);
    assert.equal(await height(), to);
    assert.equal(await time.latestBlock(), to);
  });
});

describe('state', () => {
  it('setBalance', async () => {
    await setBalance(NOBODY, 100n ** 9n);
    assert.equal(await balance(NOBODY), 100n ** 9n);
  });
  it('setCode and setStorageAt', async () => {
    const { lock, unlock } = await loadFixture(deploy);
    await setCode(NOBODY, await ethers.provider.getCode(lock.target));
    const copy = lock.attach(NOBODY);
    assert.equal(await copy.unlockTime(), 0n);
    await setStorageAt(NOBODY, 0, unlock);
    assert.equal(await copy.unlockTime(), BigInt(unlock));
    assert.equal(BigInt(await getStorageAt(NOBODY, 0)), BigInt(unlock));
  });
  it('setNonce, upwards only', async () => {
    const who = ethers.Wallet.createRandom().address;
    await setNonce(who, 40);
    assert.equal(await ethers.provider.getTransactionCount(who), 40);
    await assert.rejects(setNonce(who, 39), /must not be smaller/);
  });
  it('setCoinbase and setPrevRandao are what contracts see', async () => {
    const { lock } = await loadFixture(deploy);
    await setCoinbase(NOBODY);
    await setPrevRandao(0x1234n);
    await mine();
    const block = await network.provider.send('eth_getBlockByNumber',
      ['latest', false]);
    assert.equal(ethers.getAddress(block.miner), NOBODY);
    assert.equal(BigInt(block.mixHash), 0x1234n);
    assert.equal(await lock.randao({ blockTag: 'latest' }), 0x1234n);
    assert.equal(await lock.beneficiary({ blockTag: 'latest' }), NOBODY);
  });
  it('a base fee other than 0 is refused with the reason', async () => {
    await helpers.setNextBlockBaseFeePerGas(0);
    await assert.rejects(helpers.setNextBlockBaseFeePerGas(1000000000),
      /takes no fees/);
  });
});

describe('impersonation', () => {
  it('sends for an account whose key nobody has', async () => {
    await setBalance(NOBODY, 1000n);
    await assert.rejects((await ethers.provider.getSigner(NOBODY).catch(
      () => { throw new Error('no signer'); })).sendTransaction({ to: NOBODY }));
    await impersonateAccount(NOBODY);
    const signer = await ethers.getSigner(NOBODY);
    const [a] = await ethers.getSigners();
    const before = await balance(a.address);
    const tx = await signer.sendTransaction({ to: a.address, value: 7n });
    const receipt = await tx.wait();
    assert.equal(receipt.from, NOBODY);
    assert.equal(await balance(a.address), before + 7n);
    assert.equal((await ethers.provider.getTransaction(tx.hash)).from, NOBODY);
    await stopImpersonatingAccount(NOBODY);
    await assert.rejects(signer.sendTransaction({ to: a.address, value: 1n }));
  });
  it('and for a contract', async () => {
    const { lock, other } = await loadFixture(deploy);
    const signer = await ethers.getImpersonatedSigner(lock.target);
    const before = await balance(other.address);
    await (await signer.sendTransaction({ to: other.address, value: 45n })).wait();
    assert.equal(await balance(other.address), before + 45n);
    assert.equal(await balance(lock.target), 12300n);
  });
});

describe('the pool', () => {
  it('keeps what waits, drops what it is told to', async () => {
    const [a] = await ethers.getSigners();
    await network.provider.send('evm_setAutomine', [false]);
    try {
      const one = await a.sendTransaction({ to: NOBODY, value: 1n });
      const at = await height();
      assert.equal(await dropTransaction(one.hash), true);
      await mine();
      assert.equal(await ethers.provider.getTransactionReceipt(one.hash), null);
      const two = await a.sendTransaction({ to: NOBODY, value: 2n });
      await mine();
      const receipt = await ethers.provider.getTransactionReceipt(two.hash);
      assert.equal(receipt.blockNumber, at + 2);
    } finally {
      await network.provider.send('evm_setAutomine', [true]);
    }
  });
});

describe('signatures by the node', () => {
  it('of messages and of typed data are the signer\'s', async () => {
    const [a] = await ethers.getSigners();
    assert.equal(ethers.verifyMessage('hello', await a.signMessage('hello')),
      a.address);
    const domain = { name: 'shop', version: '1', chainId: 31337 };
    const types = { Order: [{ name: 'item', type: 'string' },
      { name: 'price', type: 'uint256' }] };
    const order = { item: 'tea', price: 5n };
    assert.equal(ethers.verifyTypedData(domain, types, order,
      await a.signTypedData(domain, types, order)), a.address);
  });
});

describe('reset', () => {
  it('is back at genesis', async () => {
    await helpers.reset();
    assert.equal(await height(), 0);
    assert.equal(await balance(NOBODY), 0n);
  });
});

// purse.js - what an account holds: CMT, and each token that it sold or bought
// for, asks for in a listing, or was told of.  What it was told of is kept on
// this browser.
import { NOBODY } from './act.js';
import { rpc } from './api.js';
import { callView } from './contracts.js';
import { useRpc } from './list.js';
import { erc20, tokenOf } from './money.js';
import { kept, useLoad, useSignal } from './signal.js';

export const told = kept('tokens');

// { sold, bought }: orders by state and token; undefined while on its way.
export function useStates(me) {
  const sold = useRpc(me && 'order_states', { seller: me });
  const bought = useRpc(me && 'order_states', { buyer: me });
  return { error: sold.error ?? bought.error, data: sold.data && bought.data
    && { sold: sold.data.items, bought: bought.data.items } };
}

// Addresses of tokens, CMT first.
export function useCoins(me) {
  const { data } = useStates(me);
  const facets = useRpc(me && 'market_facets', { seller: me, state: 'any' }).data;
  const more = useSignal(told);
  return [...new Set([NOBODY, ...[...data?.sold ?? [], ...data?.bought ?? []]
    .map((i) => i.token), ...(facets?.token ?? []).map((i) => i.value),
  ...more])];
}

export const balanceOf = async (owner, token) => token === NOBODY
  ? BigInt(await rpc('eth_getBalance', owner, 'latest'))
  : (await callView(token, erc20[1], [owner]))[0];

// [{ token, value }] of these; turn: grows when they may have changed.  What
// cannot be asked is null.
export const useBalances = (owner, coins, turn) => useLoad(async () => owner
  ? Promise.all(coins.map(async (address) => ({ token: await tokenOf(address),
    value: await balanceOf(owner, address).catch(() => null) }))) : undefined,
[owner, coins.join(), turn]);

// Sums by token of rows: [[address, sum]], zeros left out.
export function sumsOf(rows, key) {
  const sums = new Map();
  for (const r of rows) {
    sums.set(r.token, (sums.get(r.token) ?? 0n) + BigInt(r[key]));
  }
  return [...sums].filter(([, n]) => n > 0n);
}

// What buyers paid and did not get back, of rows of order_summary of one token:
// what is still in escrow is in it.
export const takenOf = (rows) => rows.reduce((n, i) => n + BigInt(i.total)
  - BigInt(i.refunded) - BigInt(i.refundedLater), 0n);

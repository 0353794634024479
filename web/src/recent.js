// recent.js - the newest blocks as charts want them: height, time, interval, how
// many transactions, gas, who proposed.  What was asked once is kept, so that a
// new block costs two calls.
import { live, rpcAll } from './api.js';
import { blockMs } from './pages/home.js';
import { useLoad, useSignal } from './signal.js';

export const RECENT = 200;
const kept = new Map(); // height -> block

const hex = (n) => `0x${n.toString(16)}`;
const fact = (head, cnt) => ({ number: Number(head.number), ms: blockMs(head),
  txs: Number(cnt), gas: Number(head.gasUsed), limit: Number(head.gasLimit),
  miner: head.miner, hash: head.hash });

// Blocks from - cnt + 1 to from without the genesis, oldest first, with the
// seconds since the one before.
export async function recentBlocks(from, cnt = RECENT) {
  const first = Math.max(0, from - cnt); // one more, for the first interval
  const heights = Array.from({ length: from - first + 1 }, (_, i) => first + i);
  const missing = heights.filter((h) => !kept.has(h));
  const got = missing.length ? await rpcAll(missing.flatMap((h) => [
    ['eth_getHeaderByNumber', hex(h)],
    ['eth_getBlockTransactionCountByNumber', hex(h)]])) : [];
  missing.forEach((h, i) => {
    if (got[2 * i]) kept.set(h, fact(got[2 * i], got[2 * i + 1]));
  });
  for (const h of kept.keys()) if (h < first) kept.delete(h);
  const list = heights.map((h) => kept.get(h)).filter(Boolean);
  return list.map((b, i) => ({ ...b, seconds: i && list[i - 1].number
    === b.number - 1 ? (b.ms - list[i - 1].ms) / 1000 : undefined })).slice(1);
}

export function useRecent() {
  const { height } = useSignal(live);
  return useLoad(async () => height === null ? undefined
    : recentBlocks(height), [height]);
}

// verdict.js - votes and rulings of the court in words, and its views.
import { MODULE } from './act.js';
import { abiOf, callView } from './contracts.js';
import { t } from './i18n.js';
import { useRpc } from './list.js';
import { percent } from './split.js';

export const APPEAL = 2, CHALLENGE = 3; // kinds of a case, beside accusations
export const STEP_BPS = 500;
const SHARES = 21;

// All that a view of a module answers.
export const viewAll = async (module, method, ...values) => {
  const { abi } = await abiOf(MODULE[module]);
  return callView(MODULE[module], abi.find((r) => r.type === 'function'
    && r.name === method), values);
};
export const view = async (...what) => (await viewAll('court', ...what))[0];

export const useRule = (id) => useRpc('court_rules').data?.items.find((r) =>
  r.id === id);

// A result, a vote; the votes that there may be.
export const verdict = (k, n) => k.kind === APPEAL ? t('court.share',
  { bps: percent(n) }) : k.kind === CHALLENGE ? t(n ? 'court.upheld'
  : 'court.dismissed') : t(`court.level.${n}`);
export const voteWords = (k, v) => verdict(k, k.kind === APPEAL ? v * STEP_BPS
  : v);
export const votesOf = (k) => Array.from({ length: k.kind === APPEAL ? SHARES
  : k.kind === CHALLENGE ? 2 : k.maxLevel + 1 }, (_, i) => i);

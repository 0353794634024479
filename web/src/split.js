// split.js - how money is shared between buyer and seller, in 1/10,000: a
// slider that tells both amounts.
import { number } from './format.js';
import { t } from './i18n.js';
import { money } from './money.js';
import { Field, html } from './ui.js';

export const percent = (bps) => `${number(bps / 100)}\u00a0%`;

// What each side has of it, in words.
export function shares(bps, held, token) {
  const all = BigInt(held);
  const buyer = all * BigInt(bps) / 10000n;
  return t('split.both', { bps: percent(bps), buyer: money(buyer, token, 4),
    seller: money(all - buyer, token, 4) });
}

export const Split = ({ id, label, held, token, value, set }) => html`
  <${Field} id=${id} label=${label}><input id=${id} type="range" min="0"
    max="10000" step="100" value=${value}
    aria-valuetext=${shares(Number(value), held, token)}
    onInput=${(e) => set(e.target.value)} />
    <output for=${id}>${shares(Number(value), held, token)}</output><//>`;

// approx.js - CMT told in the currency that a merchant chose, at a rate that he
// typed himself: beside the amount, marked as approximate; nothing is paid in it.
// It is kept in the document of his identity as { currency: { code, rate, at } }:
// ISO 4217, a decimal of one CMT, seconds.  The public shop shows its seller's, the
// dashboard that of whom we act for.
import { NOBODY, changed } from './act.js';
import { acting } from './acting.js';
import { rpc } from './api.js';
import { day } from './format.js';
import { language, t } from './i18n.js';
import { signal, useSignal } from './signal.js';
import { html } from './ui.js';

const ONE = 10n ** 18n, MILLI = 10n ** 15n, MOST = 1e9;
export const currency = signal(null);

// Those that the browser has names for.
export const codes = () => Intl.supportedValuesOf('currency');
export const codeName = (code) => new Intl.DisplayNames(language(),
  { type: 'currency' }).of(code);

// A rate that was typed, as a decimal with a point; null when it is none.
export const readRate = (text) => {
  const plain = text.trim().replace(',', '.');
  return /^\d{1,9}(\.\d{1,12})?$/.test(plain) && Number(plain) > 0
    ? plain : null;
};
// Of a document, which anybody may have written.
export function currencyOf(doc) {
  const { code, rate, at } = doc?.currency ?? {};
  return codes().includes(code) && typeof rate === 'string' && readRate(rate)
    && Number(rate) < MOST ? { code, rate: Number(rate),
      at: Number.isSafeInteger(at) ? at : 0 } : null;
}

// In the dashboard: that of whom we act for, as it is on the chain.
export function followCurrency() {
  const look = async () => {
    const who = acting.value?.address;
    const id = who ? await rpc('id_get', who).catch(() => null) : null;
    if (acting.value?.address === who) currency.set(currencyOf(id?.document));
  };
  acting.watch(look);
  changed.watch(look);
}

const say = ({ code, rate }, wei) => {
  const n = Number(wei / MILLI) / 1000 * rate;
  return new Intl.NumberFormat(language(), { style: 'currency', currency: code,
    ...(n > 0 && n < 0.1 && { maximumSignificantDigits: 2 }) }).format(n);
};
const told = (c) => t('approx.how', { rate: say(c, ONE),
  code: c.code, when: c.at ? day(c.at) : '–' });

export function Approx({ value, token = NOBODY }) {
  const c = useSignal(currency);
  if (!c || token !== NOBODY || value === undefined || value === null) return null;
  return html` <small class="approx" data-test="approx" title=${told(c)}>≈${
    '\u00a0'}${say(c, BigInt(value))}</small>`;
}

// What the sign means, once on a page.
export function ApproxNote() {
  const c = useSignal(currency);
  return c && html`<p class="quiet" data-test="approx-note">${told(c)}</p>`;
}

// lines.js - the lines of an invoice: read from a form, kept in a document, shown.
// In a document { milli: thousandths of the quantity, unit, sum, tax: of the
// token's smallest units, as text; taxBps; text }: integers and texts alone.  The
// tax is in the price.
import { number } from './format.js';
import { t } from './i18n.js';
import { money, parse } from './money.js';
import { Table, html } from './ui.js';

// form: { text, qty (up to three places), price, tax (percent) }, as typed; null
// when something is none.
export function readLine(l, token) {
  const unit = parse(l.price, token);
  const m = /^(\d{1,9})(?:[.,](\d{1,3}))?$/.exec(l.qty.trim());
  const bps = /^\d{0,2}([.,]\d{1,2})?$/.test(l.tax.trim())
    ? Math.round(Number(l.tax.trim().replace(',', '.')) * 100) : NaN;
  if (unit === null || !m || !l.text.trim() || Number.isNaN(bps)) return null;
  const milli = BigInt(m[1]) * 1000n + BigInt((m[2] ?? '').padEnd(3, '0'));
  const sum = unit * milli / 1000n;
  return { text: l.text.trim(), milli: Number(milli), bps, unit, sum,
    tax: sum * BigInt(bps) / BigInt(10000 + bps) };
}
export const total = (lines, of) => lines.reduce((n, l) => n + l[of], 0n);
export const lineOut = (l) => ({ milli: l.milli, sum: `${l.sum}`, tax: `${l.tax}`,
  taxBps: l.bps, text: l.text, unit: `${l.unit}` });

// Lines of a document, which anybody may have written.
export function Itemised({ lines, token }) {
  const whole = (s) => typeof s === 'string' && /^\d{1,39}$/.test(s);
  const good = Array.isArray(lines) && lines.length <= 100 && lines.every((l) =>
    typeof l?.text === 'string' && Number.isInteger(l.milli)
    && Number.isInteger(l.taxBps) && [l.unit, l.sum, l.tax].every(whole));
  if (!good || !lines.length) return null;
  return html`<${Table} caption=${t('order.lines')} columns=${['invoice.what',
    'order.qty', 'invoice.each', 'invoice.taxed', 'invoice.sum']}
    rows=${lines.map((l, i) => ({ key: i, cells: [html`<bdi>${l.text}</bdi>`,
      number(l.milli / 1000), money(l.unit, token),
      l.taxBps ? `${number(l.taxBps / 100)} %` : '–',
      money(l.sum, token)] }))} />`;
}

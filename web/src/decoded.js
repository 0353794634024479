// decoded.js - calls and events in words.
import { readCall } from './abi.js';
import { abiOf } from './contracts.js';
import { ltr, number, units } from './format.js';
import { t } from './i18n.js';
import { useLoad } from './signal.js';
import { Address, html } from './ui.js';

const MONEY = 10n ** 12n, PLACES = 18; // amounts of a millionth and more

// A value by its type: addresses are links, text stands by itself so that its
// direction cannot reach the page around it.
export function Value({ type, value }) {
  if (Array.isArray(value)) {
    const item = type.replace(/\[\d*\]$/, '');
    return html`<ol class="values">${value.map((v) => html`
      <li><${Value} type=${item} value=${v} /></li>`)}</ol>`;
  }
  if (type === 'address') return html`<${Address} value=${value} />`;
  if (type === 'string') return html`<bdi>${value}</bdi>`;
  if (typeof value === 'bigint') {
    return html`${ltr(number(value))}${type === 'uint256' && value >= MONEY
      && value < MONEY * MONEY * MONEY && html` <small>${t('abi.places', {
        n: PLACES, text: ltr(units(value, PLACES, 6)) })}</small>`}`;
  }
  return html`<span class="hash">${String(value)}</span>`;
}

export const Args = ({ args }) => args.length > 0 && html`<dl class="facts">
  ${args.map((a) => html`<div key=${a.name}><dt>${a.name}
    <small> ${a.type}</small></dt>
    <dd><${Value} ...${a} /></dd></div>`)}</dl>`;

// What a transaction does, in a word: the method, by what is known of its target.
const callOf = async (tx) => tx.to && tx.input.length >= 10
  ? readCall((await abiOf(tx.to)).abi, tx.input)?.name : undefined;
export function Called({ tx }) {
  const { data } = useLoad(() => callOf(tx), [tx.hash]);
  return !tx.to ? t('tx.creates') : tx.input === '0x' ? t('pool.payment')
    : html`<code>${data ?? tx.input.slice(0, 10)}</code>`;
}

export const Decoded = ({ what, raw }) => html`
  <p data-test="decoded"><strong>${what.name}</strong></p>
  <${Args} args=${what.args} />
  <details><summary>${t('abi.raw')}</summary>${raw}</details>`;

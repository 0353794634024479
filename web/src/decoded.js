// decoded.js - calls and events in words.
import { number } from './format.js';
import { t } from './i18n.js';
import { Address, html } from './ui.js';

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
  if (typeof value === 'bigint') return number(value);
  return html`<span class="hash">${String(value)}</span>`;
}

export const Args = ({ args }) => args.length > 0 && html`<dl class="facts">
  ${args.map((a) => html`<div key=${a.name}><dt>${a.name}
    <small> ${a.type}</small></dt>
    <dd><${Value} ...${a} /></dd></div>`)}</dl>`;

export const Decoded = ({ what, raw }) => html`
  <p data-test="decoded"><strong>${what.name}</strong></p>
  <${Args} args=${what.args} />
  <details><summary>${t('abi.raw')}</summary>${raw}</details>`;

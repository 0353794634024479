// decoded.js - calls and events in words, and forms to read a contract.
import { useState } from 'preact/hooks';
import { signature } from './abi.js';
import { callView, errorName, giveAbi } from './contracts.js';
import { number } from './format.js';
import { t } from './i18n.js';
import { Address, Field, Submit, html } from './ui.js';

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

const Args = ({ args }) => args.length > 0 && html`<dl class="facts">
  ${args.map((a) => html`<div key=${a.name}><dt>${a.name}
    <small> ${a.type}</small></dt>
    <dd><${Value} ...${a} /></dd></div>`)}</dl>`;

export const Decoded = ({ what, raw }) => html`
  <p data-test="decoded"><strong>${what.name}</strong></p>
  <${Args} args=${what.args} />
  <details><summary>${t('abi.raw')}</summary>${raw}</details>`;

function Read({ address, abi, method }) {
  const [state, set] = useState({});
  const submit = async (e) => {
    e.preventDefault();
    const values = method.inputs.map((p, i) => {
      const text = e.target.elements[`a-${i}`].value.trim();
      if (!/\[|tuple/.test(p.type)) return text;
      try { return JSON.parse(text); } catch { return text; }
    });
    set({ busy: true });
    set(await callView(address, method, values).then((result) => ({ result }),
      (error) => ({ error: errorName(abi, error) ?? error.message })));
  };
  const id = signature(method);
  return html`<details class="read"><summary>${method.name}</summary>
    <form onSubmit=${submit}>${method.inputs.map((p, i) => html`
      <${Field} id=${`${id}-${i}`} label=${`${p.name || i + 1} (${p.type})`}>
        <input id=${`${id}-${i}`} name=${`a-${i}`} autocomplete="off"
          spellcheck=${false} required /><//>`)}
      <${Submit} busy=${state.busy}>${t('abi.read')}<//>
      <div aria-live="polite">${state.error && html`<p class="wrong">
          ${state.error}</p>`}
        ${state.result && html`<${Args} args=${method.outputs.map((p, i) => ({
          name: p.name || `${i + 1}`, type: p.type,
          value: state.result[i] }))} />`}</div></form></details>`;
}

// What a contract tells, and where its ABI is given.
export function Contract({ address, known, change }) {
  const [wrong, say] = useState(null);
  const views = known.abi.filter((r) => r.type === 'function'
    && ['view', 'pure'].includes(r.stateMutability));
  const submit = (e) => {
    e.preventDefault();
    const problem = giveAbi(address, e.target.elements.abi.value);
    say(problem);
    if (!problem) change();
  };
  return html`<section data-test="contract"><h2>${t('abi.methods')}</h2>
    <p>${t(`abi.from.${known.from}`)}</p>
    ${views.map((m) => html`<${Read} key=${signature(m)} address=${address}
      abi=${known.abi} method=${m} />`)}
    ${known.from !== 'module' && html`<details class="read">
      <summary>${t('abi.give')}</summary>
      <form onSubmit=${submit}><${Field} id="abi" label=${t('abi.text')}
        hint=${t('abi.hint')} error=${wrong && t(wrong)}>
        <textarea id="abi" name="abi" rows="6" spellcheck=${false}
          aria-describedby="abi-hint"></textarea><//>
        <button type="submit">${t('abi.keep')}</button></form></details>`}
  </section>`;
}

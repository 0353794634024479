// contract.js - what a contract is asked and told: forms for each method of its
// ABI, where that ABI comes from, and its source.  What is written is tried
// first (eth_call and eth_estimateGas as the one who would sign), then signed by
// whom we act for.
import { useState } from 'preact/hooks';
import { decode, encodeCall, signature } from '../abi.js';
import { act } from '../act.js';
import { acting } from '../acting.js';
import { rpcAll } from '../api.js';
import { callView, errorName, keepAbi, readAbi } from '../contracts.js';
import { Args } from '../decoded.js';
import { inWords } from '../fault.js';
import { number } from '../format.js';
import { t } from '../i18n.js';
import { checked, namedBy } from '../metadata.js';
import { parse } from '../money.js';
import { useLoad, useSignal } from '../signal.js';
import { Empty, Field, Loaded, Notice, Submit, html } from '../ui.js';

const isView = (r) => ['view', 'pure'].includes(r.stateMutability);
const functions = (abi, wanted) => abi.filter((r) => r.type === 'function'
  && isView(r) === wanted);

/* --------------------------------------------------------------- one method */

// Lists and tuples are typed as JSON; numbers beyond 2^53 stay as digits.
const typed = (p, text) => {
  if (!/\[|tuple/.test(p.type)) return text;
  try {
    return JSON.parse(text.replace(/(?<![\w".])(-?\d{15,})(?![\w".])/g,
      '"$1"'));
  } catch { throw new Error(t('abi.json', { name: p.name || p.type })); }
};
const hintOf = (p) => /\[/.test(p.type) ? t('abi.hint.list')
  : /^tuple/.test(p.type) ? t('abi.hint.tuple', { parts: (p.components ?? [])
    .map((c) => `${c.name} ${c.type}`).join(', ') }) : null;

const told = (row, values) => row.outputs.map((p, i) => ({
  name: p.name || `${i + 1}`, type: p.type, value: values[i] }));

function Result({ state }) {
  return html`<div aria-live="polite">
    ${state.error && html`<p class="wrong"><bdi>${state.error}</bdi></p>`}
    ${state.gas && html`<p class="good" data-test="tried">${t('abi.tried',
      { n: number(state.gas) })}</p>`}
    ${state.result && html`<${Args} args=${state.result} />`}
    ${state.done && html`<p class="good">${t('abi.sent')}</p>`}</div>`;
}

function Method({ address, abi, row, text }) {
  const me = useSignal(acting);
  const [state, set] = useState({});
  const id = `m-${signature(row).replace(/\W+/g, '-')}`;
  const view = isView(row), payable = row.stateMutability === 'payable';
  const read = (form) => {
    const value = payable ? parse(form.elements.value.value.trim() || '0') : 0n;
    if (value === null) throw new Error(t('send.bad.amount'));
    return { value, values: row.inputs.map((p, i) =>
      typed(p, form.elements[`a-${i}`].value.trim())) };
  };
  const trial = async ({ values, value }) => {
    const tx = { from: me?.address, to: address, data: encodeCall(row, values),
      value: `0x${value.toString(16)}` };
    const [data, gas] = await rpcAll([['eth_call', tx, 'latest'],
      ['eth_estimateGas', tx]]);
    return { gas: Number(gas), result: told(row, decode(row.outputs, data)) };
  };
  const submit = async (e) => {
    e.preventDefault();
    const way = view ? 'read' : e.submitter?.value || 'try';
    set({ busy: way });
    try {
      const given = read(e.target);
      if (way === 'read') {
        set({ result: told(row, await callView(address, row, given.values)) });
      } else if (way === 'try') set(await trial(given));
      else {
        await act(row.name, address, row, given.values, { value: given.value,
          abi });
        set({ done: true });
      }
    } catch (x) { set({ error: errorName(abi, x) ?? inWords(x) }); }
  };
  return html`<details class="read" data-test="method">
    <summary><code>${row.name}</code>${payable
      && html` <small>${t('abi.payable')}</small>`}${text && html`
      <small lang="en" dir="ltr">${text}</small>`}</summary>
    <form onSubmit=${submit}>${row.inputs.map((p, i) => html`
      <${Field} id=${`${id}-${i}`} label=${`${p.name || i + 1} (${p.type})`}
        hint=${hintOf(p)}>
        <input id=${`${id}-${i}`} name=${`a-${i}`} autocomplete="off"
          spellcheck=${false} required=${p.type !== 'string'}
          aria-describedby=${hintOf(p) && `${id}-${i}-hint`} /><//>`)}
      ${payable && html`<${Field} id=${`${id}-value`} label=${t('abi.value')}>
        <input id=${`${id}-value`} name="value" inputmode="decimal"
          autocomplete="off" placeholder="0" /><//>`}
      <div class="row">${view ? html`<${Submit} busy=${state.busy}>
          ${t('abi.read')}<//>`
        : html`<button type="submit" value="try" data-test="try"
            aria-disabled=${Boolean(state.busy) || null}>${t('abi.try')}</button>
          ${me ? html`<button type="submit" class="main" value="send"
              data-test="send" aria-disabled=${Boolean(state.busy) || null}>
              ${t(state.busy === 'send' ? 'act.busy' : 'abi.send')}</button>`
            : html`<small>${t('abi.nobody')}</small>`}`}</div>
      <${Result} state=${state} /></form></details>`;
}

// What a module says that its methods are for, in English: { signature: text }.
const textsOf = async (name) => Object.fromEntries((await (await fetch(
  `/abi/${name}.info.json`)).json()).methods.map((m) => [m.signature, m.text]));

export function Methods({ address, known, views }) {
  const rows = functions(known.methods ?? known.abi, views);
  const { data: texts } = useLoad(() => known.from === 'module'
    ? textsOf(known.name) : Promise.resolve({}), [known.name, known.from]);
  if (!rows.length) {
    return html`<${Empty} title=${t(views ? 'abi.no.views' : 'abi.no.writes')} />`;
  }
  return html`<p class="quiet">${t(`abi.from.${known.from}`)}</p>
    ${rows.map((row) => html`<${Method} key=${signature(row)} row=${row}
      address=${address} abi=${known.abi} text=${texts?.[signature(row)]} />`)}`;
}

/* ---------------------------------------------------- interface and source */

const read = async (files) => Promise.all([...files].map(async (f) =>
  ({ name: f.name, text: await f.text() })));

// null, or the key of what is wrong.
function give(address, code, texts) {
  if (!texts.length) { keepAbi(address, null); return null; }
  const found = checked(code, texts);
  if (found) {
    keepAbi(address, { ...found, checked: true });
    return null;
  }
  const abi = texts.map(({ text }) => readAbi(text)).find(Boolean);
  if (!abi) return 'abi.bad';
  keepAbi(address, { abi });
  return null;
}

function Give({ address, code, known, change }) {
  const [wrong, say] = useState(null);
  const submit = async (e) => {
    e.preventDefault();
    const { abi, files } = e.target.elements;
    const problem = give(address, code, [...await read(files.files),
      ...abi.value.trim() ? [{ name: '', text: abi.value }] : []]);
    say(problem);
    if (!problem) { e.target.reset(); change(); }
  };
  const forget = () => { keepAbi(address, null); change(); };
  return html`<section class="card" data-test="give"><h2>${t('abi.give')}</h2>
    <p>${t(namedBy(code) ? 'abi.give.named' : 'abi.give.unnamed')}</p>
    <form onSubmit=${submit}>
      <${Field} id="abi-files" label=${t('abi.files')} hint=${t('abi.files.hint')}>
        <input id="abi-files" name="files" type="file" multiple
          accept=".json,.sol,.txt" aria-describedby="abi-files-hint" /><//>
      <${Field} id="abi" label=${t('abi.text')} hint=${t('abi.hint')}
        error=${wrong && t(wrong)}>
        <textarea id="abi" name="abi" rows="5" spellcheck=${false}
          aria-describedby="abi-hint"></textarea><//>
      <div class="row"><button type="submit" class="main">${t('abi.keep')}
        </button>${['given', 'checked'].includes(known.from) && html`<button
          type="button" onClick=${forget}>${t('abi.forget')}</button>`}</div>
    </form></section>`;
}

// A module's interface in Solidity, as the node serves it.
function ModuleSource({ name }) {
  const state = useLoad(async () => (await fetch(`/abi/${name}.sol`)).text(),
    [name]);
  return html`<p>${t('abi.from.module')}</p>
    <ul class="row plain">${[['html', 'abi.pages'], ['json', 'abi.json.file'],
      ['sol', 'abi.sol.file']].map(([end, key]) => html`<li>
      <a class="button" href=${`/abi/${name}.${end}`} target="_blank">${t(key)}
      </a></li>`)}</ul>
    <${Loaded} state=${state} rows=${8}>${(text) => html`<pre class="source"
      tabindex="0" data-test="source">${text}</pre>`}<//>`;
}

export function Source({ address, known, code, change }) {
  if (known.from === 'module') return html`<${ModuleSource} name=${known.name} />`;
  const named = namedBy(code);
  return html`${known.from === 'checked' ? html`<${Notice} kind="good"
      title=${t('abi.agrees')}><p>${t('abi.agrees.text', { name: known.name
        ?? '–', compiler: known.compiler })}</p><p>${t('abi.agrees.not')}</p><//>`
    : known.from === 'given' ? html`<${Notice} title=${t('abi.yours')}>
      <p>${t(named ? 'abi.yours.other' : 'abi.yours.unnamed')}</p><//>`
    : html`<p>${t('abi.from.common')}</p>`}
    ${known.sources?.map(({ path, text }) => html`<details class="read"
      key=${path} data-test="source"><summary><code>${path}</code>${' '}
        <small>${t(text === undefined ? 'abi.source.not' : 'abi.source.ok')}
        </small></summary>${text !== undefined && html`<pre class="source"
          tabindex="0">${text}</pre>`}</details>`)}
    <${Give} address=${address} code=${code} known=${known} change=${change} />`;
}

// console.js - any JSON-RPC method, by its own description (rpc_discover): a
// field for each parameter, the answer, and the same as a command.
import { useState } from 'preact/hooks';
import { rpc } from '../api.js';
import { number } from '../format.js';
import { t } from '../i18n.js';
import { useLoad } from '../signal.js';
import { Copy, Field, Loaded, Notice, Submit, html } from '../ui.js';

const KEPT = 20;

// What was typed: JSON when it is some, else text.
function typed(text) {
  try { return JSON.parse(text); } catch { return text; }
}
// Fields left empty at the end are not sent; others are null.
function gather(form, method) {
  const all = method.params.map((p) => form.elements[`p-${p.name}`].value
    .trim());
  while (all.length && all.at(-1) === '') all.pop();
  return all.map((v) => v === '' ? null : typed(v));
}
const quoted = (s) => `'${s.replaceAll("'", "'\\''")}'`;
const command = (name, params) => ['cybermiles rpc', name, ...params.map((p) =>
  quoted(typeof p === 'string' ? p : JSON.stringify(p)))].join(' ');

function Method({ method, call, busy }) {
  const submit = (e) => {
    e.preventDefault();
    call(method.name, gather(e.target, method));
  };
  return html`<form class="form" onSubmit=${submit} key=${method.name}>
    <p lang="en">${method.summary}</p>
    ${method.params.map((p) => html`<${Field} id=${`p-${p.name}`}
      label=${p.required ? p.name : t('console.optional', { name: p.name })}
      hint=${p.description}>
      <input id=${`p-${p.name}`} name=${`p-${p.name}`} autocomplete="off"
        spellcheck=${false} required=${p.required}
        aria-describedby=${`p-${p.name}-hint`} /><//>`)}
    <${Submit} busy=${busy}>${t('console.call')}<//></form>`;
}

const Answer = ({ name, params, ms, result, error }) => html`
  <section class="answer"><h3><code>${name}</code>
    <small>${t('console.took', { ms: number(Math.round(ms)) })}</small></h3>
    <p class="hash">${command(name, params)}
      <${Copy} text=${command(name, params)} /></p>
    ${error ? html`<${Notice} kind="error" title=${error.code ?? ''}>
        <p>${error.message}</p><//>`
      : html`<pre tabindex="0" data-test="result">${
        JSON.stringify(result, null, 2)}</pre>`}</section>`;

export function Console() {
  const [name, choose] = useState('eth_blockNumber');
  const [done, set] = useState([]);
  const [busy, wait] = useState(false);
  const found = useLoad(() => rpc('rpc_discover'), []);
  const call = async (method, params) => {
    wait(true);
    const begin = performance.now();
    const answer = await rpc(method, ...params).then((result) => ({ result }),
      (error) => ({ error }));
    set((old) => [{ id: begin, name: method, params,
      ms: performance.now() - begin, ...answer }, ...old].slice(0, KEPT));
    wait(false);
  };
  return html`<h1>${t('console.title')}</h1>
    <${Loaded} state=${found} rows=${6}>${({ methods }) => {
      const method = methods.find((m) => m.name === name);
      return html`<${Field} id="method" label=${t('console.method')}
          hint=${t('console.count', { n: number(methods.length) })}
          error=${!method && t('console.unknown')}>
          <input id="method" list="methods" value=${name} autocomplete="off"
            spellcheck=${false} onInput=${(e) => choose(e.target.value.trim())}
            aria-describedby="method-hint" />
          <datalist id="methods">${methods.map((m) => html`
            <option value=${m.name}>${m.summary}</option>`)}</datalist><//>
        ${method && html`<${Method} method=${method} call=${call}
          busy=${busy} />`}`;
    }}<//>
    <div aria-live="polite">${done.map((a) => html`
      <${Answer} key=${a.id} ...${a} />`)}</div>`;
}

// steps.js - what may be done with a record, as rows of a table: { id, form,
// main, sure, Cost, first, send, call }.  The texts of a step are do.<id>; its fields
// are those of Input; Cost shows what it costs above its button; send(of, form,
// token) gives the call as [module, method, arguments, options]; call names it, as
// "module.method", for useMayCall.
import { useState } from 'preact/hooks';
import { Do, ZERO32, act } from './act.js';
import { putDocument } from './content.js';
import { t } from './i18n.js';
import { Split } from './split.js';
import { Field, html } from './ui.js';

const REASONS = [1, 2, 3, 4, 5, 6, 7];
const WRONGS = [4, 5, 6, 8, 9];
const START = { tracking: '', note: '', reason: '1', amount: '', days: '7',
  stars: '5', wrong: '4', split: '10000' };

export const note = (text) => text.trim() ? putDocument({ text: text.trim() })
  : ZERO32;

const CHOICES = {
  reason: REASONS.map((r) => [r, () => t(`reason.${r}`)]),
  wrong: WRONGS.map((r) => [r, () => t(`wrong.${r}`)]),
  stars: [5, 4, 3, 2, 1].map((n) => [n, () => `${'★'.repeat(n)} ${n}`]),
};

export function Input({ name, step, form, put, token, of }) {
  const id = `${step}-${name}`;
  const common = { id, value: form[name],
    onInput: (e) => put({ ...form, [name]: e.target.value }) };
  const label = t(`do.${name}`);
  if (name === 'note') {
    return html`<${Field} id=${id} label=${label}>
      <textarea rows="3" maxlength="4000" ...${common}></textarea><//>`;
  }
  if (name === 'split') {
    return html`<${Split} id=${id} label=${label} held=${of.held}
      token=${token} value=${form.split}
      set=${(split) => put({ ...form, split })} />`;
  }
  if (CHOICES[name]) {
    return html`<${Field} id=${id} label=${label}><select ...${common}>
      ${CHOICES[name].map(([v, say]) => html`<option value=${String(v)}>
        ${say()}</option>`)}</select><//>`;
  }
  return html`<${Field} id=${id} label=${name === 'amount'
    ? `${label} (${token?.symbol ?? ''})` : label}><input ...${common}
    inputmode=${name === 'amount' ? 'decimal' : name === 'days' ? 'numeric'
      : null} autocomplete="off" /><//>`;
}

export function Step({ step, of, token, again }) {
  const [form, put] = useState({ ...START, ...step.first?.(of, token) });
  const label = t(`do.${step.id}`);
  const go = async () => {
    const [module, method, args, options] = await step.send(of, form, token);
    await act(label, module, method, args, options);
    again();
  };
  const button = html`<${Do} go=${go} kind=${step.main ? 'main' : null}
    confirm=${step.sure && t('do.sure')} test=${`do-${step.id}`} call=${step.call}>${label}<//>`;
  const cost = step.Cost && html`<${step.Cost} of=${of} form=${form}
    put=${put} token=${token} />`;
  if (!step.form) {
    return cost ? html`<div class="card">${cost}${button}</div>` : button;
  }
  return html`<details class="read" open=${step.main}><summary
      data-test=${`open-${step.id}`}>${label}</summary><div class="form bare">
    ${step.form.map((name) => html`<${Input} name=${name} step=${step.id}
      form=${form} put=${put} token=${token} of=${of} />`)}${cost}${button}
    </div></details>`;
}

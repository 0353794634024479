// pocket_sheet.js - the dialogs of the wallet that is made in the page: what it
// is good for and what not, its password, its file (which must be saved before
// the key is used), and opening it again.
import { useState } from 'preact/hooks';
import { saveText } from './csv.js';
import { checksum } from './format.js';
import { t } from './i18n.js';
import { store, stored } from './pocket.js';
import { addressOf, newKey, seal, unseal } from './pocket_key.js';
import { Strength, levelOf } from './strength.js';
import { Field, Hash, Notice, Sheet, html } from './ui.js';

const LEAST = 10;

export const saveKey = (json) => saveText(`cybermiles-key-${json.address}.json`,
  JSON.stringify(json, null, 2), 'application/json');

const Password = ({ id, label, value, set, fresh, children }) => html`<${Field}
  id=${id} label=${label}><input id=${id} type="password" required
    value=${value} maxlength="1024" minlength=${fresh ? LEAST : null}
    autocomplete=${fresh ? 'new-password' : 'current-password'}
    onInput=${(e) => set(e.target.value)} />${children}<//>`;

const Buttons = ({ busy, label, cancel, disabled }) => html`<div class="row">
  <button class="main" type="submit" disabled=${disabled}
    aria-disabled=${busy || null} data-test="pocket-go">
    ${t(busy ? 'act.busy' : label)}</button>
  <button type="button" onClick=${cancel}>${t('act.not')}</button></div>`;

// Runs what a form does, once at a time; what went wrong is said in it.
function useForm(go) {
  const [state, set] = useState({});
  return { ...state, submit: async (e) => {
    e.preventDefault();
    if (state.busy) return;
    set({ busy: true });
    try { await go(); set({}); } catch (x) { set({ wrong: x.message }); }
  } };
}
const Wrong = ({ text }) => text && html`<p class="wrong" role="alert">
  <bdi>${text}</bdi></p>`;

function New({ made, restore, cancel }) {
  const [word, set] = useState(''), [twice, again] = useState('');
  const form = useForm(async () => {
    if (word.length < LEAST || levelOf(word) === 'bad') {
      throw new Error(t('pocket.weak'));
    }
    if (word !== twice) throw new Error(t('keys.differ'));
    const key = newKey();
    made(key, await seal(key, word));
  });
  return html`<${Sheet} id="pocket" title=${t('pocket.title')} close=${cancel}
      submit=${form.submit}><p>${t('pocket.what')}</p>
    <ul class="advice"><li>${t('pocket.small')}</li>
      <li>${t('pocket.page', { host: location.host })}</li>
      <li>${t('pocket.lose')}</li></ul>
    <${Password} id="pocket-new" label=${t('pocket.password')} fresh
      value=${word} set=${set}><${Strength} value=${word} /><//>
    <${Password} id="pocket-twice" label=${t('keys.twice')} fresh value=${twice}
      set=${again} /><${Wrong} text=${form.wrong} />
    <${Buttons} busy=${form.busy} label="pocket.make" cancel=${cancel} />
    <p><button type="button" class="link" data-test="pocket-restore"
      onClick=${restore}>${t('pocket.have')}</button></p><//>`;
}

// The key is not used before its file was saved.
function Save({ json, done, cancel }) {
  const [saved, set] = useState(false), [sure, be] = useState(false);
  const form = useForm(async () => done());
  return html`<${Sheet} id="pocket" title=${t('pocket.save')} close=${cancel}
      submit=${form.submit}><p>${t('pocket.save.why')}</p>
    <p><${Hash} value=${checksum(`0x${json.address}`)} full /></p>
    <p><button type="button" class=${saved ? null : 'main'}
      data-test="pocket-save" onClick=${() => { saveKey(json); set(true); }}>
      ${t('pocket.save.go')}</button></p>
    <label class="tick"><input type="checkbox" checked=${sure}
      disabled=${!saved} onChange=${(e) => be(e.target.checked)} />
      ${t('pocket.saved')}</label>
    <${Buttons} label="pocket.use" cancel=${cancel} disabled=${!sure} /><//>`;
}

function Restore({ give, cancel }) {
  const [word, set] = useState('');
  const [json, take] = useState(null);
  const form = useForm(async () => {
    const key = json && await unseal(json, word);
    if (!key) throw new Error(t('pocket.bad'));
    store({ ...json, address: addressOf(key) });
    give(key);
  });
  const read = async (e) => {
    const text = await e.target.files[0]?.text();
    try { take(JSON.parse(text)); } catch { take(null); }
  };
  return html`<${Sheet} id="pocket" title=${t('pocket.restore')}
      close=${cancel} submit=${form.submit}>
    <${Field} id="pocket-file" label=${t('pocket.file')}><input id="pocket-file"
      type="file" accept=".json,application/json" required onChange=${read} /><//>
    <${Password} id="pocket-word" label=${t('pocket.password')} value=${word}
      set=${set} /><${Wrong} text=${form.wrong} />
    <${Buttons} busy=${form.busy} label="pocket.use" cancel=${cancel} /><//>`;
}

function Open({ give, cancel }) {
  const [word, set] = useState('');
  const form = useForm(async () => {
    const key = await unseal(stored(), word);
    if (!key) throw new Error(t('pocket.wrong'));
    give(key);
  });
  return html`<${Sheet} id="pocket" title=${t('pocket.open')} close=${cancel}
      submit=${form.submit}><p>${t('pocket.open.why')}</p>
    <${Password} id="pocket-word" label=${t('pocket.password')} value=${word}
      set=${set} /><${Wrong} text=${form.wrong} />
    <${Buttons} busy=${form.busy} label="pocket.use" cancel=${cancel} /><//>`;
}

export function Dialog({ kind, give, cancel }) {
  const [made, make] = useState(null);
  const [way, go] = useState(kind);
  if (made) {
    return html`<${Save} json=${made.json} cancel=${cancel} done=${() => {
      store(made.json);
      give(made.key);
    }} />`;
  }
  return way === 'open' ? html`<${Open} give=${give} cancel=${cancel} />`
    : way === 'restore' ? html`<${Restore} give=${give} cancel=${cancel} />`
      : html`<${New} cancel=${cancel} restore=${() => go('restore')}
        made=${(key, json) => make({ key, json })} />`;
}

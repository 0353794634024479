// pocket_sheet.js - the dialogs of the wallet that is made in the page: what it
// is good for and what not, its password, its file or its twelve words (one of
// which must be kept before the key is used), and opening it again.
import { useState } from 'preact/hooks';
import { saveText } from './csv.js';
import { inWords } from './fault.js';
import { checksum } from './format.js';
import { t } from './i18n.js';
import { store, stored } from './pocket.js';
import { addressOf, seal, unseal } from './pocket_key.js';
import { Strength, levelOf } from './strength.js';
import { Field, Hash, Sheet, html } from './ui.js';
import { Asked, Shown, ask, wrongOf } from './word_list.js';

const LEAST = 10;
const words = () => import('./pocket_words.js'); // with its list

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
    try { await go(); set({}); } catch (x) { set({ wrong: inWords(x) }); }
  } };
}
const Wrong = ({ text }) => text && html`<p class="wrong" role="alert">
  <bdi>${text}</bdi></p>`;

// A password that is new, typed twice: { text, wrong(): why it is none, fields }.
function useFresh() {
  const [word, set] = useState(''), [twice, again] = useState('');
  return { text: word, wrong: () => word.length < LEAST || levelOf(word) === 'bad'
    ? t('pocket.weak') : word !== twice ? t('keys.differ') : null,
  fields: html`<${Password} id="pocket-new" label=${t('pocket.password')} fresh
      value=${word} set=${set}><${Strength} value=${word} /><//>
    <${Password} id="pocket-twice" label=${t('keys.twice')} fresh value=${twice}
      set=${again} />` };
}
// The key that such words are, sealed by such a password: { key, json, entropy }.
async function made(entropy, fresh) {
  const wrong = fresh.wrong();
  if (wrong) throw new Error(wrong);
  const key = await (await words()).keyOf(entropy);
  return { key, json: await seal(key, fresh.text, entropy), entropy };
}

function New({ make, from, cancel }) {
  const fresh = useFresh();
  const form = useForm(async () => make(await made((await words()).newEntropy(),
    fresh)));
  const link = (way, text) => html`<p><button type="button" class="link"
    data-test=${`pocket-${way}`} onClick=${() => from(way)}>${t(text)}</button></p>`;
  return html`<${Sheet} id="pocket" title=${t('pocket.title')} close=${cancel}
      submit=${form.submit}><p>${t('pocket.what')}</p>
    <ul class="advice"><li>${t('pocket.small')}</li>
      <li>${t('pocket.page', { host: location.host })}</li>
      <li>${t('pocket.lose')}</li></ul>
    ${fresh.fields}<${Wrong} text=${form.wrong} />
    <${Buttons} busy=${form.busy} label="pocket.make" cancel=${cancel} />
    ${link('restore', 'pocket.have')}${link('from', 'pocket.have.words')}<//>`;
}

// The words, then some of them asked for.
function Written({ list, done, cancel, label }) {
  const [asked, set] = useState(null);
  const form = useForm(async () => {
    if (!asked) { set(ask(list)); return; }
    const wrong = wrongOf(asked);
    set({ ...asked, wrong });
    if (!wrong.length) done();
  });
  return html`<${Sheet} id="pocket" title=${t('pocket.words')} close=${cancel}
      submit=${form.submit}>${asked ? html`<${Asked} ...${asked} put=${(given) =>
        set({ ...asked, given, wrong: [] })} />` : html`<${Shown} list=${list}
        how="pocket.words.write" />`}
    <${Buttons} busy=${form.busy} label=${asked ? label : 'words.written'}
      cancel=${asked ? () => set(null) : cancel} /><//>`;
}

// The key is not used before its file was saved, or its words written down.
function Save({ json, entropy, done, cancel }) {
  const [saved, set] = useState(false), [sure, be] = useState(false);
  const [list, write] = useState(null);
  const form = useForm(async () => done());
  if (list) {
    return html`<${Written} list=${list} done=${done} label="pocket.use"
      cancel=${() => write(null)} />`;
  }
  return html`<${Sheet} id="pocket" title=${t('pocket.save')} close=${cancel}
      submit=${form.submit}><p>${t('pocket.save.why')}</p>
    <p><${Hash} value=${checksum(`0x${json.address}`)} full /></p>
    <p class="row"><button type="button" class=${saved ? null : 'main'}
      data-test="pocket-save" onClick=${() => { saveKey(json); set(true); }}>
      ${t('pocket.save.go')}</button> <button type="button"
      data-test="pocket-write" onClick=${async () => write((await words())
        .wordsOf(entropy))}>${t('pocket.write')}</button></p>
    <label class="tick"><input type="checkbox" checked=${sure}
      disabled=${!saved} onChange=${(e) => be(e.target.checked)} />
      ${t('pocket.saved')}</label>
    <${Buttons} label="pocket.use" cancel=${cancel} disabled=${!sure} /><//>`;
}

function Restore({ give, cancel }) {
  const [word, set] = useState('');
  const [json, take] = useState(null);
  const form = useForm(async () => {
    const found = json && await unseal(json, word);
    if (!found) throw new Error(t('pocket.bad'));
    store({ ...json, address: addressOf(found.key) });
    give(found.key);
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

// From words that somebody has, with a password for this device.
function FromWords({ give, cancel }) {
  const [text, set] = useState('');
  const fresh = useFresh();
  const form = useForm(async () => {
    const { key, json } = await made((await words()).entropyOf(text), fresh);
    store(json);
    give(key);
  });
  return html`<${Sheet} id="pocket" title=${t('pocket.from')} close=${cancel}
      submit=${form.submit}><${Field} id="pocket-text" label=${t('words.have')}
      hint=${t('words.have.hint')}><textarea id="pocket-text" rows="3" required
      autocomplete="off" autocapitalize="none" spellcheck=${false} value=${text}
      aria-describedby="pocket-text-hint" onInput=${(e) => set(e.target.value)}
      ></textarea><//>${fresh.fields}<${Wrong} text=${form.wrong} />
    <${Buttons} busy=${form.busy} label="pocket.use" cancel=${cancel} /><//>`;
}

// Opened for what is wanted: its key, or (Words) the words that it is made of.
function Open({ give, cancel, why = 'pocket.open.why', label = 'pocket.use' }) {
  const [word, set] = useState('');
  const form = useForm(async () => {
    const found = await unseal(stored(), word);
    if (!found) throw new Error(t('pocket.wrong'));
    await give(found.key, found.entropy);
  });
  return html`<${Sheet} id="pocket" title=${t('pocket.open')} close=${cancel}
      submit=${form.submit}><p>${t(why)}</p>
    <${Password} id="pocket-word" label=${t('pocket.password')} value=${word}
      set=${set} /><${Wrong} text=${form.wrong} />
    <${Buttons} busy=${form.busy} label=${label} cancel=${cancel} /><//>`;
}

function Words({ give, cancel }) {
  const [open, set] = useState(null); // { key, list }
  return open ? html`<${Written} list=${open.list} cancel=${cancel}
      label="pocket.words.done" done=${() => give(open.key)} />`
    : html`<${Open} why="pocket.words.why" label="words.show" cancel=${cancel}
      give=${async (key, entropy) => set({ key, list: (await words())
        .wordsOf(entropy) })} />`;
}

const WAYS = { open: Open, words: Words, restore: Restore, from: FromWords };
export function Dialog({ kind, give, cancel }) {
  const [own, make] = useState(null);
  const [way, go] = useState(kind);
  if (own) {
    return html`<${Save} ...${own} cancel=${cancel} done=${() => {
      store(own.json);
      give(own.key);
    }} />`;
  }
  return WAYS[way] ? html`<${WAYS[way]} give=${give} cancel=${cancel} />`
    : html`<${New} cancel=${cancel} from=${go} make=${make} />`;
}

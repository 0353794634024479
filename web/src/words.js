// words.js - a new key for the node, step by step: with twelve words (BIP-39) that
// are shown once and of which three are asked for, from words that somebody has,
// or from a private key.  The words are made by the node, kept nowhere, and gone
// from this page with it.
import { useEffect, useRef, useState } from 'preact/hooks';
import { Do } from './act.js';
import { ownerRpc } from './api.js';
import { checksum } from './format.js';
import { t } from './i18n.js';
import { loadSession } from './session.js';
import { Field, Hash, Notice, html } from './ui.js';
import { Asked, Shown, ask, wrongOf } from './word_list.js';

const BLANK = { way: 'words', password: '', twice: '', raw: '', text: '',
  index: '0' };

// What is asked first.
function Begin({ form, set }) {
  const put = (name) => (e) => set({ ...form, [name]: e.target.value });
  const secret = (id, name) => html`<${Field} id=${id} label=${t(`keys.${name}`)}>
    <input id=${id} type="password" autocomplete="new-password"
      value=${form[name]} onInput=${put(name)} /><//>`;
  return html`<p>${t('keys.new.text')}</p>
    <${Field} id="key-way" label=${t('words.way')}><select id="key-way"
      value=${form.way} onChange=${put('way')}>${['words', 'restore', 'raw'].map(
        (w) => html`<option value=${w}>${t(`words.way.${w}`)}</option>`)}
      </select><//>
    ${form.way === 'restore' && html`<${Field} id="key-words"
      label=${t('words.have')} hint=${t('words.have.hint')}><textarea
      id="key-words" rows="3" autocomplete="off" autocapitalize="none"
      spellcheck=${false} value=${form.text} aria-describedby="key-words-hint"
      onInput=${put('text')}></textarea><//><${Field} id="key-index"
      label=${t('words.index')} hint=${t('words.index.hint')}><input
      id="key-index" inputmode="numeric" value=${form.index}
      aria-describedby="key-index-hint" onInput=${put('index')} /><//>`}
    ${form.way === 'raw' && secret('key-raw', 'raw')}
    <div class="pair">${secret('key-pw', 'password')}
      ${secret('key-pw2', 'twice')}</div>`;
}

export function NewKey({ again }) {
  const [form, set] = useState(BLANK);
  const [words, show] = useState(null); // { list, asked, given, wrong, written }
  const [made, tell] = useState(null);
  const head = useRef();
  const stage = words ? words.written ? 2 : 1 : 0;
  const before = useRef(0);
  useEffect(() => { // who uses the keyboard goes on at the top of the step
    if (before.current !== stage) head.current.focus();
    before.current = stage;
  }, [stage]);
  const done = async (address) => {
    set(BLANK);
    show(null);
    tell(address);
    await loadSession();
    again();
  };
  const fromWords = async (text, index) => done(await ownerRpc(
    'personal_importMnemonic', text, form.password, index));
  const begin = async () => {
    tell(null);
    if (form.password !== form.twice) throw new Error(t('keys.differ'));
    if (form.way === 'raw') {
      await done(await ownerRpc('personal_importRawKey', form.raw.trim(),
        form.password));
    } else if (form.way === 'restore') {
      if (!/^\d{1,9}$/.test(form.index)) throw new Error(t('sell.bad.number'));
      await fromWords(form.text, Number(form.index));
    } else {
      show({ ...ask((await ownerRpc('personal_newMnemonic')).split(' ')),
        written: false });
    }
  };
  const prove = async () => {
    const wrong = wrongOf(words);
    show({ ...words, wrong });
    if (!wrong.length) await fromWords(words.list.join(' '), 0);
  };
  return html`<section class="card" data-test="new-key">
    <h2 tabindex="-1" ref=${head}>${t('keys.new')}</h2>
    ${made && html`<${Notice} kind="good" title=${t('words.made')}>
      <p><${Hash} value=${checksum(made)} full /></p><//>`}
    ${stage === 0 && html`<${Begin} form=${form} set=${set} />
      <${Do} kind="main" test="key-new" disabled=${!form.password
        || (form.way === 'raw' && !form.raw.trim())
        || (form.way === 'restore' && !form.text.trim())} go=${begin}>
        ${t(form.way === 'words' ? 'words.show' : 'keys.make')}<//>`}
    ${stage === 1 && html`<${Shown} list=${words.list} how="words.write" />
      <p class="row"><button type="button" class="main" data-test="written"
        onClick=${() => show({ ...words, written: true })}>
        ${t('words.written')}</button><button type="button"
        onClick=${() => show(null)}>${t('act.not')}</button></p>`}
    ${stage === 2 && html`<${Asked} ...${words} put=${(given) => show({ ...words,
        given, wrong: [] })} />
      <p class="row"><${Do} kind="main" test="prove" go=${prove}
        disabled=${!words.given.every((w) => w.trim())}>${t('keys.make')}<//>
      <button type="button" onClick=${() => show({ ...words, wrong: [],
        written: false })}>${t('words.again')}</button></p>`}</section>`;
}

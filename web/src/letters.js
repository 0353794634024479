// letters.js - what parties of an order write to each other, and the address
// that a buyer gave: sealed by the browser, opened by it.
import { useState } from 'preact/hooks';
import { Do, May, NOBODY, ZERO32, act } from './act.js';
import { acting } from './acting.js';
import { rpc } from './api.js';
import { getDocument, putDocument } from './content.js';
import { t } from './i18n.js';
import { useRpc } from './list.js';
import { may, rolesWith, session } from './session.js';
import { useLoad, useSignal } from './signal.js';
import { Ago, Field, Loaded, Notice, html } from './ui.js';

const sealing = () => import('./seal.js'); // its curves are of some size

export async function keyOf(party) {
  const id = await rpc('id_get', party);
  return id && id.encKey !== ZERO32 ? id.encKey : null;
}

// The hash of a letter to reader; our own copy when we have a key.
export async function putLetter(reader, me, text) {
  const [to, own] = await Promise.all([keyOf(reader), keyOf(me)]);
  if (!to) throw new Error(t('seal.nokey'));
  const { seal } = await sealing();
  return putDocument(seal(own ? [to, own] : [to], text));
}

// Opened by a wallet, or by the node for who may ship; others are told who may.
export function Letter({ content, label }) {
  const [state, set] = useState({});
  const now = useSignal(session), me = useSignal(acting);
  const open = async () => {
    const letter = await getDocument(content);
    if (!letter) throw new Error(t('content.missing'));
    const text = await (await sealing()).unseal(letter);
    if (text === null) throw new Error(t('seal.other'));
    set({ text });
  };
  return state.text !== undefined
    ? html`<p class="wrap" data-test="letter"><bdi>${state.text}</bdi></p>`
    : me?.wallet || may('orders', now) ? html`<${Do} go=${open}>
      ${label ?? t('seal.open')}<//>`
    : html`<small data-test="closed">${t('seal.who', { roles: rolesWith(
      'orders').map((r) => t(`role.${r}`)).join(', ') })}</small>`;
}

// order: that a letter is about; filter: which are shown, when not its own.
export function Letters({ order, me, other, filter = { order } }) {
  const [text, set] = useState('');
  const list = useRpc('market_messages', filter);
  const ready = useLoad(async () => Boolean(await keyOf(other)), [other]);
  const send = async () => {
    const content = await putLetter(other, me, text.trim());
    await act(t('letter.send'), 'market', 'message', [other, order, content]);
    set('');
  };
  return html`<section class="card" id="letters"><h2>${t('letter.title')}</h2>
    <p class="quiet">${t('letter.how')}</p>
    <${Loaded} state=${list} rows=${2}>${({ items }) => html`
      <ul class="letters">${items.toSorted((a, b) => a.time - b.time).map((m) =>
        html`<li key=${m.content} class=${m.from === me ? 'mine' : ''}>
          <small>${t(m.from === me ? 'letter.me' : 'letter.other')}
            ${' '}<${Ago} ms=${m.time * 1000} /></small>
          <${Letter} content=${m.content} /></li>`)}</ul>`}<//>
    ${ready.data === false && html`<${Notice} title=${t('seal.nokey')}>
      ${t('seal.nokey.do')}<//>`}
    ${ready.data && other !== NOBODY && html`<${May} call="market.message">
    <${Field} id="letter"
      label=${t('letter.write')}><textarea id="letter" rows="3" value=${text}
        maxlength="4000" onInput=${(e) => set(e.target.value)}></textarea><//>
    <${Do} kind="main" disabled=${!text.trim()} go=${send} call="market.message">
      ${t('letter.send')}<//><//>`}</section>`;
}

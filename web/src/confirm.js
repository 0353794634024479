// confirm.js - the login's password again, before users, keys or tokens are
// changed: asked for when the node wants it, then the call is made again.
import { useState } from 'preact/hooks';
import { api, wanted } from './api.js';
import { t } from './i18n.js';
import { signal, useSignal } from './signal.js';
import { Field, Notice, Sheet, html } from './ui.js';

const asked = signal(null); // { done, cancel }

wanted.confirm = () => new Promise((resolve, reject) => asked.set({
  done: () => { asked.set(null); resolve(); },
  cancel: () => { asked.set(null); reject(new Error(t('act.cancelled'))); } }));

export function Confirm() {
  const open = useSignal(asked);
  const [text, set] = useState('');
  const [error, setError] = useState(null);
  if (!open) return null;
  const submit = async (e) => {
    e.preventDefault();
    try {
      await api('/api/confirm', { password: text });
      set('');
      setError(null);
      open.done();
    } catch (x) { setError(x); }
  };
  return html`<${Sheet} id="again-title" title=${t('again.title')}
    submit=${submit} close=${open.cancel}><p>${t('again.text')}</p>
    <${Field} id="again" label=${t('login.password')}>
      <input id="again" type="password" value=${text} required autofocus
        autocomplete="current-password"
        onInput=${(e) => set(e.target.value)} /><//>
    ${error && html`<${Notice} kind="error" title=${t('login.not')}>
      <p>${error.message}</p><//>`}
    <div class="row"><button class="main" type="submit">${t('again.go')}
      </button><button type="button" onClick=${open.cancel}>
      ${t('act.not')}</button></div><//>`;
}

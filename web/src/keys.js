// keys.js - the node's own keys as signers, with the password that opens them,
// and the choice between them and wallets.  The public shop has none of it.
import { useState } from 'preact/hooks';
import { sent } from './act.js';
import { acting, chooseWallet, keepWallet, kept, known, setActing, status }
  from './acting.js';
import { api, ownerRpc, rpc } from './api.js';
import { setClock } from './clock.js';
import { checksum, short } from './format.js';
import { nameOf } from './goods.js';
import { t } from './i18n.js';
import { session } from './session.js';
import { signal, useLoad, useSignal } from './signal.js';
import { Field, Sheet, html } from './ui.js';
import { wallets } from './wallet.js';

export const keys = signal([]);    // as far as we may use them

/* ------------------------------------------------------------ passwords */

const RIGHT_ERROR = 4100;
const asked = signal(null); // { give, cancel } while a password is wanted
let word = null;            // for the life of this page

// wrong: the last one was.
function password(wrong) {
  if (status.value?.dev) return undefined;
  if (word) return word;
  return new Promise((resolve, reject) => asked.set({ wrong,
    give: (text) => { asked.set(null); resolve(text); },
    cancel: () => { asked.set(null);
      reject(new Error(t('act.cancelled'))); } }));
}

export function Password() {
  const open = useSignal(asked);
  const what = useSignal(sent).find((s) => s.state === 'asking')?.what;
  const [text, set] = useState('');
  const [keep, setKeep] = useState(false);
  if (!open) return null;
  const submit = (e) => {
    e.preventDefault();
    if (keep) word = text;
    open.give(text);
    set('');
  };
  return html`<${Sheet} id="pw-title" title=${t('act.password')}
    submit=${submit} close=${open.cancel}>
    ${what && html`<p data-test="signs"><strong>${what}</strong></p>`}
    <${Field} id="pw" label=${t('send.password')}
      error=${open.wrong && t('api.password')}><input id="pw" type="password" value=${text} required autofocus
        autocomplete="current-password"
        onInput=${(e) => set(e.target.value)} /><//>
    <label class="tick"><input type="checkbox" checked=${keep}
      onChange=${(e) => setKeep(e.target.checked)} />${t('act.keep')}</label>
    <div class="row"><button class="main" type="submit">${t('act.sign')}
      </button><button type="button" onClick=${open.cancel}>
      ${t('act.not')}</button></div><//>`;
}

/* -------------------------------------------------------------- signing */

// With the password of the key; on a development chain keys are open to all.
async function ask(method, ...params) {
  if (status.value?.dev) return rpc(method, ...params);
  const pw = await password();
  return ownerRpc(method, ...params, pw).catch((e) => {
    word = null;
    throw e.code === RIGHT_ERROR ? e : new Error(t('seal.locked'));
  });
}

const byNode = (address) => ({ id: address, address,
  async send({ to, data, value, gas }) {
    for (let wrong = false; ; wrong = true) {
      const pw = await password(wrong);
      try {
        return (await api('/api/send', { from: address, to, gas,
          value: value.toString(), data, password: pw })).hash;
      } catch (e) {
        if (e.code !== 'password' || !pw) throw e;
        word = null;
      }
    }
  },
  sign: (data) => ask('personal_sign', data, address),
  letterKey: () => ask('personal_letterKey', address) });

// Whether we may use them changes with who is logged in.
async function loadKeys() {
  status.set(await api('/api/status').catch(() => status.value));
  if (status.value) setClock(status.value.clockMs - status.value.nowMs);
  try {
    keys.set(status.value?.keysUsable ? (await api('/api/keys')).keys : []);
  } catch { keys.set([]); }
  known.set(true);
  if (acting.value?.wallet) return;
  const mine = keys.value.find((k) => k === kept()) ?? keys.value[0];
  acting.set(mine ? byNode(mine) : null);
}

export async function loadActing() {
  await loadKeys();
  session.watch(loadKeys);
  keepWallet();
}

// A label and a list to choose from.
// A key by the name that its owner gave himself, and by its address.
function Named({ address }) {
  const { data } = useLoad(() => nameOf(address), [address]);
  return html`<option value=${address}>${data
    ? `${data} …${address.slice(-4)}` : short(checksum(address), 4, 4)}</option>`;
}

export function Acting() {
  const now = useSignal(acting);
  const own = useSignal(keys);
  const found = useSignal(wallets);
  const pick = async (e) => {
    const id = e.target.value;
    const wallet = found.find((w) => w.info.uuid === id);
    if (!wallet) setActing(byNode(id));
    else await chooseWallet(wallet).catch(() => acting.set(now));
  };
  if (!own.length && !found.length) return null;
  return html`<label class="acting">${t('acting.as')}
    <select id="acting" value=${now?.id ?? ''} onChange=${pick}>
      ${!now && html`<option value="">${t('acting.nobody')}</option>`}
      ${own.map((k) => html`<${Named} key=${k} address=${k} />`)}
      ${found.map((w) => html`<option value=${w.info.uuid}>
        ${now?.id === w.info.uuid
          ? `${w.info.name} ${short(checksum(now.address), 4, 4)}`
          : w.info.name}</option>`)}</select></label>`;
}

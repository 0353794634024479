// danger.js - in Settings: what cannot be taken back, or stops trade at once.  A
// new one is a row of ACTS: { id, right, of(me): what it is about, each(item):
// done one by one, or all(items) }.  Each says what it does and to how many,
// wants the login's name typed, and its password.
import { useState } from 'preact/hooks';
import { Do } from '../act.js';
import { acting } from '../acting.js';
import { api, ownerRpc, rpc, wanted } from '../api.js';
import { t } from '../i18n.js';
import { sendCalls } from '../listing.js';
import { may, mayCall, session } from '../session.js';
import { useLoad, useSignal } from '../signal.js';
import { Failure, Field, Notice, html } from '../ui.js';

const PAGE = 200;

// The ids of all listings of one state.
async function listings(me, state) {
  const ids = [];
  for (let cursor; me && cursor !== null;) {
    const page = await rpc('market_search', { seller: me, state, limit: PAGE,
      sort: 'new', documents: false, ...(cursor && { cursor }) });
    ids.push(...page.items.map((l) => l.id));
    cursor = page.next;
  }
  return ids;
}
const pause = (paused) => (ids) => sendCalls(t(paused ? 'danger.close'
  : 'danger.reopen'), ids.map((id) => ['setPaused', [id, paused]]));

const ACTS = [
  { id: 'close', call: 'market.setPaused', of: (me) => listings(me, 'active'),
    all: pause(true) },
  { id: 'reopen', call: 'market.setPaused', of: (me) => listings(me, 'paused'),
    all: pause(false) },
  { id: 'sessions', of: async () => (await api('/api/sessions')).sessions
    .filter((s) => !s.current), each: (s) => api('/api/sessions',
    { id: s.id }) },
  { id: 'tokens', of: async () => (await api('/api/tokens')).tokens,
    each: (x) => api('/api/tokens', { do: 'revoke', id: x.id }) },
  { id: 'hooks', right: 'notify', of: () => ownerRpc('webhook_list'),
    each: (h) => ownerRpc('webhook_delete', h.id) },
  { id: 'keys', right: 'keys', of: async () => (await ownerRpc(
    'personal_listWallets')).filter((w) => w.untilMs),
  each: (w) => ownerRpc('personal_lockAccount', w.accounts[0].address) },
  { id: 'browser', of: async () => Object.keys(localStorage),
    all: () => { localStorage.clear(); location.reload(); } },
];

function Action({ row, me, name }) {
  const [open, show] = useState(false); // what it is about, asked when opened
  const state = useLoad(async () => open ? row.of(me) : undefined, [open, me]);
  const [typed, type] = useState('');
  const [done, set] = useState(null);
  const items = state.data ?? [];
  const go = async () => {
    set(null);
    await wanted.confirm();
    const now = await row.of(me); // as it is by then
    if (row.all) await row.all(now);
    else for (const item of now) await row.each(item);
    type('');
    set(now.length);
    state.again();
  };
  const id = `danger-${row.id}`;
  return html`<details class="read" data-test=${id}
      onToggle=${(e) => show(e.currentTarget.open)}><summary>
      <strong>${t(`danger.${row.id}`)}</strong></summary>
    <p>${t(`danger.${row.id}.what`)}</p>
    ${state.error && html`<${Failure} ...${state} />`}
    ${done !== null && html`<${Notice} kind="good" title=${t('danger.done',
      { n: done })} />`}
    ${state.data && (items.length ? html`<p>${t(`danger.${row.id}.cnt`,
        { n: items.length })}</p><div class="bar"><${Field} id=${id}
        label=${t('danger.type', { name })}><input id=${id} value=${typed}
        autocomplete="off" spellcheck=${false}
        onInput=${(e) => type(e.target.value)} /><//>
      <${Do} kind="danger" go=${go} disabled=${typed.trim() !== name}
        test=${`${id}-go`}>${t(`danger.${row.id}`)}<//></div>`
      : html`<p class="quiet">${t('danger.nothing')}</p>`)}</details>`;
}

export function Danger() {
  const now = useSignal(session);
  const me = useSignal(acting)?.address;
  const rows = ACTS.filter((r) => r.call ? me && mayCall(r.call, now)
    : may(r.right, now));
  return html`<section class="card danger" data-test="danger">
    <h2>${t('danger.title')}</h2><p>${t('danger.text')}</p>
    ${rows.map((row) => html`<${Action} key=${row.id} row=${row} me=${me}
      name=${now.name} />`)}</section>`;
}

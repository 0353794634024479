// start.js - on the first page until done: what a new node and a new shop still
// want.  A new item is a row of ITEMS: done(s) from what was looked up, where it
// is done, or Act, which does it here.  Each may be put off; what was is kept on
// this browser.
import { useState } from 'preact/hooks';
import { Do } from './act.js';
import { acting, status } from './acting.js';
import { ownerRpc } from './api.js';
import { backUp } from './backup.js';
import { t } from './i18n.js';
import { keys } from './keys.js';
import { useRpc } from './list.js';
import { may, session } from './session.js';
import { useLoad, useSignal } from './signal.js';
import { Skeleton, html } from './ui.js';

const KEPT = 'start.skipped';
const ALL = '*';

async function testMessage(s) {
  for (const hook of s.hooks) await ownerRpc('webhook_test', hook.id);
}

const ITEMS = [
  { id: 'admin', done: (s) => s.now.users, to: '/setup' },
  { id: 'language', done: (s) => s.now.language
    || localStorage.getItem('language'), to: '/security', login: true },
  { id: 'two', done: (s) => s.now.twoFactor, to: '/security', login: true },
  { id: 'key', done: (s) => s.keys.length || s.me, to: '/keys', login: true },
  { id: 'shop', done: (s) => s.id?.document?.name, to: (s) => s.id ? '/storefront' : '/identity' },
  { id: 'listing', done: (s) => s.listings > 0, to: '/sell/new' },
  { id: 'notify', done: (s) => s.hooks?.length, to: '/settings', login: true,
    Act: ({ s }) => s.hooks?.length > 0 && html`<${Do} test="start-test"
      go=${() => testMessage(s)}>${t('start.test')}<//>` },
  { id: 'backup', on: (s) => !s.dev, done: (s) => s.backup, login: true,
    Act: ({ s, again }) => !s.backup && html`<${Do} test="start-backup"
      go=${async () => { await backUp(); again(); }}>${t('start.backup.go')}<//>`,
  },
];

async function lookUp(now) {
  const owner = now.name && may('node', now);
  const [hooks, state] = owner ? await Promise.all([ownerRpc('webhook_list'),
    ownerRpc('node_status')]) : [];
  return { hooks, backup: state?.lastBackupMs };
}

// Folded up it stays so on this browser.
const FOLDED = 'start.folded';
const folded = () => localStorage.getItem(FOLDED) !== null;
const fold = (yes) => yes ? localStorage.setItem(FOLDED, '1')
  : localStorage.removeItem(FOLDED);

const skippedNow = () => JSON.parse(localStorage.getItem(KEPT) ?? '[]');

const whereTo = ({ to, login }, s) => login && !s.now.name
  ? s.now.users ? '/login' : '/setup' : typeof to === 'function' ? to(s) : to;

function Item({ row, s, skip, again }) {
  const done = Boolean(row.done(s));
  return html`<li data-test=${`start-${row.id}`} data-done=${done}>
    <span aria-hidden="true">${done ? '✓' : '○'}</span>
    <span><strong>${t(`start.${row.id}`)}</strong>
      <small> ${done ? t('start.done') : t(`start.${row.id}.why`)}</small></span>
    <span class="row">${row.Act && html`<${row.Act} s=${s} again=${again} />`}
      ${!done && row.to && html`<a href=${whereTo(row, s)}>${t('start.go')}</a>`}
      ${!done && html`<button type="button" onClick=${() => skip(row.id)}>
        ${t('start.skip')}<span class="away"> ${t(`start.${row.id}`)}</span>
        </button>`}</span></li>`;
}

export function Start() {
  const now = useSignal(session);
  const own = useSignal(keys);
  const me = useSignal(acting)?.address;
  const dev = useSignal(status)?.dev;
  const [skipped, set] = useState(skippedNow);
  const found = useLoad(() => now ? lookUp(now) : Promise.resolve(undefined),
    [Boolean(now), now?.name]);
  const id = useRpc(me && 'id_get', me);
  const goods = useRpc(me && 'market_search', { seller: me, limit: 1 });
  // Owners see it; so does who sets the node up on its own machine.
  if (!now || !may('node', now) || skipped.includes(ALL)
    || found.error || goods.error) return null;
  if (!found.data || (me && !goods.data)) {
    return html`<${Skeleton} rows=${folded() ? 1 : 6} />`;
  }
  const s = { now, me, dev, keys: own, id: id.data, ...found.data,
    listings: goods.data?.items.length ?? 0 };
  const skip = (what) => {
    const all = [...skipped, what];
    localStorage.setItem(KEPT, JSON.stringify(all));
    set(all);
  };
  const rows = ITEMS.filter((r) => !skipped.includes(r.id)
    && (r.on?.(s) ?? true));
  const left = rows.filter((r) => !r.done(s)).length;
  if (!left) return null;
  return html`<details class="card start" data-test="start" open=${!folded()}
      onToggle=${(e) => fold(!e.currentTarget.open)}>
    <summary><h2>${t('start.title', { n: left })}</h2></summary>
    <ul class="plain">${rows.map((row) => html`<${Item} key=${row.id}
      row=${row} s=${s} skip=${skip} again=${found.again} />`)}</ul>
    <p class="row"><a class="button" href="/welcome">${t('start.guide')}</a>
      <button type="button" data-test="start-hide" onClick=${() => skip(ALL)}>
      ${t('start.hide')}</button></p></details>`;
}

// login.js - first set-up by the code of the node's banner, logging in, and
// one's sessions with what was done lately.
import { useState } from 'preact/hooks';
import { api } from '../api.js';
import { has, t } from '../i18n.js';
import { go } from '../router.js';
import { change, session } from '../session.js';
import { useLoad, useSignal } from '../signal.js';
import { Strength } from '../strength.js';
import { Ago, Empty, Failure, Field, Loaded, Notice, Submit, Table, html }
  from '../ui.js';

// A form of text fields: rows of [name, label, attributes, hint, what stands
// below, of the value]; first: what is in it at the start.
function Form({ rows, go: label, send, first = {}, children }) {
  const [form, set] = useState(first);
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try { if (!await send(form)) set({}); } catch (e) { setError(e); }
    setBusy(false);
  };
  return html`<form class="form" onSubmit=${submit}>
    ${rows.map(([name, key, rest, hint, Below]) => html`<${Field} id=${name}
      label=${t(key)} hint=${hint && t(hint)}>
      <input id=${name} name=${name} value=${form[name] ?? ''} required
        spellcheck=${false} autocapitalize="none"
        aria-describedby=${hint ? `${name}-hint` : null}
        onInput=${(e) => set({ ...form, [name]: e.target.value })}
        ...${rest} />${Below && html`<${Below} value=${form[name]} />`}<//>`)}
    ${children}
    ${error && html`<${Notice} kind="error" title=${t('login.not')}>
      <p>${error.message}</p><//>`}
    <${Submit} busy=${busy}>${t(busy ? 'login.busy' : label)}<//></form>`;
}

const NAME = ['name', 'login.name', { autocomplete: 'username',
  maxlength: 32 }];
const PASSWORD = (autocomplete) => ({ type: 'password', autocomplete,
  maxlength: 1024 });

// Without TLS a name and a password cross the network in the clear.
function Clear() {
  const { secure } = useSignal(session) ?? {};
  if (secure || ['localhost', '127.0.0.1', '[::1]']
    .includes(location.hostname)) return null;
  return html`<${Notice} title=${t('login.clear')}>
    <p>${t('login.clear.text')}</p><//>`;
}

export function Setup() {
  const now = useSignal(session);
  if (now?.name) return html`<${Done} />`;
  const invited = now?.users; // by an owner's code
  return html`<h1>${t(invited ? 'invited.title' : 'setup.title')}</h1>
    ${now && !now.setup && !invited ? html`<${Empty} title=${t('setup.closed')}>
      ${t('setup.closed.text')} <a href="/login">${t('login.title')}</a><//>`
      : html`<p>${t(invited ? 'invited.text' : 'setup.text')}</p><${Clear} />
    <${Form} go=${invited ? 'invited.go' : 'setup.go'} send=${async (form) => {
      await change('/api/setup', form);
      go(invited ? '/' : '/welcome');
    }} first=${{ code: decodeURIComponent(location.hash.slice(1, 13)) }} rows=${[['code', 'setup.code', { autocomplete: 'one-time-code',
      maxlength: 12, placeholder: 'ABCD-EFGH' }, invited ? 'invited.code.hint'
      : 'setup.code.hint'], NAME,
    ['password', 'login.password', PASSWORD('new-password'),
      'setup.password.hint', Strength]]} />`}`;
}

export function Login() {
  const now = useSignal(session);
  const [second, want] = useState(false);
  if (now?.name) return html`<${Done} />`;
  return html`<h1>${t('login.title')}</h1>
    ${now?.setup && html`<${Notice} title=${t('setup.open')}>
      <p><a href="/setup">${t('setup.title')}</a></p><//>`}
    <${Clear} />
    <${Form} go="login.title" send=${async (form) => {
      try { await change('/api/login', form); } catch (e) {
        if (e.code !== 'second' || second) throw e;
        want(true); // and the form stays as it is
        return true;
      }
      go('/sessions');
      return false;
    }} rows=${[NAME, ['password', 'login.password',
      PASSWORD('current-password')], ...second ? [['code', 'login.second',
      { autocomplete: 'one-time-code', maxlength: 16, autofocus: true },
      'login.second.hint']] : []]}>
      <small>${t('login.lost')} <code>cybermiles admin reset-password</code>;${' '}
        ${t('login.second.lost')} <code>cybermiles admin disable-2fa</code>
      </small>
      ${now?.users && html`<p><a href="/setup">${t('invited.title')}</a></p>`}
      <//>`;
}

function Done() {
  const { name, role } = useSignal(session);
  return html`<h1>${t('login.title')}</h1>
    <${Notice} kind="good" title=${t('login.in', { name })}>
      <p>${t(`role.${role}`)}. <a href="/sessions">${t('sessions.title')}</a></p>
    <//>`;
}

function Audit() {
  const state = useLoad(() => api('/api/audit'), []);
  return html`<section class="card"><h2>${t('audit.title')}</h2>
    <${Loaded} state=${state} rows=${4}>${({ audit }) => html`
      <${Table} caption=${t('audit.caption')} columns=${['audit.at',
        'audit.event', 'audit.who', 'sessions.address']}
        rows=${audit.map((a, i) => ({ key: i, cells: [
          html`<${Ago} ms=${a.atMs} />`, html`${has(`audit.${a.event}`)
            ? t(`audit.${a.event}`) : a.event} <bdi>${a.detail}</bdi>`,
          html`<bdi>${a.who || '–'}</bdi>`, a.address || '–'] }))} />`}<//></section>`;
}

// "Firefox, Linux" of what a browser says of itself; else that.
const BROWSERS = [['Edg/', 'Edge'], ['OPR/', 'Opera'], ['Firefox/', 'Firefox'],
  ['Chrome/', 'Chrome'], ['Safari/', 'Safari']];
const SYSTEMS = [['Android', 'Android'], ['iPhone', 'iPhone'], ['iPad', 'iPad'],
  ['Windows', 'Windows'], ['Mac OS', 'macOS'], ['CrOS', 'ChromeOS'],
  ['Linux', 'Linux']];
function Agent({ text }) {
  const of = (list) => list.find(([sign]) => text.includes(sign))?.[1];
  const browser = of(BROWSERS), system = of(SYSTEMS);
  return html`<span class="agent" title=${text}>${browser && system
    ? `${browser}, ${system}` : text || '–'}</span>`;
}

export function Sessions() {
  const now = useSignal(session);
  const [error, setError] = useState(null);
  const [changed, setChanged] = useState(false);
  const state = useLoad(() => api('/api/sessions'), [now?.name]);
  if (now && !now.name) return html`<${Login} />`;
  const end = async (s) => {
    setError(null);
    try {
      if (s.current) { await change('/api/logout', {}); return; }
      await api('/api/sessions', { id: s.id });
      state.again();
    } catch (e) { setError(e); }
  };
  return html`<h1>${t('sessions.title')}</h1>
    ${error && html`<${Failure} error=${error} />`}
    <section class="card"><${Loaded} state=${state} rows=${3}>
      ${({ sessions }) => html`<${Table} caption=${t('sessions.caption')}
        columns=${['login.name', 'sessions.agent', 'sessions.address',
          'sessions.seen', 'sessions.end']}
        rows=${sessions.map((s) => ({ key: s.id, cells: [
          html`<bdi>${s.name}</bdi>, ${t(`role.${s.role}`)}`,
          html`<${Agent} text=${s.agent} />`, s.address,
          s.current ? t('sessions.this') : html`<${Ago} ms=${s.seenMs} />`,
          html`<button type="button" onClick=${() => end(s)}>
            ${t(s.current ? 'sessions.out' : 'sessions.revoke')}</button>`,
        ] }))} />`}<//></section>
    <section class="card"><h2>${t('password.title')}</h2>
      ${changed && html`<${Notice} kind="good" title=${t('password.done')}>
        ${t('password.others')}<//>`}
      <${Form} go="password.go" send=${async (form) => {
        setChanged(false);
        await api('/api/password', form);
        setChanged(true);
        state.again();
      }} rows=${[['old', 'password.old', PASSWORD('current-password')],
        ['new', 'password.new', PASSWORD('new-password'),
          'setup.password.hint', Strength]]} /></section>
    ${now?.role === 'owner' && html`<${Audit} />`}`;
}

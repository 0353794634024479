// settings.js - what there is to set; who is told of events: webhooks and mail,
// their log, the mail server.
import { useState } from 'preact/hooks';
import { Do } from '../act.js';
import { ownerRpc } from '../api.js';
import { isAddress, number } from '../format.js';
import { State } from '../goods.js';
import { t } from '../i18n.js';
import { may, session } from '../session.js';
import { Danger } from './danger.js';
import { useLoad, useSignal } from '../signal.js';
import { Ago, Copy, Empty, Failure, Field, Loaded, Notice, Table, html }
  from '../ui.js';

/* ------------------------------------------------------------ the events */

// The modules whose events are told, with the names of them all.
const MODULES = ['Orders', 'Market', 'Mediation', 'Court', 'Identity',
  'Platforms'];
const namesOf = async (module) => {
  const r = await fetch(`/abi/${module}.json`);
  if (!r.ok) return [];
  return [...new Set((await r.json()).filter((row) => row.type === 'event')
    .map((row) => `${module}.${row.name}`))];
};
const allNames = async () => Promise.all(MODULES.map(async (m) =>
  [m, await namesOf(m)]));

function Events({ chosen, set }) {
  const state = useLoad(allNames, []);
  const flip = (name) => set(chosen.includes(name)
    ? chosen.filter((x) => x !== name) : [...chosen, name]);
  return html`<${Loaded} state=${state} rows=${2}>${(groups) => html`
    <p class="quiet">${t('hook.all')}</p>
    ${groups.map(([module, names]) => html`<details class="read" key=${module}
      open=${names.some((n) => chosen.includes(n))}><summary>
      <bdi>${module}</bdi> (${number(names.filter((n) =>
        chosen.includes(n)).length)} / ${number(names.length)})</summary>
      <div class="ticks">${names.map((name) => html`<label class="tick"
        key=${name}><input type="checkbox" name=${name}
          checked=${chosen.includes(name)} onChange=${() => flip(name)} />
        <bdi>${name.split('.')[1]}</bdi></label>`)}</div></details>`)}`}<//>`;
}

/* ------------------------------------------------------------ one of them */

function HookForm({ hook, done }) {
  const [form, set] = useState({ kind: hook?.kind ?? 'webhook',
    target: hook?.target ?? '', events: hook?.filter?.events ?? [],
    party: hook?.filter?.party ?? '', active: hook?.active ?? true });
  const [error, setError] = useState(null);
  const put = (name) => (e) => set({ ...form, [name]: e.target.value });
  const submit = async (e) => {
    e.preventDefault();
    setError(null);
    const party = form.party.trim();
    try {
      if (party && !isAddress(party)) throw new Error(t('send.bad.to'));
      done(await ownerRpc('webhook_save', form.kind, form.target.trim(), {
        ...(form.events.length && { events: form.events }),
        ...(party && { party }) }, form.active, ...(hook ? [hook.id] : [])));
    } catch (x) { setError(x); }
  };
  return html`<form class="form" onSubmit=${submit}>
    <${Field} id="kind" label=${t('hook.kind')}><select id="kind"
      value=${form.kind} disabled=${Boolean(hook)} onChange=${put('kind')}>
      <option value="webhook">${t('hook.webhook')}</option>
      <option value="mail">${t('hook.mail')}</option></select><//>
    <${Field} id="target" label=${t(form.kind === 'mail' ? 'hook.address'
      : 'hook.url')} hint=${t('hook.target')}><input id="target" required
      type=${form.kind === 'mail' ? 'email' : 'url'} value=${form.target}
      aria-describedby="target-hint" onInput=${put('target')} /><//>
    <fieldset><legend>${t('hook.events')}</legend><${Events}
      chosen=${form.events} set=${(events) => set({ ...form, events })} />
    </fieldset>
    <${Field} id="party" label=${t('hook.party')} hint=${t('hook.party.hint')}>
      <input id="party" value=${form.party} placeholder="0x…"
        aria-describedby="party-hint" spellcheck=${false}
        onInput=${put('party')} /><//>
    <label class="tick"><input type="checkbox" checked=${form.active}
      onChange=${(e) => set({ ...form, active: e.target.checked })} />
      ${t('hook.active')}</label>
    ${error && html`<${Failure} error=${error} />`}
    <div class="row"><button class="main" type="submit">${t('hook.save')}
      </button><button type="button" onClick=${() => done(null)}>
      ${t('act.not')}</button></div></form>`;
}

function Body({ id }) {
  const [text, set] = useState(null);
  const show = async () => set(JSON.stringify((await ownerRpc(
    'webhook_delivery', id))?.body ?? null, null, 2));
  return text === null ? html`<${Do} go=${show}>${t('hook.body')}<//>`
    : html`<pre tabindex="0">${text}</pre>`;
}

function Log({ hook }) {
  const [before, older] = useState(null);
  const state = useLoad(() => ownerRpc('webhook_log', hook.id,
    ...(before ? [before] : [])), [hook.id, before]);
  const again = (d) => async () => {
    await ownerRpc('webhook_redeliver', d.id);
    state.again();
  };
  const row = (d) => ({ key: d.id, cells: [html`<${Ago} ms=${d.madeMs} />`,
    html`<bdi>${d.event}</bdi>`, html`<${State} word=${d.state} />`,
    `${number(d.tries)}${d.status ? ` · ${d.status}` : ''}`,
    html`<bdi class="agent">${d.answer || '–'}</bdi>`,
    html`<span class="row"><${Do} test="redeliver" go=${again(d)}>
      ${t('hook.again')}<//><${Body} id=${d.id} /></span>`] });
  return html`<h3>${t('hook.log')}</h3><p><button type="button"
    data-test="refresh" onClick=${state.again}>${t('hook.refresh')}</button></p>
    <${Loaded} state=${state}>${(rows) => rows.length ? html`<${Table}
      caption=${t('hook.log')} columns=${['hook.made', 'hook.event',
        'list.state', 'hook.tries', 'hook.answer', 'sell.acts']}
      rows=${rows.map(row)} />${rows.length === 100 && html`<p class="paging">
      <button type="button" onClick=${() => older(rows.at(-1).id)}>
      ${t('list.more')}</button></p>`}`
      : html`<p class="quiet">${t('hook.nothing')}</p>`}<//>`;
}

const what = ({ events, party }) => html`${events?.length
  ? html`<bdi>${events.join(', ')}</bdi>` : t('hook.every')}${party
  ? html` <bdi class="hash">${party}</bdi>` : ''}`;

function Hook({ hook, again, edit }) {
  const [open, set] = useState(false);
  const [turn, next] = useState(0);
  const test = async () => {
    await ownerRpc('webhook_test', hook.id);
    set(true);
    next(turn + 1);
  };
  return html`<section class="card" data-test="hook"><h2>${t(`hook.${
      hook.kind}`)}</h2><p class="wrap"><bdi>${hook.target}</bdi></p>
    <p><${State} word=${hook.active ? 'active' : 'paused'} />
      <small class="wrap"> ${what(hook.filter)}</small></p>
    <div class="row"><${Do} test="test" go=${test}>${t('hook.test')}<//>
      <button type="button" onClick=${edit}>${t('sell.edit')}</button>
      <button type="button" aria-expanded=${open}
        onClick=${() => set(!open)}>${t('hook.log')}</button>
      <${Do} confirm=${t('do.sure')} go=${async () => {
        await ownerRpc('webhook_delete', hook.id);
        again();
      }}>${t('hook.delete')}<//></div>
    ${open && html`<${Log} key=${turn} hook=${hook} />`}</section>`;
}

function Hooks() {
  const state = useLoad(() => ownerRpc('webhook_list'), []);
  const [edit, set] = useState(null); // a hook, 'new', or null
  const [made, setMade] = useState(null);
  const done = (hook) => {
    set(null);
    if (hook?.secret) setMade(hook);
    state.again();
  };
  if (edit) return html`<${HookForm} hook=${edit === 'new' ? null : edit}
    done=${done} />`;
  return html`${made && html`<${Notice} kind="good" title=${t('hook.secret')}>
      <p class="hash" data-test="secret">${made.secret}
        <${Copy} text=${made.secret} /></p>
      <p>${t('hook.secret.how')}</p><//>`}
    <p><button class="main" type="button" onClick=${() => set('new')}>
      ${t('hook.new')}</button></p>
    <${Loaded} state=${state}>${(rows) => rows.length ? rows.map((h) => html`
      <${Hook} key=${h.id} hook=${h} again=${state.again}
        edit=${() => set(h)} />`) : html`<${Empty} title=${t('hook.none')}>
      ${t('hook.why')}<//>`}<//>`;
}

/* --------------------------------------------------------------- the mail */

const SECURITY = ['tls', 'starttls', 'plain'];
function MailForm({ now, again }) {
  const [form, set] = useState({ host: now?.host ?? '', port: String(now?.port
    ?? 465), security: now?.security ?? 'tls', from: now?.from ?? '',
  user: now?.user ?? '', password: '' });
  const input = (name, rest) => html`<${Field} id=${`mail-${name}`}
    label=${t(`mail.${name}`)}><input id=${`mail-${name}`} value=${form[name]}
      spellcheck=${false} onInput=${(e) => set({ ...form,
        [name]: e.target.value })} ...${rest} /><//>`;
  const save = async (host) => {
    await ownerRpc('mail_setServer', host, Number(form.port), form.security,
      form.from.trim(), form.user.trim(), form.password);
    again();
  };
  return html`<div class="form bare"><div class="pair">
      ${input('host')}${input('port', { inputmode: 'numeric' })}</div>
    <${Field} id="mail-security" label=${t('mail.security')}>
      <select id="mail-security" value=${form.security} onChange=${(e) =>
        set({ ...form, security: e.target.value })}>${SECURITY.map((s) => html`
        <option value=${s}>${t(`mail.${s}`)}</option>`)}</select><//>
    ${input('from', { type: 'email' })}
    <div class="pair">${input('user', { autocomplete: 'off' })}
      ${input('password', { type: 'password',
        autocomplete: 'new-password' })}</div>
    <div class="row"><${Do} kind="main" disabled=${!form.host.trim()}
      test="mail" go=${() => save(form.host.trim())}>${t('mail.save')}<//>
    ${now && html`<${Do} confirm=${t('do.sure')} go=${() => save('')}>
      ${t('mail.drop')}<//>`}</div></div>`;
}

function Mail() {
  const state = useLoad(() => ownerRpc('mail_server'), []);
  return html`<section class="card"><h2>${t('mail.title')}</h2>
    <${Loaded} state=${state}>${(now) => html`<p>${now ? t('mail.now',
      { host: now.host }) : t('mail.none')}</p><${MailForm}
      key=${JSON.stringify(now)} now=${now} again=${state.again} />`}<//>
  </section>`;
}

// What there is to set, each with the right it needs.
const PARTS = [['/identity', 'profile.shop', 'identity'],
  ['/security', 'security'], ['/sessions', 'sessions'],
  ['/users', 'users', 'users'], ['/keys', 'keys', 'keys'],
  ['/texts', 'texts', 'node']];

export function Settings() {
  const now = useSignal(session);
  if (!now) return null;
  return html`<h1>${t('nav.settings')}</h1>
    ${now.name ? html`<ul class="plain more areas">${PARTS.filter(
      ([, , right]) => may(right)).map(([href, key]) => html`<li key=${href}>
      <a href=${href}><strong>${t(`${key}.title`)}</strong>
      <small>${t(`${key}.about`)}</small></a></li>`)}</ul>` : html`<p><a href=${now.setup ? '/setup' : '/login'}>
      ${t(now.setup ? 'setup.title' : 'login.title')}</a></p>`}
    ${now.name && may('notify') ? html`<h2>${t('hook.title')}</h2><${Hooks} />
      <${Mail} />` : !now.name && html`<${Empty} title=${t('settings.owner')}>
      ${t('settings.login')}<//>`}
    ${now.name && html`<${Danger} />`}`;
}

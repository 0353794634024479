// users.js - who may log in and what each may; one's own second factor and API
// tokens; the node's keys and what each may sign; the operator's own words.
import { useState } from 'preact/hooks';
import { Do } from '../act.js';
import { api, ownerRpc } from '../api.js';
import { inWords } from '../fault.js';
import { checksum, isAddress, number, time, units } from '../format.js';
import { State } from '../goods.js';
import { allTexts, language, languages, loadOwn, setLanguage, t }
  from '../i18n.js';
import { parse, typed } from '../money.js';
import { Qr } from '../qr.js';
import { change, loadSession, session } from '../session.js';
import { useLoad, useSignal } from '../signal.js';
import { Ago, Copy, Empty, Failure, Field, Hash, Loaded, Notice, Table, html }
  from '../ui.js';
import { NewKey } from '../words.js';

const ROLES = ['owner', 'manager', 'cashier', 'accountant', 'mediator'];
const words = (list, what) => list.map((x) => t(`${what}.${x}`)).join(', ');

const Choose = ({ id, label, value, set, rows }) => html`<${Field} id=${id}
  label=${label}><select id=${id} value=${value}
    onChange=${(e) => set(e.target.value)}>${rows.map(([v, text]) => html`
    <option value=${v}>${text}</option>`)}</select><//>`;

const Ticks = ({ legend, rows, chosen, set, text }) => html`<fieldset>
  <legend>${legend}</legend><div class="ticks">${rows.map((name) => html`
    <label class="tick" key=${name}><input type="checkbox" name=${name}
      checked=${chosen.includes(name)} onChange=${() => set(
        chosen.includes(name) ? chosen.filter((x) => x !== name)
          : [...chosen, name])} />${text(name)}</label>`)}</div></fieldset>`;

/* ------------------------------------------------------------------- users */

const does = async (verb, name, more) => api('/api/users',
  { do: verb, name, ...more });

// A one-time code, to be handed over.
const Code = ({ code, name, untilMs }) => html`<${Notice} kind="good"
  title=${t('users.code', { name })}><p class="big" data-test="code">
    <bdi>${code}</bdi><${Copy} text=${code} /></p>
  <p>${t('users.code.how', { link: `${location.origin}/setup`,
    until: time(untilMs) })}</p><//>`;

function NewUser({ done }) {
  const [form, set] = useState({ name: '', role: 'cashier' });
  const invite = async () => {
    done(await does('create', form.name.trim(), { role: form.role }));
    set({ ...form, name: '' });
  };
  return html`<section class="card"><h2>${t('users.new')}</h2>
    <div class="pair"><${Field} id="user" label=${t('login.name')}
        hint=${t('users.name.hint')}><input id="user" value=${form.name}
        maxlength="32" autocomplete="off" spellcheck=${false}
        aria-describedby="user-hint"
        onInput=${(e) => set({ ...form, name: e.target.value })} /><//>
      <${Choose} id="role" label=${t('users.role')} value=${form.role}
        set=${(role) => set({ ...form, role })}
        rows=${ROLES.map((r) => [r, t(`role.${r}`)])} /></div>
    <${Do} kind="main" disabled=${!form.name.trim()} test="invite"
      go=${invite}>${t('users.invite')}<//></section>`;
}

function UserActs({ user, made, again }) {
  const go = (verb, more) => async () => {
    const r = await does(verb, user.name, more);
    if (r.code) made(r);
    again();
  };
  return html`<span class="row">
    <${Do} test="reset" confirm=${t('do.sure')} go=${go('reset')}>
      ${t('users.reset')}<//>
    ${user.twoFactor && html`<${Do} confirm=${t('do.sure')}
      go=${go('dropTwoFactor')}>${t('users.drop2')}<//>`}
    <${Do} test="able" go=${go(user.disabled ? 'enable' : 'disable')}>
      ${t(user.disabled ? 'users.enable' : 'users.disable')}<//>
    <${Do} test="delete" confirm=${t('do.sure')} go=${go('delete')}>
      ${t('users.delete')}<//></span>`;
}

const stateOf = (u) => u.disabled ? 'disabled' : u.codeUntilMs ? 'joining'
  : u.password ? 'active' : 'lapsed';

function UserRole({ user, again }) {
  const [error, fail] = useState(null);
  const pick = async (e) => {
    fail(null);
    try { await does('role', user.name, { role: e.target.value }); }
    catch (x) { fail(x); }
    again();
  };
  return html`<select aria-label=${`${t('users.role')} ${user.name}`}
      value=${user.role} onChange=${pick}>${ROLES.map((r) => html`
      <option value=${r}>${t(`role.${r}`)}</option>`)}</select>
    ${error && html`<small class="wrong" role="alert">${inWords(error)}</small>`}`;
}

// Which role may what: the node's own table.
function Matrix() {
  const { table } = useSignal(session) ?? {};
  return html`<details class="read"><summary>${t('users.table')}</summary>
    <${Table} caption=${t('users.table')} columns=${['users.right',
      ...ROLES.map((r) => `role.${r}`)]} rows=${(table ?? []).map((row) => ({
      key: row.name, cells: [html`<strong>${t(`right.${row.name}`)}</strong>`,
        ...ROLES.map((r) => row.roles.includes(r)
          ? html`<span role="img" aria-label=${t('yes')}>✓</span>`
          : html`<span role="img" aria-label=${t('no')}>–</span>`)] }))} />
    </details>`;
}

export function Users() {
  const state = useLoad(() => api('/api/users'), []);
  const [code, made] = useState(null);
  return html`<h1>${t('users.title')}</h1>
    ${code && html`<${Code} ...${code} />`}
    <${Loaded} state=${state} rows=${4}>${({ users }) => html`<${Table}
      caption=${t('users.title')} columns=${['login.name', 'users.role',
        'list.state', 'sell.acts']} rows=${users.map((u) => ({ key: u.name,
        cells: [html`<bdi>${u.name}</bdi>`,
          html`<${UserRole} user=${u} again=${state.again} />`,
          html`<${State} word=${stateOf(u)} />${u.twoFactor
            && html` <small>${t('users.two')}</small>`}`,
          html`<${UserActs} user=${u} made=${made} again=${state.again} />`]
      }))} />`}<//>
    <${NewUser} done=${(r) => { made(r); state.again(); }} /><${Matrix} />
    <p><a href="/sessions">${t('sessions.title')}</a></p>`;
}

/* ---------------------------------------------------------------- oneself */

function Profile() {
  const now = useSignal(session);
  const [name, set] = useState(now.name);
  const speak = async (e) => {
    await change('/api/profile', { language: e.target.value });
    localStorage.removeItem('language');
    await setLanguage(e.target.value || undefined);
    session.set({ ...session.value });
  };
  return html`<section class="card"><h2>${t('profile.title')}</h2>
    <p>${t(`role.${now.role}`)}: ${words(now.rights, 'right')}</p>
    <div class="pair"><${Field} id="me" label=${t('login.name')}><input id="me"
        value=${name} maxlength="32" spellcheck=${false}
        onInput=${(e) => set(e.target.value)} /><//>
      <${Field} id="speak" label=${t('language.label')}><select id="speak"
        value=${now.language} onChange=${speak}>
        <option value="">${t('profile.browser')}</option>
        ${Object.entries(languages).map(([id, text]) => html`
          <option value=${id}>${text}</option>`)}</select><//></div>
    <div class="row"><${Do} disabled=${name === now.name || !name.trim()}
        test="rename" go=${() => change('/api/profile',
          { rename: name.trim() })}>${t('profile.save')}<//>
      <a href="/sessions">${t('profile.password')}</a></div></section>`;
}

const Recovery = ({ codes }) => html`<${Notice} kind="good"
  title=${t('two.recovery')}><p>${t('two.recovery.how')}</p>
  <ul class="hash" data-test="recovery">${codes.map((c) => html`<li>
    <bdi>${c}</bdi></li>`)}</ul><${Copy} text=${codes.join('\n')} /><//>`;

function Begin({ secret, uri, done }) {
  const [code, set] = useState('');
  const confirm = async () => done((await api('/api/totp', { do: 'confirm',
    code })).recovery);
  return html`<p>${t('two.scan')}</p><${Qr} text=${uri} label=${t('two.qr')} />
    <p>${t('two.secret')} <span class="hash" data-test="secret">${secret}</span></p>
    <${Field} id="six" label=${t('login.second')}><input id="six" value=${code}
      inputmode="numeric" autocomplete="one-time-code" maxlength="7"
      onInput=${(e) => set(e.target.value)} /><//>
    <${Do} kind="main" disabled=${code.trim().length < 6} test="two-confirm"
      go=${confirm}>${t('two.confirm')}<//>`;
}

export function TwoFactor() {
  const now = useSignal(session);
  const [begun, begin] = useState(null);
  const [codes, show] = useState(null);
  const told = async (list) => {
    show(list);
    begin(null);
    await loadSession();
  };
  return html`<section class="card" data-test="two"><h2>${t('two.title')}</h2>
    <p>${t('two.text')}</p><p><${State} word=${now.twoFactor ? 'on' : 'off'} />
      ${now.twoFactor && ` ${t('two.left', { n: number(now.recoveryLeft) })}`}
    </p>${codes && html`<${Recovery} codes=${codes} />`}
    ${begun ? html`<${Begin} ...${begun} done=${told} />`
      : now.twoFactor ? html`<div class="row">
        <${Do} confirm=${t('do.sure')} go=${async () => told((await api(
          '/api/totp', { do: 'recovery' })).recovery)}>${t('two.again')}<//>
        <${Do} confirm=${t('do.sure')} test="two-off" go=${async () => {
          await change('/api/totp', { do: 'off' });
          show(null);
        }}>${t('two.off')}<//></div>`
      : html`<${Do} test="two-begin" go=${async () => begin(await api(
        '/api/totp', { do: 'begin' }))}>${t('two.on')}<//>`}</section>`;
}

function NewToken({ done }) {
  const { rights } = useSignal(session);
  const [form, set] = useState({ name: '', scopes: [], days: '90' });
  const make = async () => {
    done(await api('/api/tokens', { do: 'new', name: form.name.trim(),
      scopes: form.scopes.join(','), days: Number(form.days) || 0 }));
    set({ name: '', scopes: [], days: '90' });
  };
  return html`<div class="pair"><${Field} id="token" label=${t('token.name')}>
      <input id="token" value=${form.name} maxlength="32" spellcheck=${false}
        onInput=${(e) => set({ ...form, name: e.target.value })} /><//>
    <${Field} id="days" label=${t('token.days')}><input id="days"
      inputmode="numeric" value=${form.days}
      onInput=${(e) => set({ ...form, days: e.target.value })} /><//></div>
    <${Ticks} legend=${t('token.scopes')} rows=${rights} chosen=${form.scopes}
      set=${(scopes) => set({ ...form, scopes })}
      text=${(n) => t(`right.${n}`)} />
    <${Do} kind="main" disabled=${!form.name.trim() || !form.scopes.length}
      test="token-new" go=${make}>${t('token.make')}<//>`;
}

function Tokens() {
  const state = useLoad(() => api('/api/tokens'), []);
  const [made, show] = useState(null);
  const row = (x) => ({ key: x.id, cells: [html`<bdi>${x.name}</bdi>`,
    html`<bdi>${x.user}</bdi>`, words(x.scopes.split(', '), 'right'),
    x.usedMs ? html`<${Ago} ms=${x.usedMs} />` : t('token.never'),
    x.untilMs ? time(x.untilMs) : '–',
    html`<${Do} confirm=${t('do.sure')} test="revoke" go=${async () => {
      await api('/api/tokens', { do: 'revoke', id: x.id });
      state.again();
    }}>${t('token.revoke')}<//>`] });
  return html`<section class="card" data-test="tokens">
    <h2>${t('token.title')}</h2><p>${t('token.text')}${' '}
      <code>Authorization: Bearer …</code></p>
    ${made && html`<${Notice} kind="good" title=${t('token.once')}>
      <p class="hash" data-test="token">${made.token}
        <${Copy} text=${made.token} /></p><//>`}
    <${Loaded} state=${state}>${({ tokens }) => tokens.length ? html`<${Table}
      caption=${t('token.title')} columns=${['token.name', 'token.user',
        'token.scopes', 'sessions.seen', 'token.until', 'sell.acts']}
      rows=${tokens.map(row)} />`
      : html`<p class="quiet">${t('token.none')}</p>`}<//>
    <${NewToken} done=${(r) => { show(r); state.again(); }} /></section>`;
}

export function Security() {
  const now = useSignal(session);
  if (!now) return null;
  if (!now.name) {
    return html`<h1>${t('security.title')}</h1><${Empty}
      title=${t('right.login')}><a href="/login">${t('login.title')}</a><//>`;
  }
  return html`<h1>${t('security.title')}</h1><${Profile} key=${now.name} />
    <${TwoFactor} /><${Tokens} />`;
}

/* -------------------------------------------------------------------- keys */

const SIGNED = ['sell', 'orders', 'till', 'buy', 'resolve', 'storefront',
  'identity', 'money'];
const EMPTY = { rights: SIGNED, daily: '0x0', spent: '0x0', allow: [],
  unlockSeconds: 0 };

function Policy({ address, policy, again }) {
  const was = policy ?? EMPTY;
  const [form, set] = useState({ rights: was.rights,
    daily: BigInt(was.daily) ? typed(BigInt(was.daily)) : '',
    allow: was.allow.map(checksum).join('\n'),
    minutes: String(was.unlockSeconds / 60) });
  const put = (name) => (e) => set({ ...form, [name]: e.target.value });
  const save = async () => {
    const allow = form.allow.split(/[\s,]+/).filter(Boolean);
    const daily = parse(form.daily.trim() || '0');
    if (allow.some((a) => !isAddress(a))) throw new Error(t('send.bad.to'));
    if (daily === null) throw new Error(t('keys.daily.bad'));
    await ownerRpc('personal_setPolicy', address, { rights: form.rights, allow,
      daily: daily.toString(), unlockSeconds: Math.round(
        (Number(form.minutes) || 0) * 60) });
    again();
  };
  const id = address.slice(2, 8);
  return html`<details class="read"><summary data-test="policy">
      ${t('keys.policy')}</summary><div class="form bare">
    <${Ticks} legend=${t('keys.may')} rows=${SIGNED} chosen=${form.rights}
      set=${(rights) => set({ ...form, rights })}
      text=${(n) => t(`right.${n}`)} />
    <div class="pair"><${Field} id=${`daily-${id}`} label=${t('keys.daily')}
        hint=${t('keys.daily.hint', { spent: units(BigInt(was.spent), 18, 4) })}>
        <input id=${`daily-${id}`} inputmode="decimal" value=${form.daily}
          aria-describedby=${`daily-${id}-hint`} onInput=${put('daily')} /><//>
      <${Field} id=${`open-${id}`} label=${t('keys.minutes')}
        hint=${t('keys.minutes.hint')}><input id=${`open-${id}`}
        inputmode="numeric" value=${form.minutes}
        aria-describedby=${`open-${id}-hint`} onInput=${put('minutes')} /><//>
    </div><${Field} id=${`allow-${id}`} label=${t('keys.allow')}
      hint=${t('keys.allow.hint')}><textarea id=${`allow-${id}`} rows="3"
      value=${form.allow} placeholder="0x…" spellcheck=${false}
      aria-describedby=${`allow-${id}-hint`} onInput=${put('allow')}>
      </textarea><//>
    <${Do} kind="main" test="policy-save" go=${save}>${t('keys.save')}<//>
    </div></details>`;
}

function Unlock({ address, again }) {
  const [form, set] = useState({ password: '', minutes: '5' });
  const id = address.slice(2, 8);
  const open = async () => {
    await ownerRpc('personal_unlockAccount', address, form.password,
      Math.max(1, Math.round(Number(form.minutes) * 60) || 300));
    again();
  };
  return html`<details class="read"><summary data-test="unlock">
      ${t('keys.unlock')}</summary><div class="form bare"><div class="pair">
    <${Field} id=${`pw-${id}`} label=${t('send.password')}><input
      id=${`pw-${id}`} type="password" autocomplete="current-password"
      value=${form.password} onInput=${(e) => set({ ...form,
        password: e.target.value })} /><//>
    <${Field} id=${`for-${id}`} label=${t('keys.for')}><input id=${`for-${id}`}
      inputmode="numeric" value=${form.minutes} onInput=${(e) => set({ ...form,
        minutes: e.target.value })} /><//></div>
    <${Do} go=${open} test="unlock-go">${t('keys.unlock')}<//></div></details>`;
}

function Key({ wallet, again }) {
  const address = wallet.accounts[0].address;
  const policy = useLoad(() => ownerRpc('personal_policy', address), [address]);
  const open = wallet.status === 'Unlocked';
  return html`<section class="card" data-test="key"><h2>${t('keys.key')}</h2>
    <p><${Hash} value=${checksum(address)} to=${`/address/${checksum(address)}`}
      full /></p>
    <p><${State} word=${open ? 'unlocked' : 'locked'} />
      ${open && wallet.untilMs && ` ${t('keys.until', { at: time(
        wallet.untilMs) })}`}</p>
    <${Loaded} state=${policy} rows=${2}>${(p) => html`
      <p>${p ? t('keys.signs', { what: words(p.rights, 'right') })
        : t('keys.signs.all')}</p>
      <${Policy} key=${JSON.stringify(p)} address=${address} policy=${p}
        again=${() => { policy.again(); again(); }} />`}<//>
    ${open ? wallet.untilMs && html`<${Do} test="lock" go=${async () => {
      await ownerRpc('personal_lockAccount', address);
      again();
    }}>${t('keys.lock')}<//>` : html`<${Unlock} address=${address}
      again=${again} />`}</section>`;
}

export function Keys() {
  const state = useLoad(() => ownerRpc('personal_listWallets'), []);
  return html`<h1>${t('keys.title')}</h1><p>${t('keys.text')}</p>
    <${Loaded} state=${state}>${(list) => list.length ? list.map((w) => html`
      <${Key} key=${w.url} wallet=${w} again=${state.again} />`)
      : html`<${Empty} title=${t('keys.none')} />`}<//>
    <${NewKey} again=${state.again} />`;
}

/* ------------------------------------------------------------------- words */

const SHOWN = 20;

function Text({ id, text, own, put }) {
  const [value, set] = useState(own ?? text);
  return html`<div class="field"><label for=${`text-${id}`}><code>${id}</code>
    </label><textarea id=${`text-${id}`} rows="2" value=${value}
      onInput=${(e) => set(e.target.value)}></textarea>
    <div class="row"><${Do} test="text-save" disabled=${value === (own ?? text)}
        go=${() => put(id, value)}>${t('texts.save')}<//>
      ${own !== undefined && html`<${Do} go=${() => put(id, undefined)}>
        ${t('texts.drop')}<//>`}</div></div>`;
}

export function Texts() {
  const [speak, choose] = useState(language() in languages ? language() : 'en');
  const [find, look] = useState('');
  const state = useLoad(async () => ({ all: await allTexts(speak),
    own: await loadOwn() }), [speak]);
  const put = (own) => async (id, text) => {
    await api('/api/texts', { ...own, [speak]: { ...own[speak], [id]: text } });
    await setLanguage(language());
    session.set({ ...session.value }); // the shell shows them
    state.again();
  };
  const matches = ({ all, own }) => Object.entries(all).filter(([id, text]) =>
    find ? `${id} ${text}`.toLowerCase().includes(find.toLowerCase())
      : own[speak]?.[id] !== undefined);
  return html`<h1>${t('texts.title')}</h1><p>${t('texts.text')}</p>
    <div class="pair"><${Choose} id="speak" label=${t('language.label')}
        value=${speak} set=${choose} rows=${Object.entries(languages)} />
      <${Field} id="find" label=${t('texts.find')}><input id="find"
        type="search" value=${find} onInput=${(e) => look(e.target.value)} /><//>
    </div><${Loaded} state=${state}>${(s) => matches(s).length
      ? html`<div class="form bare">${matches(s).slice(0, SHOWN).map(
        ([id, text]) => html`<${Text} key=${`${speak} ${id} ${s.own[speak]?.[id]
          ?? ''}`} id=${id} text=${text} own=${s.own[speak]?.[id]}
          put=${put(s.own)} />`)}</div>`
      : html`<${Empty} title=${t(find ? 'list.none' : 'texts.none')}><button
        type="button" class="main" onClick=${() => { look(''); document
          .getElementById('find').focus(); }}>${t('texts.find')}</button><//>`}
    <//>`;
}

// welcome.js - the first five minutes after the administrator is made, a step at
// a time: language, second factor, what this node is for, network, key, shop, who
// is told, first listing, backup.  Each step may be skipped; what was is on the
// list of the first page until it is done (start.js).  A new step is a row of
// STEPS: for names whom it concerns, Body does it here.
import { useEffect, useRef, useState } from 'preact/hooks';
import { Do } from '../act.js';
import { acting, status } from '../acting.js';
import { ownerRpc } from '../api.js';
import { DemoShop } from '../demo.js';
import { checksum, time } from '../format.js';
import { language, languages, setLanguage, t } from '../i18n.js';
import { keys } from '../keys.js';
import { useRpc } from '../list.js';
import { go, query } from '../router.js';
import { change, session } from '../session.js';
import { useLoad, useSignal } from '../signal.js';
import { backUp } from '../backup.js';
import { Empty, Facts, Field, Hash, Loaded, Notice, html } from '../ui.js';
import { NewKey } from '../words.js';
import { ProfileForm } from './profile.js';
import { TwoFactor } from './users.js';

const KEPT = 'welcome.for';
const FOR = ['sell', 'node', 'validator', 'demo'];

/* ------------------------------------------------------------------- steps */

function Language() {
  const pick = async (e) => {
    await change('/api/profile', { language: e.target.value });
    localStorage.removeItem('language');
    await setLanguage(e.target.value);
    session.set({ ...session.value }); // the shell speaks it too
  };
  return html`<${Field} id="speak" label=${t('language.label')}>
    <select id="speak" value=${language()} onChange=${pick}>
      ${Object.entries(languages).map(([id, text]) => html`
        <option value=${id}>${text}</option>`)}</select><//>`;
}

function Purpose({ purpose, choose }) {
  const { dev } = useSignal(status) ?? {};
  return html`<fieldset class="picks"><legend>${t('welcome.for.ask')}</legend>
    ${FOR.map((id) => html`<label class="pick" key=${id}><input type="radio"
      name="for" value=${id} checked=${purpose === id}
      onChange=${() => choose(id)} /><span><strong>${t(`welcome.for.${id}`)}
      </strong><small>${t(`welcome.for.${id}.why`)}</small></span></label>`)}
    </fieldset>${purpose === 'demo' && (dev ? html`<${DemoShop} offer />`
      : html`<${Notice} title=${t('welcome.demo.other')}>
        <p><code>cybermiles dev --demo-shop</code></p><//>`)}`;
}

function NetworkNow() {
  const { chainId, dev } = useSignal(status) ?? {};
  return html`<p>${t(dev ? 'home.dev' : 'welcome.network.own')}</p>
    <${Facts} rows=${[['home.chain', chainId]]} />
    <p class="quiet">${t('welcome.network.file')}
      <code> cybermiles init --genesis FILE</code></p>`;
}

function Key() {
  const own = useSignal(keys);
  const me = useSignal(acting);
  return html`${own.length > 0 && html`<${Notice} kind="good"
      title=${t('welcome.key.there')}>${own.map((k) => html`<p key=${k}>
        <${Hash} value=${checksum(k)} full /></p>`)}
      <p>${t('welcome.key.password')}</p><//>`}
    ${me?.wallet && html`<p>${t('welcome.key.wallet', { name:
      me.wallet.info.name })}</p>`}
    <${NewKey} again=${() => {}} /><p class="quiet">${t('welcome.key.or')}</p>`;
}

function ShopNow({ next }) {
  const me = useSignal(acting)?.address;
  const state = useRpc(me && 'id_get', me);
  if (!me) return html`<${Empty} title=${t('welcome.shop.key')} />`;
  return html`<${Loaded} state=${state} rows=${4}>${(who) => html`
    <${ProfileForm} key=${who?.docHash} who=${who} done=${next} />`}<//>`;
}

// Whoever is told is told of everything; Settings chooses among the events.
function Told() {
  const [form, set] = useState({ kind: 'mail', target: '' });
  const [made, done] = useState(null);
  const server = useLoad(() => ownerRpc('mail_server'), []);
  const save = async () => {
    const hook = await ownerRpc('webhook_save', form.kind, form.target.trim(),
      {}, true);
    await ownerRpc('webhook_test', hook.id);
    done(hook);
  };
  const noServer = form.kind === 'mail' && server.data === null;
  return html`<div class="form bare"><${Field} id="kind" label=${t('hook.kind')}>
      <select id="kind" value=${form.kind} onChange=${(e) => set({ ...form,
        kind: e.target.value })}><option value="mail">${t('hook.mail')}</option>
        <option value="webhook">${t('hook.webhook')}</option></select><//>
    <${Field} id="target" label=${t(form.kind === 'mail' ? 'hook.address'
      : 'hook.url')}><input id="target" type=${form.kind === 'mail' ? 'email'
      : 'url'} value=${form.target} onInput=${(e) => set({ ...form,
        target: e.target.value })} /><//>
    ${noServer && html`<p>${t('welcome.told.server')} <a href="/settings">
      ${t('mail.title')}</a></p>`}
    <${Do} kind="main" test="told" disabled=${!form.target.trim()} go=${save}>
      ${t('welcome.told.go')}<//>
    ${made && html`<${Notice} kind="good" title=${t('welcome.told.sent')}>
      <p>${t('welcome.told.log')} <a href="/settings">${t('nav.settings')}</a></p>
      ${made.secret && html`<p class="hash">${t('hook.secret')} ${made.secret}
        </p>`}<//>`}</div>`;
}

const Listing = () => html`<p class="row"><a class="button main"
    href="/sell/new">${t('sell.new')}</a><a class="button" href="/sell/csv">
    ${t('sell.csv')}</a></p>`;

function Backup() {
  const state = useLoad(() => ownerRpc('node_status'), []);
  const { dev } = useSignal(status) ?? {};
  if (dev) return html`<p>${t('node.backup.dev')}</p>`;
  return html`<${Loaded} state=${state} rows=${2}>${(s) => s.lastBackupMs
    ? html`<${Notice} kind="good" title=${t('welcome.backup.done',
      { at: time(s.lastBackupMs) })}><p>${t('welcome.backup.verified')}</p><//>`
    : html`<${Do} kind="main" test="welcome-backup" go=${async () => {
      await backUp();
      state.again();
    }}>${t('start.backup.go')}<//>`}<//>
    <p class="quiet">${t('welcome.backup.place')}
      <code> --backup.dir FOLDER</code></p>`;
}

const STEPS = [
  { id: 'language', Body: Language },
  { id: 'two', Body: TwoFactor },
  { id: 'for', Body: Purpose },
  { id: 'network', Body: NetworkNow },
  { id: 'key', Body: Key },
  { id: 'shop', Body: ShopNow, for: ['sell', 'demo'] },
  { id: 'told', Body: Told },
  { id: 'listing', Body: Listing, for: ['sell'] },
  { id: 'backup', Body: Backup },
];

/* -------------------------------------------------------------------- page */

const stepOf = (search) => new URLSearchParams(search).get('step');

export function Welcome() {
  const now = useSignal(session);
  const wanted = stepOf(useSignal(query));
  const [purpose, set] = useState(localStorage.getItem(KEPT) ?? 'sell');
  const head = useRef();
  const moved = useRef(false);
  const steps = STEPS.filter((s) => !s.for || s.for.includes(purpose));
  const at = Math.max(0, steps.findIndex((s) => s.id === wanted));
  useEffect(() => { // who uses the keyboard goes on at the top of the step
    if (moved.current) head.current?.focus();
    moved.current = true;
  }, [at]);
  if (!now) return null;
  if (!now.name) {
    return html`<h1>${t('welcome.title')}</h1><${Empty} title=${t('right.login')}>
      <a href=${now.setup ? '/setup' : '/login'}>${t(now.setup ? 'setup.title'
        : 'login.title')}</a><//>`;
  }
  const choose = (id) => { localStorage.setItem(KEPT, id); set(id); };
  const to = (i) => go(i < steps.length ? `/welcome?step=${steps[i].id}` : '/');
  const { id, Body } = steps[at];
  const next = () => to(at + 1);
  return html`<h1>${t('welcome.title')}</h1>
    <ol class="trail" aria-label=${t('welcome.steps')}>${steps.map((s, i) => html`
      <li key=${s.id} class=${i < at ? 'past' : null}><a
        href=${`/welcome?step=${s.id}`} aria-current=${i === at ? 'step' : null}>
        ${t(`welcome.${s.id}`)}</a></li>`)}</ol>
    <section class="card welcome" data-test=${`welcome-${id}`}>
      <h2 tabindex="-1" ref=${head}>${t(`welcome.${id}`)}</h2>
      <p class="quiet">${t(`welcome.${id}.why`)}</p>
      <${Body} key=${id} next=${next} purpose=${purpose} choose=${choose} />
    </section>
    <div class="row between"><button type="button" disabled=${at === 0}
        onClick=${() => to(at - 1)}>${t('welcome.back')}</button>
      <span class="quiet">${t('node.of', { n: at + 1, all: steps.length })}</span>
      <button type="button" class="main" data-test="next" onClick=${next}>
        ${t(at + 1 < steps.length ? 'welcome.next' : 'welcome.end')}</button>
    </div><p class="quiet">${t('welcome.skip')} <a href="/">${t('nav.home')}</a></p>`;
}

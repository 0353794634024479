// main.js - the shell: navigation, search, theme, and the page of the path.
// A new page is one row of PAGES.
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { connect, live, rpcAll } from './api.js';
import { isAddress, isHash, number } from './format.js';
import { language, languages, setLanguage, t } from './i18n.js';
import { Account } from './pages/account.js';
import { Block, Blocks } from './pages/blocks.js';
import { Console } from './pages/console.js';
import { Home } from './pages/home.js';
import { Login, Sessions, Setup } from './pages/login.js';
import { NodePage } from './pages/node.js';
import { Send } from './pages/send.js';
import { Transaction } from './pages/transaction.js';
import { follow, go, match, route } from './router.js';
import { loadSession, session } from './session.js';
import { useSignal } from './signal.js';
import { Icon, Notice, html } from './ui.js';
import { discover } from './wallet.js';

const PAGES = [
  { path: '/', title: 'nav.home', page: Home, icon: 'home' },
  { path: '/blocks', title: 'nav.explore', page: Blocks, icon: 'blocks' },
  { path: '/send', title: 'nav.send', page: Send, icon: 'send' },
  { path: '/node', title: 'nav.node', page: NodePage, icon: 'node' },
  { path: '/setup', title: 'setup.title', page: Setup },
  { path: '/login', title: 'login.title', page: Login },
  { path: '/sessions', title: 'sessions.title', page: Sessions },
  { path: '/console', title: 'console.title', page: Console, under: '/node' },
  { path: '/block/:id', title: 'block.title', page: Block, under: '/blocks' },
  { path: '/tx/:hash', title: 'tx.title', page: Transaction,
    under: '/blocks' },
  { path: '/address/:address', title: 'address.title', page: Account,
    under: '/blocks' },
];

function Search() {
  const [problem, say] = useState('');
  const find = async (event) => {
    event.preventDefault();
    const input = event.target.elements.what;
    const what = input.value.trim();
    say('');
    if (/^\d+$/.test(what)) go(`/block/${what}`);
    else if (isAddress(what)) go(`/address/${what}`);
    else if (isHash(what)) {
      const [tx, block] = await rpcAll([['eth_getTransactionByHash', what],
        ['eth_getBlockByHash', what, false]]);
      if (tx) go(`/tx/${what}`);
      else if (block) go(`/block/${what}`);
      else { say(t('search.none')); return; }
    } else { say(t('search.what')); return; }
    input.value = '';
  };
  return html`<form class="search" role="search" onSubmit=${find}>
    <label class="quiet" for="search">${t('search.label')}</label>
    <input id="search" name="what" type="search" autocomplete="off"
      spellcheck=${false} placeholder=${t('search.hint')} />
    <button type="submit">${t('search.go')}</button>
    <span class="wrong" role="status">${problem}</span></form>`;
}

function Theme() {
  const [theme, set] = useState(localStorage.getItem('theme') ?? 'auto');
  useEffect(() => {
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    localStorage.setItem('theme', theme);
  }, [theme]);
  return html`<label>${t('theme.label')}
    <select value=${theme} onChange=${(e) => set(e.target.value)}>
      ${['auto', 'light', 'dark'].map((v) => html`
        <option value=${v}>${t(`theme.${v}`)}</option>`)}</select></label>`;
}

function Language({ change }) {
  return html`<label>${t('language.label')}
    <select value=${language()} onChange=${(e) => change(e.target.value)}>
      ${Object.entries(languages).map(([id, name]) => html`
        <option value=${id}>${name}</option>`)}</select></label>`;
}

function Pill() {
  const { connected, height } = useSignal(live);
  return html`<span class="pill ${connected ? 'on' : 'off'}" role="status">
    <span aria-hidden="true">${connected ? '●' : '○'}</span>
    ${connected && height !== null
      ? t('pill.height', { height: number(height) }) : t('pill.lost')}</span>`;
}

function Who() {
  const now = useSignal(session);
  if (!now) return null;
  return now.name ? html`<a class="who" href="/sessions">${now.name}</a>`
    : html`<a class="who" href=${now.setup ? '/setup' : '/login'}>
      ${t(now.setup ? 'setup.title' : 'login.title')}</a>`;
}

function Shell() {
  const path = useSignal(route);
  const { connected, since } = useSignal(live);
  const [, redraw] = useState(0);
  const main = useRef();
  const found = match(PAGES, path);
  useEffect(() => {
    document.title = `${t(found?.row.title ?? 'missing.title')} · CyberMiles`;
  });
  const loaded = useRef(false); // a page that was just opened begins at its top
  useEffect(() => {
    if (loaded.current) main.current?.focus({ preventScroll: true });
    loaded.current = true;
  }, [path]);
  const change = async (name) => {
    await setLanguage(name);
    localStorage.setItem('language', name);
    redraw((n) => n + 1);
  };
  const here = found?.row.under ?? found?.row.path;
  const lost = !connected && Date.now() - since > 3000;
  return html`<div class="shell" onClick=${follow}>
    <a class="skip" href="#main">${t('skip')}</a>
    <header><a class="brand" href="/"><img src="/icon.svg" alt="" width="28"
      height="28" /> CyberMiles</a><${Pill} /><${Search} /><${Who} /></header>
    <nav aria-label=${t('nav.label')}>${PAGES.filter((p) => p.icon).map((p) =>
      html`<a href=${p.path} aria-current=${here === p.path ? 'page' : null}>
        <${Icon} name=${p.icon} />${t(p.title)}</a>`)}</nav>
    <main id="main" tabindex="-1" ref=${main}>
      ${lost && html`<${Notice} kind="error" title=${t('lost.title')}>
        ${t('lost.text')}<//>`}
      ${found ? html`<${found.row.page} key=${path} ...${found.params} />`
        : html`<h1>${t('missing.title')}</h1><p>${t('missing.text')}
          <a href="/">${t('nav.home')}</a></p>`}
    </main>
    <footer><${Theme} /><${Language} change=${change} /></footer>
  </div>`;
}

await setLanguage();
connect();
discover();
loadSession();
render(html`<${Shell} />`, document.getElementById('app'));

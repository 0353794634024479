// node.js - how the node does: what it runs on, and its metrics as plots.  A
// new plot is one row of PLOTS.
import { useState } from 'preact/hooks';
import { Do } from '../act.js';
import { status } from '../acting.js';
import { api, ownerRpc } from '../api.js';
import { backUp, overdue } from '../backup.js';
import { inWords } from '../fault.js';
import { ago, bytes, duration, number } from '../format.js';
import { language, t } from '../i18n.js';
import { useMetrics } from '../metrics.js';
import { Plot } from '../plot.js';
import { BlockPlot, Strip } from '../chain_plots.js';
import { Qr } from '../qr.js';
import { useRecent } from '../recent.js';
import { may, session } from '../session.js';
import { useLoad, useSignal } from '../signal.js';
import { Ago, Copy, Facts, Failure, Loaded, Meter, Notice, html } from '../ui.js';
import { addNetwork, wallets } from '../wallet.js';

const round = (n) => number(Math.round(n * 100) / 100);
const per = (unit) => (n) => `${round(n)} ${t(unit)}`;
const value = (name) => (now) => now.values[name];
// What a counter rises by in a second.
const rate = (name) => (now, was) => was && now.at > was.at
  ? Math.max(0, now.values[name] - was.values[name]) * 1000 / (now.at - was.at)
  : undefined;
const hits = (now, was) => {
  if (!was) return undefined;
  const [h, m] = ['hits', 'misses'].map((k) =>
    now.values[`cybermiles_state_cache_${k}_total`]
    - was.values[`cybermiles_state_cache_${k}_total`]);
  return h + m > 0 ? h * 100 / (h + m) : undefined;
};

const PLOTS = [
  ['node.blocks', rate('ethereum_blockchain_height'), per('node.per')],
  ['node.pending', value('cybermiles_txpool_pending'), (n) => number(n)],
  ['node.cpu', (now, was) => {
    const cores = rate('process_cpu_seconds_total')(now, was);
    return cores === undefined ? cores : cores * 100;
  }, (n) => `${round(n)} %`],
  ['node.memory', value('process_resident_memory_bytes'), bytes],
  ['node.file', value('cybermiles_db_file_bytes'), bytes],
  ['node.log', value('cybermiles_db_wal_bytes'), bytes],
  ['node.hits', hits, (n) => `${round(n)} %`],
  ['node.behind', value('cybermiles_db_tables_behind'), (n) => number(n)],
];

const clock = (ms) => new Intl.DateTimeFormat(language(),
  { timeStyle: 'medium' }).format(ms);

function Now({ values }) {
  const free = values.cybermiles_disk_free_bytes;
  const file = values.cybermiles_db_file_bytes;
  return html`<${Facts} rows=${[
    ['node.up', duration(Date.now() / 1000
      - values.process_start_time_seconds)],
    ['node.peers', t('node.of', { n: number(values.ethereum_peer_count),
      all: number(values.ethereum_peer_limit) })],
    ['node.disk', html`<${Meter} label=${t('node.free')} value=${free}
      max=${free + file} text=${bytes(free)} />`],
    ['node.backup', values.cybermiles_backup_last_success_timestamp
      ? ago(values.cybermiles_backup_last_success_timestamp * 1000)
      : t('node.backup.never')],
    ['node.readers', t('node.of', { n: number(values.cybermiles_readers_busy),
      all: number(values.cybermiles_readers) })]]} />`;
}

// A copied or moved validator's file: an owner says that it is the only one.
function Fence({ again }) {
  const [error, fail] = useState(null);
  const now = useSignal(session);
  const owner = now?.name && may('node', now);
  const claim = async () => {
    try {
      const r = await api('/admin/rpc', { jsonrpc: '2.0', id: 1,
        method: 'node_claim', params: [] });
      if (r.error) throw new Error(r.error.message);
      again();
    } catch (e) { fail(e); }
  };
  return html`<${Notice} kind="error" title=${t('node.fenced')}
    action=${owner && html`<button type="button" class="main" data-test="claim"
      onClick=${claim}>${t('node.claim')}</button>`}>
    <p>${t('node.fenced.text')}</p>
    ${!owner && html`<p><code>cybermiles run --claim</code></p>`}
    ${error && html`<p class="wrong" role="alert">${inWords(error)}</p>`}<//>`;
}

// Blocks of late: how far apart, and whether they were signed without pauses.
function Signed({ about }) {
  const state = useRecent();
  return html`<h2>${t('node.signing')}</h2>
    <${Loaded} state=${state} rows=${5}>${(blocks) => html`<div class="charts">
      <${BlockPlot} kind="interval" blocks=${blocks} />
      ${about.data && html`<${Strip} blocks=${blocks} me=${about.data.operator}
        every=${about.data.intervalMs / 1000} />`}</div>`}<//>`;
}

// What a wallet is told of this network: by hand, by QR code, by a button.
function Network({ about }) {
  const rpcAt = location.origin;
  return html`<h2>${t('node.network')}</h2><p>${t('node.network.text')}</p>
    <${Loaded} state=${about}>${(s) => {
      const copied = (text) => html`<span class="hash">${text}</span>
        <${Copy} text=${String(text)} />`;
      return html`<div class="beside" data-test="network"><div><${Facts} rows=${[
          ['node.name', copied(`CyberMiles ${s.chainId}`)],
          ['shop.rpc', copied(rpcAt)],
          ['home.chain', copied(s.chainId)],
          ['node.symbol', copied('CMT')],
          ['node.explorer', copied(rpcAt)],
          ['home.genesis', html`<span class="hash">${s.genesisHash}</span>`],
        ]} />${isLoopback() && html`<p class="quiet">${t('node.network.here')}
          ${' '}<code>--http.addr 0.0.0.0</code></p>`}
          <${AddNetwork} chainId=${s.chainId} /></div>
        <div class="card"><${Qr} text=${rpcAt} label=${t('node.network.qr')} />
        </div></div>`;
    }}<//>
    <${Connection} /><${Trust} about=${about} />`;
}

// How each system is told to trust the node's own authority (--ui.tls auto).
const SYSTEMS = ['ios', 'android', 'mac', 'windows', 'linux', 'firefox'];
function Trust({ about }) {
  const print = about.data?.authority;
  if (!print) return null;
  const from = `http://${location.host}/ca.crt`; // not yet trusted: plain
  return html`<h2>${t('trust.title')}</h2><p>${t('trust.text')}</p>
    <div class="beside" data-test="trust"><div>
      <p><a class="button" href="/ca.crt" download>${t('trust.get')}</a></p>
      <${Facts} rows=${[['trust.print', html`<span class="hash">${print}</span>
        <${Copy} text=${print} />`]]} />
      ${SYSTEMS.map((s) => html`<details class="read" key=${s}><summary>
        ${t(`trust.${s}`)}</summary><p>${t(`trust.${s}.how`)}</p></details>`)}
    </div><div class="card"><${Qr} text=${from} label=${t('trust.qr')} /></div>
    </div>`;
}

const isLoopback = () => ['localhost', '127.0.0.1', '[::1]']
  .includes(location.hostname);

// What browsers refuse to a page that came without TLS.
const CANNOT = ['clipboard', 'camera', 'passkeys', 'app', 'wallets'];
function Connection() {
  return html`<h2>${t('node.connection')}</h2>${window.isSecureContext
    ? html`<p>${t(location.protocol === 'https:' ? 'node.connection.tls'
      : 'node.connection.here')}</p>`
    : html`<p>${t('node.connection.plain')}</p><ul>${CANNOT.map((c) => html`
        <li>${t(`node.cannot.${c}`)}</li>`)}</ul>
      <p>${t('node.connection.mend')} <code>--ui.tls auto</code></p>`}`;
}

// A button for each wallet that is there.
function AddNetwork({ chainId }) {
  const list = useSignal(wallets);
  const [said, say] = useState(null);
  const add = async (wallet) => {
    try {
      await addNetwork(wallet, chainId);
      say(html`<${Notice} kind="good" title=${t('node.added')} />`);
    } catch (e) {
      say(html`<${Notice} kind="error" title=${t('node.notadded')}>
        <p>${inWords(e)}</p><//>`);
    }
  };
  return html`${list.map((w) => html`<p><button type="button"
    data-test="add-network" onClick=${() => add(w)}>
    ${t('node.add', { wallet: w.info.name })}</button></p>`)}${said}`;
}

// What the log said last.
function Log() {
  const [turn, next] = useState(0);
  const state = useLoad(() => ownerRpc('node_log'), [turn]);
  return html`<h2>${t('node.logs')}</h2><p><button type="button"
    data-test="log" onClick=${() => next(turn + 1)}>${t('hook.refresh')}
    </button></p><${Loaded} state=${state}>${(lines) => html`<pre
      class="logs" tabindex="0" data-test="lines">${lines.toReversed()
      .join('\n')}</pre>`}<//>`;
}

const BackUp = ({ again, kind }) => html`<${Do} test="backup" kind=${kind}
  go=${async () => { await backUp(); again(); }}>${t('start.backup.go')}<//>`;

function Overdue({ state: { data: s, again } }) {
  if (!s || !overdue(s)) return null;
  return html`<div data-test="overdue"><${Notice} kind="error"
    title=${t('todo.backup')} action=${html`<${BackUp} again=${again} />`}>
    <p>${s.lastBackupMs ? html`${t('todo.backup.last')}${' '}<${Ago}
      ms=${s.lastBackupMs} />` : t('todo.backup.never')}</p><//></div>`;
}

function Backups({ state }) {
  const { dev } = useSignal(status) ?? {};
  return html`<h2>${t('node.backups')}</h2><${Loaded} state=${state}>${(s) =>
    html`<${Facts} rows=${[['node.backup', s.lastBackupMs
      ? html`<${Ago} ms=${s.lastBackupMs} />` : t('node.backup.never')],
    ['node.backup.every', s.backupEverySeconds
      ? duration(s.backupEverySeconds) : t('node.backup.asked')],
    ['node.backup.failed', number(s.backupFailures)]]} />
    ${dev ? html`<p class="quiet">${t('node.backup.dev')}</p>`
      : !overdue(s) && html`<p><${BackUp} again=${state.again} /></p>`}`}<//>`;
}

export function NodePage() {
  const now = useSignal(session);
  const { list, error } = useMetrics();
  const about = useLoad(() => api('/api/status'), []);
  const newest = list.at(-1);
  const owner = Boolean(now?.name) && may('node', now);
  const state = useLoad(async () => owner ? ownerRpc('node_status')
    : undefined, [owner]);
  return html`<div class="row between head"><h1>${t('nav.node')}</h1>
      <a class="button" href="/console">${t('console.title')}</a></div>
    ${about.data?.fenced && html`<${Fence} again=${about.again} />`}
    <${Overdue} state=${state} />
    ${error && html`<${Failure} error=${error} />`}
    ${newest && html`<${Now} values=${newest.values} />`}
    <${Signed} about=${about} />
    <h2>${t('node.plots')}</h2>
    <div class="plots" data-test="plots">${PLOTS.map(([title, of, say]) => {
      const points = list.map((s, i) => ({ at: s.at,
        value: of(s, list[i - 1]) })).filter((p) => p.value !== undefined);
      return html`<${Plot} key=${title} title=${t(title)} points=${points}
        say=${say} clock=${clock} />`;
    })}</div>
    <p><a href="/metrics">${t('node.metrics')}</a></p>
    <h2>${t('node.peers')}</h2><p>${t('node.peers.none')}</p>
    <h2>${t('node.sync')}</h2><p>${t('node.sync.none')}</p>
    ${owner && html`<${Backups} state=${state} /><${Log} />`}
    <h2>${t('node.update')}</h2>
    <${Loaded} state=${about}>${(s) => html`<${Facts} rows=${[
      ['home.version', html`<bdi>${s.version} ${s.commit}</bdi>`]]} />`}<//>
    <p>${t('node.update.how')}</p>
    <${Network} about=${about} />`;
}

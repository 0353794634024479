// health.js - how the node is, in a line on the first page: each fact with a mark
// and words, the whole leading to its page.
import { ownerRpc } from './api.js';
import { overdue } from './backup.js';
import { bytes, number } from './format.js';
import { t } from './i18n.js';
import { useRpc } from './list.js';
import { may, session } from './session.js';
import { useLoad, useSignal } from './signal.js';
import { Ago, Skeleton, html } from './ui.js';

const MARK = { good: '●', bad: '▲', '': '○' };

// [kind, key, words] of what node_status tells.
const facts = (s, behind) => [
  [behind ? 'bad' : 'good', t(behind ? 'health.behind' : 'health.synced')],
  ['', t('health.peers', { n: number(s.peers) })],
  [s.fenced || s.failure ? 'bad' : 'good', t(s.fenced || s.failure
    ? 'health.unsigned' : 'health.signs')],
  [s.diskLow ? 'bad' : 'good', t('health.disk', { n: bytes(
    s.diskFreeBytes) })],
  [s.dev ? '' : overdue(s) ? 'bad' : 'good',
    s.lastBackupMs ? html`${t('health.backup')} <${Ago}
      ms=${s.lastBackupMs} />` : t('health.noBackup')],
];

export function Health() {
  const now = useSignal(session);
  const mine = Boolean(now?.name) && may('read', now);
  const { data: behind } = useRpc('eth_syncing');
  const { data, error } = useLoad(async () => mine ? ownerRpc('node_status')
    : null, [mine]);
  if (!data) return mine && !error ? html`<${Skeleton} rows=${1} />` : null;
  return html`<ul class="plain row health" data-test="health"
    aria-label=${t('nav.node')}>${facts(data, behind).map(([kind, words], i) =>
      html`<li key=${i} class=${`state ${kind}`}><span aria-hidden="true">
        ${MARK[kind]}</span> ${words}</li>`)}
    <li><a href="/node">${t('nav.node')}</a></li></ul>`;
}

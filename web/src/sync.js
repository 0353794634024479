// sync.js - while the node catches up with the chain: how far it is, how fast, when
// it will be there, and that nothing can be paid until then (act.js and send.js
// refuse it).
import { useRef } from 'preact/hooks';
import { number, until } from './format.js';
import { t } from './i18n.js';
import { useRpc } from './list.js';
import { Meter, Notice, html } from './ui.js';

const SURE_S = 3; // a rate of less time says nothing

export function Syncing() {
  const { data } = useRpc('eth_syncing');
  const begun = useRef(null);
  if (!data) { begun.current = null; return null; }
  const [at, all] = [Number(data.currentBlock), Number(data.highestBlock)];
  begun.current ??= { at, ms: Date.now() };
  const s = (Date.now() - begun.current.ms) / 1000;
  const rate = s > SURE_S ? (at - begun.current.at) / s : 0;
  return html`<${Notice} kind="error" title=${t('sync.title')}>
    <p>${t('sync.text', { now: number(at), all: number(all) })}</p>
    <${Meter} value=${at} max=${all} label=${t('home.height')}
      text=${`${number(Math.floor(at / (all || 1) * 100))} %`} />
    ${rate > 0 && html`<p data-test="sync-rate">${t('sync.rate', { rate: number(
      Math.round(rate)), when: until((all - at) / rate, 0) })}</p>`}<//>`;
}

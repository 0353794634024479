// barred.js - why nothing can be ordered now, told before anybody tries: the
// court sanctioned the seller, or governance paused the module of orders.
import { MODULE } from './act.js';
import { chainS } from './clock.js';
import { callView, row } from './contracts.js';
import { date } from './format.js';
import { t } from './i18n.js';
import { fresh, useRpc } from './list.js';
import { useLoad, useSignal } from './signal.js';
import { Notice, html } from './ui.js';

const FINE = 2, SUSPENDED = 3; // from it on nobody lists, nobody orders
const pauseLevel = row('function pauseLevel() view returns (uint8 level, '
  + 'uint64 until, uint64 moduleTime)');

// What is in force against a party: { level, until, caseId }, or null.
function useSanction(party) {
  const s = useRpc(party && 'id_sanctions', { party, limit: 1 })
    .data?.items[0];
  return s?.level >= FINE && s.until > chainS() ? s : null;
}
// Until when no order can be placed, or null.
function usePaused() {
  const turns = useSignal(fresh);
  return useLoad(async () => {
    const [level, until] = await callView(MODULE.orders, pauseLevel, []);
    return Number(level) ? Number(until) : null;
  }, [turns]).data ?? null;
}

// In words, for who wants to buy of him; of anybody where none is named; or null.
export function useBarred(seller) {
  const s = useSanction(seller), paused = usePaused();
  return paused !== null ? t('barred.paused', { date: date(paused) })
    : s?.level >= SUSPENDED ? t('barred.seller', { date: date(s.until) }) : null;
}

// For the seller himself, above what he would do.
export function Barred({ me }) {
  const s = useSanction(me), paused = usePaused();
  return html`${paused !== null && html`<div data-test="paused"><${Notice}
      title=${t('barred.paused.title')}>${t('barred.paused',
      { date: date(paused) })}<//></div>`}
    ${s && html`<div data-test="barred"><${Notice} kind="error"
      title=${t(s.level >= SUSPENDED ? 'barred.title' : 'barred.fine.title')}
      action=${html`<a class="button" href=${`/court/${s.caseId}`}>
        ${t('barred.case')}</a>`}>${t(s.level >= SUSPENDED ? 'barred.text'
        : 'barred.fine', { date: date(s.until) })}<//></div>`}`;
}

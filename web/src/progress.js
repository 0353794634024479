// progress.js - how far an order is, as a row of steps: those that it took, of
// its events, the one at which it stands, and those that usually follow.
import { date } from './format.js';
import { has, t } from './i18n.js';
import { html } from './ui.js';

const NEXT = { paid: ['shipped', 'completed'], shipped: ['completed'],
  milestones: ['completed'], returnAsked: ['returnOpen', 'returnSent',
    'refunded'], returnOpen: ['returnSent', 'refunded'],
  returnSent: ['refunded'], disputed: ['resolved'] };
const ENDED = ['cancelled', 'refunded', 'completed', 'resolved'];

// [{ word, at }], oldest first; a state that came twice stands where it came last.
function taken(order) {
  const steps = [{ word: order.milestones?.length ? 'milestones' : 'paid',
    at: order.createdAt }];
  for (const e of order.timeline ?? []) {
    if (e.event === 'OrderState') steps.push({ word: e.stateWord, at: e.time });
  }
  const last = new Map(steps.map((s, i) => [s.word, i]));
  return steps.filter((s, i) => last.get(s.word) === i);
}

const say = (word) => has(`state.${word}`) ? t(`state.${word}`) : word;

export function Progress({ order }) {
  const done = taken(order);
  if (done.at(-1).word !== order.state) return null; // not all of it is known
  const over = ENDED.includes(order.state);
  const rows = [...done.map((s, i) => ({ ...s, now: i === done.length - 1 })),
    ...(NEXT[order.state] ?? []).map((word) => ({ word, later: true }))];
  return html`<ol class="progress" data-test="progress"
    aria-label=${t('order.progress')}>${rows.map((s) => html`<li key=${s.word}
      class=${s.later ? 'later' : s.now && !over ? 'now' : 'done'}
      aria-current=${s.now ? 'step' : null}><span class="dot"
      aria-hidden="true">${s.later ? '' : s.now && !over ? '•' : '✓'}</span>
      <span>${say(s.word)}${s.at && html`<br /><small>${date(s.at)}</small>`}
      </span></li>`)}</ol>`;
}

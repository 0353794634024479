// strength.js - how hard a password is to guess, told while it is typed: an
// estimate from below of its bits, since runs, repeats and the commonest words
// count for little.  It advises; the node's own least length decides.
import { t } from './i18n.js';
import { html } from './ui.js';

const COMMON = /password|passwort|letmein|welcome|qwert[yz]|asdf|admin|dragon|monkey|cybermiles|geheim|hallo/gi;
const POOLS = [[/[a-z]/, 26], [/[A-Z]/, 26], [/\d/, 10], [/[^\w\s]/, 20],
  [/\s/, 2], [/[^\x00-\x7f]/, 40]];
const LEVELS = [[30, 'bad'], [50, 'weak'], [70, 'fair'], [Infinity, 'strong']];

// Signs that follow from the one before: the same, the next, the one before.
const follows = (s, i) => i > 0
  && Math.abs(s.charCodeAt(i) - s.charCodeAt(i - 1)) <= 1;

export function bitsOf(password) {
  const s = password.replace(COMMON, '\u0000');
  const pool = POOLS.reduce((n, [has, size]) => n + (has.test(s) ? size : 0), 0);
  const told = [...s].filter((c, i, all) => !follows(all.join(''), i)).length;
  const fresh = new Set(s).size;
  return Math.round(Math.log2(pool || 1) * Math.min(told, fresh * 2));
}
export const levelOf = (password) => LEVELS.find(([most]) =>
  bitsOf(password) < most)[1];

export function Strength({ value }) {
  if (!value) return null;
  const level = levelOf(value);
  const at = LEVELS.findIndex(([, word]) => word === level) + 1;
  return html`<div class="strength ${level}" data-test="strength"
      data-level=${level}><span class="steps" aria-hidden="true">
      ${LEVELS.map((x, i) => html`<i class=${i < at ? 'on' : ''}></i>`)}</span>
    <output aria-live="polite">${t(`strength.${level}`)}</output></div>`;
}

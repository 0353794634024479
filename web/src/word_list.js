// word_list.js - words that are a key: shown once, and some of them asked for, so
// that it is known that they were written down.
import { t } from './i18n.js';
import { Field, html } from './ui.js';

const ASKED = 3;

// What is asked of a list: { list, asked: places in order, given, wrong: places }.
export function ask(list) {
  const left = Array.from(list, (_, i) => i);
  while (left.length > ASKED) {
    left.splice(crypto.getRandomValues(new Uint32Array(1))[0] % left.length, 1);
  }
  return { list, asked: left, given: Array(ASKED).fill(''), wrong: [] };
}
// The places at which something else was given.
export const wrongOf = ({ list, asked, given }) => asked.filter((k, i) =>
  given[i].trim().toLowerCase() !== list[k]);

export const Shown = ({ list, how }) => html`<p>${t(how)}</p>
  <ol class="words" data-test="words">${list.map((w) => html`<li>
    <bdi lang="en">${w}</bdi></li>`)}</ol>`;

export function Asked({ asked, given, put, wrong }) {
  return html`<p>${t('words.prove')}</p><div class="pair">${asked.map((k, i) =>
    html`<${Field} key=${k} id=${`word-${k}`} label=${t('words.nth', { n: k + 1 })}
      error=${wrong.includes(k) && t('words.other')}><input id=${`word-${k}`}
      value=${given[i]} autocomplete="off" autocapitalize="none"
      spellcheck=${false} aria-invalid=${wrong.includes(k) ? 'true' : null}
      onInput=${(e) => put(given.with(i, e.target.value))} /><//>`)}</div>`;
}

// i18n.js - texts by key.  A language is one JSON file in strings/, loaded
// when needed (data-strings of the page: the start of its path); English stands
// in for what a language lacks, and the operator's own words (data-texts of the
// page: where they are) for both.  {name} in a text is replaced; "one|many" is
// chosen by {n}, a number, which is written as the language writes it.
//
// ?language=ar-XB shows the page from right to left, every word turned round:
// what still reads as English is a text that no translator can reach.
const LANGUAGES = { en: 'English', de: 'Deutsch' };
const PSEUDO = 'ar-XB';
let texts = {};
let fallback = {};
let current = 'en';

export const languages = LANGUAGES;
export const language = () => current;

// Words between right-to-left override and pop; what is replaced is left.
const turn = (text) => text.split('|').map((form) => form.replace(
  /\{\w+\}|[^\s{}]+/g, (word) => word.startsWith('{') ? word
    : `\u202e${word}\u202c`)).join('|');

async function load(name) {
  const r = await fetch(`${document.documentElement.dataset.strings ?? '/'}${
    name}.json`);
  if (!r.ok) throw new Error(`cannot load language ${name}`);
  return r.json();
}

function wanted() {
  if (new URLSearchParams(location.search).get('language') === PSEUDO) {
    return PSEUDO;
  }
  const saved = localStorage.getItem('language');
  if (saved in LANGUAGES) return saved;
  return navigator.languages.map((l) => l.slice(0, 2))
    .find((l) => l in LANGUAGES) ?? 'en';
}

// What the operator says instead: { language: { key: text } }.  A page on a port
// that cannot be asked for it has no such attribute.
export async function loadOwn() {
  const path = document.documentElement.dataset.texts;
  if (!path) return {};
  return fetch(path).then((r) => r.ok ? r.json() : {}).catch(() => ({}));
}
export const allTexts = load;

export async function setLanguage(name = wanted()) {
  const own = loadOwn();
  fallback = { ...await load('en'), ...(await own).en };
  texts = name === 'en' ? fallback : name === PSEUDO
    ? Object.fromEntries(Object.entries(fallback).map(([k, v]) => [k, turn(v)]))
    : { ...await load(name), ...(await own)[name] };
  current = name;
  document.documentElement.lang = name;
  document.documentElement.dir = new Intl.Locale(name).maximize().script
    === 'Arab' ? 'rtl' : 'ltr';
}

export const has = (key) => key in fallback;
export const keysOf = (start) => Object.keys(fallback).filter((key) =>
  key.startsWith(start));

export function t(key, values = {}) {
  let text = texts[key] ?? fallback[key] ?? key;
  if (text.includes('|')) {
    const [one, many] = text.split('|');
    const rule = new Intl.PluralRules(current).select(Number(values.n));
    text = rule === 'one' ? one : many;
  }
  return text.replace(/\{(\w+)\}/g, (all, name) =>
    !(name in values) ? all : name === 'n' && typeof values.n === 'number'
      ? new Intl.NumberFormat(current).format(values.n) : String(values[name]));
}

// i18n.js - texts by key.  A language is one JSON file in strings/, loaded
// when needed; English stands in for what a language lacks.  {name} in a text
// is replaced; "one|many" is chosen by {n}.
const LANGUAGES = { en: 'English', de: 'Deutsch' };
let texts = {};
let fallback = {};
let current = 'en';

export const languages = LANGUAGES;
export const language = () => current;

async function load(name) {
  const r = await fetch(`/${name}.json`);
  if (!r.ok) throw new Error(`cannot load language ${name}`);
  return r.json();
}

function wanted() {
  const saved = localStorage.getItem('language');
  if (saved in LANGUAGES) return saved;
  return navigator.languages.map((l) => l.slice(0, 2))
    .find((l) => l in LANGUAGES) ?? 'en';
}

export async function setLanguage(name = wanted()) {
  if (!Object.keys(fallback).length) fallback = await load('en');
  texts = name === 'en' ? fallback : await load(name);
  current = name;
  document.documentElement.lang = name;
}

export function t(key, values = {}) {
  let text = texts[key] ?? fallback[key] ?? key;
  if (text.includes('|')) {
    const [one, many] = text.split('|');
    const rule = new Intl.PluralRules(current).select(Number(values.n));
    text = rule === 'one' ? one : many;
  }
  return text.replace(/\{(\w+)\}/g, (all, name) =>
    name in values ? String(values[name]) : all);
}

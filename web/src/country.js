// country.js - delivery zones as people know them: countries by their names in
// the page's language, codes as sellers' tables have them (ISO 3166, or any word
// of a seller's of up to eight bytes).
import { language } from './i18n.js';

const LETTERS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
const NONE = /^(EU|EZ|UN|Q.|X[AB]|ZZ)$/; // codes that are no country
const made = new Map(); // language -> [[code, name]]

// All of them as [code, name], by name.
export function countries() {
  const now = language();
  if (!made.has(now)) {
    const names = new Intl.DisplayNames(now, { type: 'region',
      fallback: 'none' });
    made.set(now, LETTERS.flatMap((a) => LETTERS.map((b) => a + b))
      .filter((code) => !NONE.test(code)
        && new Intl.Locale('und', { region: code }).region === code)
      .map((code) => [code, names.of(code)]).filter(([, name]) => name)
      .sort((a, b) => a[1].localeCompare(b[1], now)));
  }
  return made.get(now);
}

export const countryName = (zone) => countries().find(([code]) =>
  code === zone)?.[1] ?? null;

// What was typed as a zone: a country's name becomes its code.
export function zoneOf(text) {
  const typed = text.trim(), low = typed.toLowerCase();
  const found = countries().find(([code, name]) =>
    [code, name].some((s) => s.toLowerCase() === low));
  return found ? found[0] : typed;
}

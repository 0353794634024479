// form.js - what forms have in common: sent once at a time, with what went wrong
// beside them and what was typed kept; numbers read as people type them, or a
// sentence that says which field wants what; and a draft that outlives a reload.
import { useEffect, useRef, useState } from 'preact/hooks';
import { number } from './format.js';
import { t } from './i18n.js';
import { parse } from './money.js';
import { Notice, html } from './ui.js';

// { busy, error, send }: send(event) runs go; a second press while it runs does
// nothing.
export function useSend(go) {
  const [state, set] = useState({});
  const running = useRef(false);
  const send = async (event) => {
    event?.preventDefault();
    if (running.current) return;
    running.current = true;
    set({ busy: true });
    try { await go(); set({}); } catch (error) { set({ error }); }
    running.current = false;
  };
  return { ...state, send };
}

// Of a field called what: a whole number of min to max.
export function wholeOf(text, what, max, min = 0) {
  const plain = String(text).trim();
  const n = /^\d{1,15}$/.test(plain) ? Number(plain) : NaN;
  if (n >= min && n <= max) return n;
  throw new Error(t('typed.whole', { what, min: number(min),
    max: number(max) }));
}
// An amount of a token; least: 1n when nothing is too little.
export function amountOf(text, what, token, least = 0n) {
  const n = parse(text || '0', token);
  if (n !== null && n >= least && n < 1n << 128n) return n;
  throw new Error(t('typed.amount', { what,
    places: number(token?.decimals ?? 18) }));
}
// A percentage as hundredths of a percent.
export function bpsOf(text, what) {
  const plain = text.trim().replace(',', '.');
  const n = /^\d{1,3}(\.\d{1,2})?$/.test(plain) ? Math.round(plain * 100) : NaN;
  if (n >= 0 && n <= 10000) return n;
  throw new Error(t('typed.percent', { what }));
}

// Like useState of an object: what it became is kept for this window until
// drop(), so that a reload, or a look at another page, loses nothing.  was: it
// began with what was kept.
export function useDraft(name, first) {
  const key = `draft.${name}`;
  const read = () => {
    try { return JSON.parse(sessionStorage.getItem(key)); }
    catch { return null; }
  };
  const [empty] = useState(first);
  const [old] = useState(read);
  const [was, setWas] = useState(Boolean(old));
  const [form, set] = useState(old ? { ...empty, ...old } : empty);
  const over = useRef(false);
  useEffect(() => {
    if (form === empty || over.current) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(form));
  }, [form]);
  const drop = () => { over.current = true; sessionStorage.removeItem(key); };
  const anew = () => { setWas(false); set(empty); };
  return { form, set, was, drop, anew };
}

// Says that a draft was found, and lets it go.
export const Draft = ({ was, anew }) => was && html`<${Notice}
  title=${t('draft.found')} action=${html`<button type="button"
    data-test="anew" onClick=${anew}>${t('draft.anew')}</button>`}><//>`;

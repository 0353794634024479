// signal.js - a value that pages watch, and hooks over it.
import { useEffect, useState } from 'preact/hooks';
import { chainMs } from './clock.js';

export function signal(value) {
  const watchers = new Set();
  return {
    get value() { return value; },
    set(next) { value = next; for (const w of [...watchers]) w(next); },
    watch(w) { watchers.add(w); return () => watchers.delete(w); },
  };
}

// A list that this browser keeps, the same in all its windows.
const read = (key) => {
  try { return JSON.parse(localStorage.getItem(key)) ?? []; }
  catch { return []; }
};
export function kept(key) {
  const s = signal(read(key));
  s.watch((v) => localStorage.setItem(key, JSON.stringify(v)));
  addEventListener('storage', (e) => {
    if (e.key === key && JSON.stringify(s.value) !== e.newValue) {
      s.set(read(key));
    }
  });
  return s;
}

// Its value, once it has one.
export const valueOf = (s) => s.value ? Promise.resolve(s.value)
  : new Promise((done) => {
    const end = s.watch((value) => { if (value) { end(); done(value); } });
  });

export function useSignal(s) {
  const [value, set] = useState(s.value);
  useEffect(() => { set(s.value); return s.watch(set); }, [s]);
  return value;
}

// Grows when the node is back after it was away (api.js).
export const back = signal(0);

// Loads when a dependency changes, and when the node is back: { data, error,
// loading, again }.  What was loaded stays while newer is on its way; first: what
// is known of it before.
export function useLoad(load, deps, first) {
  const [state, set] = useState({ data: first, loading: true });
  const [turn, again] = useState(0);
  const returned = useSignal(back);
  useEffect(() => {
    let stale = false;
    set((s) => ({ ...s, loading: true }));
    load().then((data) => { if (!stale) set({ data, loading: false }); },
      (error) => { if (!stale) set((s) => ({ ...s, error, loading: false })); });
    return () => { stale = true; };
  }, [...deps, turn, returned]);
  return { ...state, again: () => again((n) => n + 1) };
}

// The chain's time, in ms.
export function useClock(every_ms = 1000) {
  const [now, set] = useState(chainMs());
  useEffect(() => {
    const id = setInterval(() => set(chainMs()), every_ms);
    return () => clearInterval(id);
  }, [every_ms]);
  return now;
}

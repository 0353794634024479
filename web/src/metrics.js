// metrics.js - what /metrics tells, sampled while a page watches it.  The
// newest SAMPLES are kept when it is left, so a plot has them when one returns.
import { useEffect } from 'preact/hooks';
import { signal, useSignal } from './signal.js';

const EVERY_MS = 2000;
const SAMPLES = 300;

// Lines "name value"; those with labels have them as part of the name.
export const parse = (text) => Object.fromEntries(text.split('\n')
  .filter((line) => line && !line.startsWith('#'))
  .map((line) => {
    const cut = line.lastIndexOf(' ');
    return [line.slice(0, cut), Number(line.slice(cut + 1))];
  }));

const samples = signal({ list: [], error: null });
let watchers = 0;
let timer = null;

async function sample() {
  try {
    const r = await fetch('/metrics');
    if (!r.ok) throw new Error(await r.text());
    const at = Date.now();
    const values = parse(await r.text());
    samples.set({ error: null,
      list: [...samples.value.list, { at, values }].slice(-SAMPLES) });
  } catch (error) {
    samples.set({ ...samples.value, error });
  }
  timer = watchers ? setTimeout(sample, EVERY_MS) : null;
}

// { list: [{ at: ms, values: { name: number } }], error }
export function useMetrics() {
  useEffect(() => {
    if (watchers++ === 0 && timer === null) sample();
    return () => { watchers--; };
  }, []);
  return useSignal(samples);
}

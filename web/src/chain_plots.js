// chain_plots.js - charts over the newest blocks: transactions, gas, intervals;
// and the strip that tells which of them were signed, and after what pauses.
import { duration, number } from './format.js';
import { t } from './i18n.js';
import { Chart, Plot, useReading } from './plot.js';
import { html } from './ui.js';

const one = (n) => number(Math.round(n * 100) / 100);
export const seconds = (s) => t('unit.seconds', { n: one(s) });

const CHARTS = {
  txs: [(b) => b.txs, (n) => t('charts.txs.of', { n })],
  gas: [(b) => b.gas, (n) => t('charts.gas.of', { n: number(n) })],
  interval: [(b) => b.seconds, seconds],
};

// blocks: of recent.js.
export function BlockPlot({ kind, blocks }) {
  const [of, say] = CHARTS[kind];
  const byTime = new Map(blocks.map((b) => [b.ms, b.number]));
  return html`<${Plot} title=${t(`charts.${kind}`)} say=${say}
    points=${blocks.map((b) => ({ at: b.ms, value: of(b) }))
      .filter((p) => p.value !== undefined)}
    clock=${(ms) => t('charts.block', { n: number(byTime.get(ms) ?? 0) })} />`;
}

/* ------------------------------------------------------------------- strip */

const LATE = 2; // intervals: what came later than that came after a pause
const cells = () => innerWidth < 700 ? 20 : 50; // in a row
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1] ?? 0;

// A chain of one validator has no block that it did not sign; what it missed is
// time in which it made none.
const stateOf = (b, me, every) => b.miner !== me ? 'other'
  : b.seconds > every * LATE + 1 ? 'late' : 'signed';
const told = (b) => `${t('charts.block', { n: number(b.number) })}: ${t(
  `strip.${b.state}`, { s: b.seconds === undefined ? '–'
    : duration(b.seconds) })}`;

// me: the validator's account; every: seconds between blocks at most.
export function Strip({ blocks, me, every }) {
  const usual = Math.max(every, median(blocks.map((b) => b.seconds)
    .filter((s) => s !== undefined)));
  const list = blocks.map((b) => ({ ...b, state: stateOf(b, me, usual) }));
  const wide = cells(), rows = Math.ceil(list.length / wide);
  const { at, on } = useReading(list.length, (x, y) => Math.floor(x * wide)
    + wide * Math.floor(y * rows));
  const late = list.filter((b) => b.state === 'late').length;
  return html`<${Chart} title=${t('strip.title', { n: number(list.length) })}
      enough=${list.length >= 3} test="strip" said=${list[at] ? told(list[at])
        : t(late ? 'strip.sum' : 'strip.even', { n: late })}
      columns=${['block.number', 'list.state']}
      rows=${list.toReversed().map((b) => [html`<a href=${`/block/${b.number}`}>
        ${number(b.number)}</a>`, told(b)])}
      raw=${list.map((b) => [b.number, b.state, new Date(b.ms).toISOString(),
        b.seconds ?? ''])}>
    <svg class="strip" viewBox=${`0 0 ${wide * 12} ${rows * 14}`} aria-label=${
      t('strip.title', { n: number(list.length) })} ...${on}>
      ${list.map((b, i) => {
        const x = i % wide * 12, y = Math.floor(i / wide) * 14;
        return html`<rect class=${`${b.state}${i === at ? ' on' : ''}`}
            x=${x + 1} y=${y + 1} width="10" height="12" rx="2" />
          ${b.state !== 'signed' && html`<path d=${`M${x + 3.5} ${y + 7}h5`} />`}`;
      })}</svg>
    <p class="row legend">${['signed', 'late'].map((s) => html`<span>
      <i class=${s}></i>${t(`strip.key.${s}`)}</span>`)}</p><//>`;
}

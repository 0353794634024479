// plot.js - charts: a line over time, bars side by side, bars of states.  Each has
// a title with its unit, is read out by mouse and by arrow keys, is there as a
// table, and can be saved as CSV.  Fewer than three points are a number.
import { useState } from 'preact/hooks';
import { csv } from './csv.js';
import { number } from './format.js';
import { t } from './i18n.js';
import { Table, html } from './ui.js';

const WIDE = 100, HIGH = 30, LEAST = 3, ROWS = 31;

// Which of cnt points is read out, and what moves that: near(x) gives the point
// at a place (x, y) of the drawing, each 0 to 1.
export function useReading(cnt, near) {
  const [at, set] = useState(null);
  const turned = document.documentElement.dir === 'rtl'; // by app.css
  const step = (e) => {
    const by = { ArrowLeft: turned ? 1 : -1, ArrowRight: turned ? -1 : 1,
      Home: -Infinity, End: Infinity }[e.key];
    if (!by) return;
    e.preventDefault();
    set(Math.min(cnt - 1, Math.max(0, (at ?? cnt - 1) + by)));
  };
  const hover = (e) => {
    const box = e.currentTarget.getBoundingClientRect();
    const x = (e.clientX - box.left) / box.width;
    set(Math.min(cnt - 1, Math.max(0, near(turned ? 1 - x : x,
      (e.clientY - box.top) / box.height))));
  };
  return { at, on: { tabindex: '0', role: 'img', onKeyDown: step,
    onBlur: () => set(null), onMouseMove: hover,
    onMouseLeave: () => set(null) } };
}

// What all charts have around the drawing.  columns: keys of texts; rows: cells
// as people read them, newest first; raw: those of the file.
export const Chart = ({ title, said, enough, columns, rows, raw, test, children }) =>
  html`<figure class="plot" data-test=${test}>
    <figcaption>${title}<output aria-live="polite">${said}</output></figcaption>
    ${enough && html`${children}
      <details><summary>${t('plot.table')}</summary>
        <button type="button" onClick=${() => csv(title,
          columns.map((c) => t(c)), raw)}>${t('plot.csv')}</button>
        <${Table} caption=${title} columns=${columns}
          rows=${rows.slice(0, ROWS).map((cells, i) => ({ key: i, cells }))} />
      </details>`}</figure>`;

const Axis = ({ from, to, top }) => html`<p class="axis">
  <span>${from}</span><span>${top}</span><span>${to}</span></p>`;

// points: [{ at: ms, value }], oldest first; say(value) as people read it.
export function Plot({ title, points, say, clock }) {
  const [first, last] = [points[0]?.at, points.at(-1)?.at];
  const { at, on } = useReading(points.length, (part) => {
    const time = first + part * (last - first);
    return points.reduce((best, p, i) => Math.abs(p.at - time)
      < Math.abs(points[best].at - time) ? i : best, 0);
  });
  const shown = points[at] ?? points.at(-1);
  const top = Math.max(...points.map((p) => p.value)) || 1;
  const x = (p) => (p.at - first) / (last - first || 1) * WIDE;
  const y = (p) => HIGH - 0.5 - p.value / top * (HIGH - 2);
  const line = points.map((p) => `${x(p).toFixed(2)},${y(p).toFixed(2)}`);
  return html`<${Chart} title=${title} enough=${points.length >= LEAST}
    said=${shown === undefined ? '…' : at === null ? say(shown.value)
      : `${clock(shown.at)}: ${say(shown.value)}`}
    columns=${['plot.time', 'plot.value']}
    rows=${points.toReversed().map((p) => [clock(p.at), say(p.value)])}
    raw=${points.map((p) => [new Date(p.at).toISOString(), p.value])}>
    <svg viewBox=${`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none"
      aria-label=${title} ...${on}>
      <polygon points=${`0,${HIGH} ${line.join(' ')} ${WIDE},${HIGH}`} />
      <polyline points=${line.join(' ')} />
      ${at !== null && html`<line x1=${x(shown)} x2=${x(shown)} y1="0"
        y2=${HIGH} />`}
    </svg>
    ${points.length >= LEAST && html`<${Axis} from=${clock(first)}
      to=${clock(last)} top=${t('plot.top', { n: say(top) })} />`}<//>`;
}

// points: [{ label, value, before }], oldest first; before, where it is given,
// is the same of the period before, a mark on the bar.  said: until one is read.
export function Bars({ title, points, say = number, label = 'plot.time', test,
  said }) {
  const cnt = points.length;
  const { at, on } = useReading(cnt, (part) => Math.floor(part * cnt));
  const shown = points[at] ?? points.at(-1);
  const pair = points.some((p) => p.before !== undefined);
  const top = Math.max(...points.flatMap((p) => [p.value, p.before ?? 0])) || 1;
  const step = WIDE / Math.max(1, cnt), gap = step * 0.18;
  const high = (v) => v / top * (HIGH - 1);
  const told = (p) => `${p.label}: ${say(p.value)}${p.before === undefined ? ''
    : ` (${t('plot.before')} ${say(p.before)})`}`;
  return html`<${Chart} title=${title} enough=${cnt >= LEAST} test=${test}
    said=${at === null && said ? said : shown ? told(shown) : '…'}
    columns=${[label, 'plot.value', ...(pair ? ['plot.before'] : [])]}
    rows=${points.toReversed().map((p) => [p.label, say(p.value),
      ...(pair ? [say(p.before ?? 0)] : [])])}
    raw=${points.map((p) => [p.name ?? p.label, p.value,
      ...(pair ? [p.before ?? 0] : [])])}>
    <svg class="columns" viewBox=${`0 0 ${WIDE} ${HIGH}`}
      preserveAspectRatio="none" aria-label=${title} ...${on}>
      ${points.map((p, i) => html`<rect class=${i === at ? 'bar on' : 'bar'}
          x=${i * step + gap / 2} width=${step - gap}
          y=${HIGH - Math.max(0.4, high(p.value))}
          height=${Math.max(0.4, high(p.value))} />
        ${p.before > 0 && html`<line class="before" x1=${i * step}
          x2=${(i + 1) * step} y1=${HIGH - high(p.before)}
          y2=${HIGH - high(p.before)} />`}`)}</svg>
    <${Axis} from=${points[0]?.label} to=${points.at(-1)?.label}
      top=${pair ? html`<span class="key" aria-hidden="true"></span>
        ${t('plot.before')}` : t('plot.top', { n: say(top) })} /><//>`;
}

// One bar below the other: [{ key, label, value, href, mark }]; href: where it
// leads; mark: it stands out; say(row) is what is read out, said before that.
export function Levels({ title, rows, say, label, test, said }) {
  const [at, set] = useState(null);
  const top = Math.max(1, ...rows.map((r) => r.value));
  const all = rows.reduce((n, r) => n + r.value, 0);
  return html`<${Chart} title=${title} enough test=${test}
    said=${at ? say(at) : said ?? number(all)} columns=${[label, 'plot.value']}
    rows=${rows.map((r) => [r.label, say(r)])}
    raw=${rows.map((r) => [r.label, r.value])}>
    <ol class="levels">${rows.map((r) => html`<li key=${r.key}
      ...${r.href && { onMouseEnter: () => set(r), onMouseLeave: () => set(null) }}>
      ${r.href ? html`<a href=${r.href} onFocus=${() => set(r)}
        onBlur=${() => set(null)}>${r.label}</a>`
        : html`<${r.mark ? 'strong' : 'span'}>${r.label}<//>`}
      ${rows.length >= LEAST && html`<svg viewBox=${`0 0 ${WIDE} 1`}
        preserveAspectRatio="none" aria-hidden="true">
        <rect class=${at === r || r.mark ? 'bar on' : 'bar'} x="0" y="0" height="1"
          width=${Math.max(0.5, r.value / top * WIDE)} /></svg>`}
      <span>${number(r.value)}</span></li>`)}</ol><//>`;
}

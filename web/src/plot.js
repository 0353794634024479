// plot.js - a line over time: hover and arrow keys read it out, its points can
// be shown as a table and saved as CSV.  Fewer than three points are a number.
import { useState } from 'preact/hooks';
import { csv } from './csv.js';
import { t } from './i18n.js';
import { Table, html } from './ui.js';

const WIDE = 100, HIGH = 30;

// points: [{ at: ms, value }], oldest first; say(value) as people read it.
export function Plot({ title, points, say, clock }) {
  const [at, set] = useState(null);
  const shown = points[at] ?? points.at(-1);
  const now = html`<output aria-live="polite">${shown === undefined ? '…'
    : at === null ? say(shown.value)
      : `${clock(shown.at)}: ${say(shown.value)}`}</output>`;
  if (points.length < 3) {
    return html`<figure class="plot"><figcaption>${title}${now}</figcaption>
    </figure>`;
  }
  const [first, last] = [points[0].at, points.at(-1).at];
  const top = Math.max(...points.map((p) => p.value)) || 1;
  const x = (p) => (p.at - first) / (last - first || 1) * WIDE;
  const y = (p) => HIGH - 0.5 - p.value / top * (HIGH - 2);
  const line = points.map((p) => `${x(p).toFixed(2)},${y(p).toFixed(2)}`);
  const step = (e) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity,
      End: Infinity }[e.key];
    if (!by) return;
    e.preventDefault();
    set(Math.min(points.length - 1,
      Math.max(0, (at ?? points.length - 1) + by)));
  };
  const hover = (e) => {
    const box = e.currentTarget.getBoundingClientRect();
    const time = first + (e.clientX - box.left) / box.width * (last - first);
    set(points.reduce((best, p, i) => Math.abs(p.at - time)
      < Math.abs(points[best].at - time) ? i : best, 0));
  };
  return html`<figure class="plot">
    <figcaption>${title}${now}</figcaption>
    <svg viewBox=${`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none"
      tabindex="0" role="img" aria-label=${title} onKeyDown=${step}
      onBlur=${() => set(null)} onMouseMove=${hover}
      onMouseLeave=${() => set(null)}>
      <polygon points=${`0,${HIGH} ${line.join(' ')} ${WIDE},${HIGH}`} />
      <polyline points=${line.join(' ')} />
      ${at !== null && html`<line x1=${x(shown)} x2=${x(shown)} y1="0"
        y2=${HIGH} />`}
    </svg>
    <details><summary>${t('plot.table')}</summary>
      <button type="button" onClick=${() => csv(title, ['time', title],
        points.map((p) => [new Date(p.at).toISOString(), p.value]))}>
        ${t('plot.csv')}</button>
      <${Table} caption=${title} columns=${['plot.time', 'plot.value']}
        rows=${points.toReversed().slice(0, 30).map((p) => ({ key: p.at,
          cells: [clock(p.at), say(p.value)] }))} /></details>
  </figure>`;
}

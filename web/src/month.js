// month.js - for the books: a seller's orders of one month or of one year as a
// file, as the node has them.
import { useState } from 'preact/hooks';
import { Do } from './act.js';
import { rpc } from './api.js';
import { chainMs } from './clock.js';
import { saveText } from './csv.js';
import { t } from './i18n.js';
import { Choice } from './list.js';
import { html } from './ui.js';

const seconds = (...at) => Math.floor(Date.UTC(...at) / 1000);

export function Month({ me }) {
  const [month, set] = useState(new Date(chainMs()).toISOString().slice(0, 7));
  const [span, setSpan] = useState('month');
  const [lines, setLines] = useState(false);
  const get = async () => {
    const [y, m] = month.split('-').map(Number);
    const [from, to] = span === 'year' ? [seconds(y, 0, 1), seconds(y + 1, 0, 1)]
      : [seconds(y, m - 1, 1), seconds(y, m, 1)];
    const file = await rpc('order_export', { seller: me, from, to: to - 1,
      lines, format: 'csv' });
    const of = span === 'year' ? y : month;
    saveText((file.name ?? 'orders.csv').replace(/\.csv$/, `-${of}.csv`),
      file.text);
  };
  return html`<section class="card" id="books"><h2>${t('month.title')}</h2>
    <p>${t('month.text')}</p><div class="bar">
    <label class="choice" for="month">${t('month.which')}<input id="month"
      type="month" value=${month} onInput=${(e) => set(e.target.value)} /></label>
    <${Choice} id="span" label=${t('month.span')} value=${span} set=${setSpan}
      rows=${['month', 'year'].map((s) => [s, t(`month.span.${s}`)])} />
    <label class="tick"><input type="checkbox" checked=${lines}
      onChange=${(e) => setLines(e.target.checked)} />${t('month.lines')}
    </label><${Do} go=${get} disabled=${!month} test="export">
      ${t('month.get')}<//></div></section>`;
}

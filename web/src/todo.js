// todo.js - on the first page: what waits for us, and what came in.
import { acting } from './acting.js';
import { chainS } from './clock.js';
import { day, number } from './format.js';
import { Until, stockText, titleOf } from './goods.js';
import { has, t } from './i18n.js';
import { useRpc } from './list.js';
import { Money, tokenOf } from './money.js';
import { Plot } from './plot.js';
import { may, session } from './session.js';
import { useLoad, useSignal } from './signal.js';
import { Table, html } from './ui.js';
import { NOBODY } from './act.js';

const DAY = 86400;

const itemRow = (i) => ({ key: `${i.kind}-${i.module}-${i.id}`, cells: [
  html`<strong>${has(`todo.${i.kind}`) ? t(`todo.${i.kind}`) : i.kind}</strong>`,
  i.module === 'orders' && [1, 3].includes(i.type)
    ? html`<a href=${`/order/${i.order ?? i.id}`}>${t('order.number',
      { id: i.order ?? i.id })}</a>`
    : i.module === 'mediation' && i.type === 2
      ? html`<a href=${`/case/${i.id}`}>${t('case.number', { id: i.id })}</a>`
      : i.module === 'court' && i.type === 4
        ? html`<a href=${`/court/${i.id}`}>${t('court.number', { id: i.id })}</a>`
        : `${i.module} ${i.id ?? ''}`,
  html`<${Until} at=${i.at} />`] });

function Todo({ me }) {
  const { data, error } = useRpc('order_todo', me);
  if (error || !data) return null;
  return html`<section data-test="todo"><h2>${t('todo.title')}</h2>
    ${data.items.length ? html`<${Table} caption=${t('todo.title')}
      columns=${['todo.what', 'todo.where', 'order.until']}
      rows=${data.items.slice(0, 12).map(itemRow)} />
      ${data.items.length > 12 && html`<p><a href="/orders">${t('todo.all',
        { n: data.items.length })}</a></p>`}`
      : html`<p class="quiet">${t('todo.none')}</p>`}</section>`;
}

// What sells and is nearly gone; a thing that never had more is no news, but
// sold out it is.
const LOW = 3;
function LowStock({ me }) {
  const { data } = useRpc('market_search', { seller: me, sort: 'sold',
    limit: 200 });
  const low = (data?.items ?? []).filter((l) => l.stock === 0
    || (l.stock <= LOW && l.sold > 0));
  if (!low.length) return null;
  return html`<section data-test="low"><h2>${t('low.title')}</h2>
    <${Table} caption=${t('low.title')} columns=${['sell.title', 'sell.stock',
      'sell.sold']} rows=${low.slice(0, 8).map((l) => ({ key: l.id, cells: [
      html`<a href=${`/sell/listing/${l.id}`}><bdi>${titleOf(l)}</bdi></a>`,
      stockText(l.stock), number(l.sold)] }))} /></section>`;
}

// Sums of the last so many days, and of as many before.
const over = (items, from, to) => items.filter((i) => i.from >= from
  && i.from < to).reduce((n, i) => n + BigInt(i.released), 0n);

function Takings({ me }) {
  const today = Math.floor(chainS() / DAY) * DAY;
  const { data, error } = useRpc('order_summary', { seller: me, period: 'day',
    from: today - 59 * DAY, to: today + DAY });
  const token = useLoad(() => tokenOf(NOBODY), []).data;
  if (error || !data?.items.length || !token) return null;
  const items = data.items.filter((i) => i.token === NOBODY);
  const value = (wei) => Number(wei / 10n ** 12n) / 1e6;
  const points = Array.from({ length: 30 }, (_, k) => {
    const from = today - (29 - k) * DAY;
    return { at: from * 1000, value: value(over(items, from, from + DAY)) };
  });
  return html`<section data-test="takings"><h2>${t('takings.title')}</h2>
    <div class="tiles">${[1, 7, 30].map((n) => html`<section class="tile">
      <h3>${t('takings.days', { n })}</h3><p class="big"><${Money} digits=${2}
        value=${over(items, today - (n - 1) * DAY, today + DAY)} /></p>
      <p class="quiet">${t('takings.before')} <${Money} digits=${2}
        value=${over(items, today - (2 * n - 1) * DAY, today - (n - 1) * DAY)}
        /></p></section>`)}</div>
    <${Plot} title=${t('takings.plot')} points=${points}
      say=${(v) => `${number(v)} CMT`} clock=${(ms) => day(ms / 1000)} />
  </section>`;
}

export function Shop() {
  const me = useSignal(acting)?.address;
  const now = useSignal(session);
  return me ? html`<${Todo} me=${me} />
    ${may('sell', now) && html`<${LowStock} me=${me} />`}
    <${Takings} me=${me} />` : null;
}

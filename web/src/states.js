// states.js - a seller's orders by state, as a chart whose bars lead to them.
import { number } from './format.js';
import { t } from './i18n.js';
import { useRpc } from './list.js';
import { Levels } from './plot.js';
import { html } from './ui.js';

// As an order goes, then where it may leave.
const WAY = ['paid', 'shipped', 'milestones', 'returnAsked', 'returnOpen',
  'returnSent', 'disputed', 'completed', 'cancelled', 'refunded', 'resolved'];

// from: seconds, of orders placed since then.
export function States({ me, from = 0, title = t('funnel.title') }) {
  const { data } = useRpc('order_states', { seller: me, from });
  const cnt = (state) => (data?.items ?? []).filter((i) => i.state === state)
    .reduce((n, i) => n + i.orders, 0);
  const rows = WAY.map((state) => ({ key: state, label: t(`state.${state}`),
    value: cnt(state), href: `/orders?state=${state}` }))
    .filter((r) => r.value > 0);
  const all = rows.reduce((n, r) => n + r.value, 0);
  if (!all) return null;
  return html`<${Levels} title=${title} rows=${rows} label="list.state"
    test="funnel" say=${(r) => `${r.label}: ${t('funnel.said', { n: r.value,
      part: number(Math.round(r.value / all * 100)) })}`} />`;
}

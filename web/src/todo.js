// todo.js - on the first page: what waits for us, what came in, what happened.
import { useState } from 'preact/hooks';
import { NOBODY } from './act.js';
import { acting } from './acting.js';
import { ownerRpc } from './api.js';
import { Approx } from './approx.js';
import { overdue } from './backup.js';
import { Barred } from './barred.js';
import { chainS } from './clock.js';
import { day, number } from './format.js';
import { Party, State, Until, titleOf } from './goods.js';
import { has, t } from './i18n.js';
import { Choice, useRpc } from './list.js';
import { Money, money, roughly, tokenOf, useTokens } from './money.js';
import { Bars } from './plot.js';
import { takenOf } from './purse.js';
import { may, session } from './session.js';
import { useLoad, useSignal } from './signal.js';
import { States } from './states.js';
import { Ago, Skeleton, html } from './ui.js';

const DAY = 86400;

/* ------------------------------------------------------------------ to do */

// Where an item leads: its page and its name.
const PLACE = { 'orders.1': ['/order/', 'order.number'],
  'orders.3': ['/order/', 'order.number'],
  'mediation.2': ['/case/', 'case.number'],
  'court.4': ['/court/', 'court.number'],
  'market.1': ['/sell/listing/', 'goods.nameless'],
  'identity.6': ['/claim/', 'todo.claim.number'] };
const placeOf = (i) => {
  const id = i.order ?? i.id;
  const [path, key] = PLACE[`${i.module}.${i.type}`] ?? [];
  return path ? html`<a href=${`${path}${id}`}>${t(key, { id })}${
    i.index === undefined ? '' : `, ${t('order.part', { n: number(i.index + 1) })}`
  }</a>`
    : html`<a href=${i.module === 'identity' ? '/identity'
      : '/subscriptions'}>${t('todo.look')}</a>`;
};

const FIRST = 3;
// One kind of thing to do: how many, the soonest of them.
function Group({ kind, items, all }) {
  const words = has(`todo.${kind}`) ? t(`todo.${kind}`) : kind;
  return html`<li data-test=${`todo-${kind}`}>
    <span class="badge">${number(items.length)}</span>
    <div><strong>${words}</strong>
      <ul class="plain">${items.slice(0, FIRST).map((i) => html`
        <li key=${i.key}>${i.place}${i.at && html` <small><${Until}
          at=${i.at} /></small>`}</li>`)}</ul>
      ${items.length > FIRST && all && html`<a href=${all}>${t('todo.more',
        { n: items.length - FIRST })}</a>`}</div></li>`;
}

// Where all of a kind are.
const ALL = { ship: '/orders?state=paid', answerReturn:
  '/orders?state=returnAsked', confirmReturn: '/orders?state=returnSent',
confirm: '/purchases', low: '/sell', answerCase: '/resolve' };

// What sells and is nearly gone; a thing that never had more is no news, but
// sold out it is.
const LOW = 3;
function useLow(me) {
  const { data } = useRpc(me && 'market_search', { seller: me, sort: 'sold',
    limit: 200 });
  return (data?.items ?? []).filter((l) => l.stock === 0
    || (l.stock <= LOW && l.sold > 0)).map((l) => ({ key: l.id,
    place: html`<a href=${`/sell/listing/${l.id}`}><bdi>${titleOf(l)}</bdi></a>
      ${' '}<small>${l.stock ? t('low.left', { n: l.stock }) : t('low.none')}
      </small>` }));
}

function useBackup() {
  const now = useSignal(session);
  const mine = now?.name && may('node', now);
  const { data } = useLoad(async () => mine ? ownerRpc('node_status') : null,
    [mine]);
  if (!data || !overdue(data)) return [];
  return [{ key: 'backup', place: html`<a href="/node">${t('todo.backup.go')}</a>
    ${' '}<small>${data.lastBackupMs ? html`${t('todo.backup.last')}${' '}
      <${Ago} ms=${data.lastBackupMs} />` : t('todo.backup.never')}</small>` }];
}

function Todo({ me }) {
  const { data } = useRpc('order_todo', me);
  const now = useSignal(session);
  const low = useLow(may('sell', now) && me);
  const backup = useBackup();
  if (!data) return html`<section class="card"><h2>${t('todo.title')}</h2>
    <${Skeleton} rows=${4} /></section>`;
  const kinds = Map.groupBy(data.items, (i) => i.kind);
  const groups = [...kinds].map(([kind, items]) => [kind, items.map((i) => ({
    key: `${i.module}-${i.id}-${i.index ?? 0}`, at: i.at,
    place: placeOf(i) }))]);
  if (backup.length) groups.push(['backup', backup]);
  if (low.length) groups.push(['low', low]);
  return html`<section class="card" data-test="todo"><h2>${t('todo.title')}</h2>
    ${groups.length ? html`<ul class="plain todo">${groups.map(
      ([kind, items]) => html`<${Group} key=${kind} kind=${kind}
        items=${items} all=${ALL[kind]} />`)}</ul>`
      : html`<p class="quiet">${t('todo.none')}</p>`}</section>`;
}

/* ------------------------------------------------------- recent activity */

const RECENT = 8;
// Rows of a list as things that happened: { at: s, key, what }.
const SOURCES = [
  ['order_list', (me) => ({ party: me, limit: 25, documents: false }),
    (o, me) => ({ at: o.updatedAt ?? o.createdAt, what: html`
      <a href=${`/order/${o.id}`}>${t('order.number', { id: o.id })}</a>${' '}
      <${State} word=${o.state} /> <small><${Party} value=${o.seller === me
        ? o.buyer : o.seller} /> · <${Money} value=${o.total}
        token=${o.token} digits=${2} /></small>` })],
  ['market_messages', (me) => ({ party: me, limit: RECENT }),
    (m, me) => m.from !== me && ({ at: m.time, what: html`
      <a href=${m.order ? `/order/${m.order}#letters` : `/party/${m.from}`}>
        ${t('recent.letter')}</a> <small><${Party} value=${m.from} /></small>` })],
  ['market_reviews', (me) => ({ seller: me, limit: RECENT }),
    (r) => ({ at: r.time, what: html`<a href="/sell/reviews">${t('recent.review',
      { n: number(r.stars) })}</a> <small><${Party} value=${r.author} />
      </small>` })],
  ['mediation_list', (me) => ({ party: me, limit: RECENT }),
    (k) => ({ at: k.createdAt, what: html`<a href=${`/case/${k.id}`}>${t(
      'case.number', { id: k.id })}</a> <${State} word=${k.state} />` })],
];

function Recent({ me }) {
  const lists = SOURCES.map(([method, filter]) => useRpc(method, filter(me)));
  if (lists.some((l) => !l.data && !l.error)) {
    return html`<section class="card"><h2>${t('recent.title')}</h2>
      <${Skeleton} rows=${4} /></section>`;
  }
  const items = SOURCES.flatMap(([method, , show], i) =>
    (lists[i].data?.items ?? []).map((x, k) => ({ key: `${method}-${k}`,
      ...show(x, me) })).filter((x) => x.at)).toSorted((a, b) => b.at - a.at);
  return html`<section class="card" data-test="recent">
    <h2>${t('recent.title')}</h2>${items.length ? html`<ul class="plain recent">
      ${items.slice(0, RECENT).map((x) => html`<li key=${x.key}>
        <span>${x.what}</span><small><${Ago} ms=${x.at * 1000} /></small>
        </li>`)}</ul>` : html`<p class="quiet">${t('recent.none')}</p>`}
  </section>`;
}

/* ---------------------------------------------------------------- takings */

const SPANS = [1, 7, 30];
const SHOWN = 30;
const over = (items, from, to) => takenOf(items.filter((i) => i.from >= from
  && i.from < to));

// More or less than before that, in words.
function Change({ now, before }) {
  if (!before) return t('takings.first');
  const part = Number((now - before) * 1000n / before) / 10;
  const kind = part > 0 ? 'good' : part < 0 ? 'bad' : '';
  return html`<span class=${`state ${kind}`}><span aria-hidden="true">${part > 0
    ? '▲' : part < 0 ? '▼' : '='}</span> ${t(part < 0 ? 'takings.less'
    : 'takings.more', { part: number(Math.abs(part)) })}</span>`;
}

function Takings({ me }) {
  const [chosen, choose] = useState(NOBODY);
  const today = Math.floor(chainS() / DAY) * DAY;
  const { data } = useRpc('order_summary', { seller: me, period: 'day',
    from: today - (2 * SHOWN - 1) * DAY, to: today + DAY });
  const coins = [...new Set([NOBODY, ...(data?.items ?? []).map((i) =>
    i.token)])];
  const tokens = useTokens(coins);
  const token = useLoad(() => tokenOf(chosen), [chosen]).data;
  if (!data?.items.length || !token) return null;
  const items = data.items.filter((i) => i.token === token.address);
  const places = Math.min(4, token.decimals);
  const scale = 10n ** BigInt(token.decimals - places);
  const value = (n) => Number(n / scale) / 10 ** places;
  const say = (v) => money(BigInt(Math.round(v * 10 ** places)), { ...token,
    decimals: places }, 2);
  const sum = (n, back) => over(items, today - ((back + 1) * n - 1) * DAY,
    today - (back * n - 1) * DAY);
  const points = Array.from({ length: SHOWN }, (_, k) => {
    const from = today - (SHOWN - 1 - k) * DAY;
    return { label: day(from), name: new Date(from * 1000).toISOString()
      .slice(0, 10), value: value(over(items, from, from + DAY)),
    before: value(over(items, from - SHOWN * DAY, from - (SHOWN - 1) * DAY)) };
  });
  return html`<section data-test="takings"><div class="row between">
      <h2>${t('takings.title')}</h2>${coins.length > 1 && tokens && html`
      <${Choice} id="takings-coin" label=${t('send.token')} value=${chosen}
        set=${choose} rows=${coins.map((c) => [c, tokens.get(c)?.symbol
          ?? '…'])} />`}</div>
    <div class="tiles sums">${SPANS.map((n) => html`<section class="tile" key=${n}>
      <h3>${t('takings.days', { n })}</h3><p class="big"
        title=${money(sum(n, 0), token)}>${roughly(sum(n, 0), token)}<${Approx}
        value=${sum(n, 0)} token=${token.address} /></p><p class="quiet"><${Change} now=${sum(n, 0)}
        before=${sum(n, 1)} /><br />${t('takings.before')} ${roughly(sum(n, 1),
        token)}</p></section>`)}</div>
    <p class="quiet">${t('takings.how')}</p>
    <div class="beside level"><${Bars} points=${points} say=${say}
        title=${t('takings.plot', { symbol: token.symbol })} label="plot.day" />
      <${States} me=${me} from=${today - (SHOWN - 1) * DAY}
        title=${t('funnel.month')} /></div></section>`;
}

/* ------------------------------------------------------ for the first page */

export function Work() {
  const me = useSignal(acting)?.address;
  return me ? html`<${Barred} me=${me} /><div class="beside even2">
    <${Todo} me=${me} /><${Recent} me=${me} /></div>` : null;
}

export function Sums() {
  const me = useSignal(acting)?.address;
  return me ? html`<${Takings} me=${me} />` : null;
}

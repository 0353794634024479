// sell_more.js - what surrounds listings: shipping tables, coupons, reviews,
// where listings are shown.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { useState } from 'preact/hooks';
import { Do, May, NOBODY, act } from '../act.js';
import { Mine } from '../acting.js';
import { chainS } from '../clock.js';
import { putDocument } from '../content.js';
import { amountOf, bpsOf, useSend, wholeOf } from '../form.js';
import { number } from '../format.js';
import { Party, Stars, State, Thing, Until } from '../goods.js';
import { t } from '../i18n.js';
import { List, useList, useRpc } from '../list.js';
import { Money, tokenOf, typed } from '../money.js';
import { useLoad } from '../signal.js';
import { Ago, Empty, Failure, Field, Loaded, Notice, Submit, Table, html }
  from '../ui.js';
import { SellTabs } from './sell.js';

const Page = ({ title, children }) => html`<h1>${t(title)}</h1><${SellTabs} />
  <${Mine}>${children}<//>`;

/* -------------------------------------------------------- shipping tables */

const ZONE = { code: '*', base: '', perItem: '', freeFrom: '', minDays: '3',
  maxDays: '7' };
const DAYS_MAX = 365;
const code8 = (s) => `0x${Array.from(utf8ToBytes(s.toUpperCase()), (b) =>
  b.toString(16).padStart(2, '0')).join('').padEnd(16, '0')}`;
export { code8 };

function ZoneRows({ zones, set }) {
  const put = (i, change) => set(zones.map((z, k) =>
    k === i ? { ...z, ...change } : z));
  const cell = (i, name, key, rest) => html`<td data-label=${t(key)}>
    <input aria-label=${`${t(key)} ${i + 1}`} value=${zones[i][name]}
      onInput=${(e) => put(i, { [name]: e.target.value })} ...${rest} /></td>`;
  const money = { inputmode: 'decimal', placeholder: '0' };
  const days = { inputmode: 'numeric', maxlength: 3 };
  const columns = ['ship.zone', 'ship.base', 'ship.item', 'ship.free',
    'ship.min', 'ship.max'];
  return html`<table class="list grid"><caption class="quiet">
      ${t('sell.shipping')}</caption>
    <thead><tr>${columns.map((c) => html`<th scope="col">${t(c)}</th>`)}</tr>
    </thead><tbody>${zones.map((z, i) => html`<tr key=${i}>
      ${cell(i, 'code', columns[0], { maxlength: 8, required: true })}
      ${cell(i, 'base', columns[1], money)}
      ${cell(i, 'perItem', columns[2], money)}
      ${cell(i, 'freeFrom', columns[3], money)}
      ${cell(i, 'minDays', columns[4], days)}
      ${cell(i, 'maxDays', columns[5], days)}</tr>`)}</tbody></table>`;
}

// A zone as the chain wants it, or what is wrong with its row.
const zoneOf = (token) => (z, i) => {
  const what = (key) => `${t(key)} ${i + 1}`;
  if (!/^(\*|[A-Za-z0-9-]{1,8})$/.test(z.code.trim())) {
    throw new Error(t('ship.bad.zone', { n: number(i + 1) }));
  }
  const days = (name, key) => wholeOf(z[name], what(key), DAYS_MAX);
  const zone = { code: code8(z.code.trim()),
    base: amountOf(z.base, what('ship.base'), token),
    perItem: amountOf(z.perItem, what('ship.item'), token),
    freeFrom: amountOf(z.freeFrom, what('ship.free'), token),
    minDays: days('minDays', 'ship.min'), maxDays: days('maxDays', 'ship.max') };
  if (zone.minDays <= zone.maxDays) return zone;
  throw new Error(t('ship.bad.days', { n: number(i + 1) }));
};

function TableForm({ table, token, done }) {
  const [zones, set] = useState(table ? table.zones.map((z) => ({ ...z,
    base: typed(z.base, token), perItem: typed(z.perItem, token),
    freeFrom: typed(z.freeFrom, token) })) : [ZONE]);
  const { busy, error, send } = useSend(async () => {
    await act(t('ship.save'), 'market', 'saveShipTable', [table?.id ?? 0, NOBODY,
      token.address, zones.map(zoneOf(token))]);
    done();
  });
  return html`<form class="form wide" onSubmit=${send}>
    <p>${t('ship.how')}</p><${ZoneRows} zones=${zones} set=${set} />
    ${error && html`<${Failure} error=${error} />`}
    <div class="row"><button type="button" disabled=${zones.length >= 32}
        onClick=${() => set([...zones, { ...ZONE, code: '' }])}>
        ${t('ship.add')}</button>
      <${Submit} busy=${busy}>${t(busy ? 'act.busy' : 'ship.save')}<//>
      <button type="button" onClick=${done}>${t('act.not')}</button></div>
  </form>`;
}

export const ShipTable = ({ table: s }) => html`<${Table}
  caption=${t('sell.shipping')} columns=${['ship.zone', 'ship.base',
    'ship.item', 'ship.free', 'ship.days']}
  rows=${s.zones.map((z) => ({ key: z.code, cells: [z.code === '*'
    ? t('ship.all') : z.code,
    html`<${Money} value=${z.base} token=${s.token} />`,
    html`<${Money} value=${z.perItem} token=${s.token} />`,
    BigInt(z.freeFrom) ? html`<${Money} value=${z.freeFrom}
      token=${s.token} />` : '–',
    `${number(z.minDays)}–${number(z.maxDays)}`] }))} />`;

function Tables({ me }) {
  const list = useList('market_shipTables', { seller: me });
  const [edit, set] = useState(null); // a table, 'new', or null
  const token = useLoad(() => tokenOf(edit?.token ?? NOBODY), [edit?.token]);
  if (edit) {
    return html`<${Loaded} state=${token}>${(money) => html`<${TableForm}
      table=${edit === 'new' ? null : edit} token=${money}
      done=${() => set(null)} />`}<//>`;
  }
  return html`<p><button class="main" type="button"
      onClick=${() => set('new')}>${t('ship.new')}</button></p>
    <${List} state=${list} empty=${html`<${Empty} title=${t('ship.none')}>
      ${t('ship.how')}<//>`}>${(items) => items.map((s) => html`
      <section class="card" key=${s.id}><h2>${t('sell.table', { id: s.id })}
        </h2><${ShipTable} table=${s} />
        <p><button type="button" onClick=${() => set(s)}>${t('sell.edit')}
        </button></p></section>`)}<//>`;
}
export const Shipping = () => html`<${Page} title="sell.shipping">
  ${(me) => html`<${Tables} me=${me} />`}<//>`;

/* --------------------------------------------------------------- coupons */

// 80 bits in 16 letters that are not taken for one another.
const LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const drawCode = () => [...randomBytes(16)].map((b) => LETTERS[b & 31]).join('')
  .replace(/.{4}(?=.)/g, '$&-');

// A code is the seed of a key; the chain knows its address alone.
export const couponKey = (code) => keccak_256(utf8ToBytes(
  `CyberMiles coupon ${code.trim().toUpperCase()}`));
export const addressOf = (key) => `0x${bytesToHex(keccak_256(
  secp256k1.getPublicKey(key, false).slice(1))).slice(24)}`;

const codesOf = () => JSON.parse(localStorage.getItem('coupons') ?? '{}');
const keepCode = (id, code) => localStorage.setItem('coupons',
  JSON.stringify({ ...codesOf(), [id]: code }));

function CouponForm({ done }) {
  const [form, set] = useState({ kind: '1', value: '10', min: '0', uses: '100',
    party: '1', days: '90' });
  const input = (name, key, hint) => html`<${Field} id=${name} label=${t(key)}
    hint=${hint && t(hint)}><input id=${name} value=${form[name]} required
      inputmode="decimal" onInput=${(e) => set({ ...form,
        [name]: e.target.value })} /><//>`;
  const worth = form.kind === '1' ? 'coupon.percent' : 'coupon.fixed';
  const { busy, error, send } = useSend(async () => {
    const whole = (name, key, max) => wholeOf(form[name], t(key), max, 1);
    const args = { token: NOBODY, kind: Number(form.kind),
      value: form.kind === '1' ? BigInt(bpsOf(form.value, t(worth)))
        : amountOf(form.value, t(worth), undefined, 1n),
      minTotal: amountOf(form.min, t('coupon.min')),
      maxUses: whole('uses', 'coupon.uses', 1e9),
      perParty: whole('party', 'coupon.party', 65535), startsAt: 0, listing: 0,
      endsAt: chainS() + whole('days', 'coupon.days', 3650) * 86400 };
    const code = drawCode();
    const { events } = await act(t('coupon.make'), 'market', 'saveCoupon',
      [0, NOBODY, { ...args, signer: addressOf(couponKey(code)) }]);
    keepCode(events.find((x) => x.name === 'CouponSaved').id, code);
    done();
  });
  return html`<form class="form" onSubmit=${send}>
    <${Field} id="kind" label=${t('coupon.kind')}><select id="kind"
      value=${form.kind} onChange=${(e) => set({ ...form,
        kind: e.target.value })}><option value="1">${t('coupon.percent')}
      </option><option value="2">${t('coupon.fixed')}</option></select><//>
    <div class="pair">${input('value', worth)}${input('min', 'coupon.min')}</div>
    <div class="pair">${input('uses', 'coupon.uses')}
      ${input('party', 'coupon.party')}</div>${input('days', 'coupon.days')}
    ${error && html`<${Failure} error=${error} />`}
    <div class="row"><${Submit} busy=${busy}>${t(busy ? 'act.busy'
      : 'coupon.make')}<//><button type="button" onClick=${done}>
      ${t('act.not')}</button></div></form>`;
}

function Coupons({ me }) {
  const list = useList('market_coupons', { seller: me });
  const [making, set] = useState(false);
  const codes = codesOf();
  const row = (c) => ({ key: c.id, cells: [c.id,
    c.kind === 1 ? `${number(c.value / 100)} %`
      : html`<${Money} value=${c.value} token=${c.token} />`,
    html`<${Money} value=${c.minTotal} token=${c.token} />`,
    t('of', { n: number(c.used), all: number(c.maxUses) }),
    html`<${State} word=${c.state} />`, html`<${Until} at=${c.ends} />`,
    codes[c.id] ? html`<span class="hash code">${codes[c.id]}</span>`
      : html`<small>${t('coupon.away')}</small>`,
    c.state === 'active' && html`<${Do} go=${() => act(t('coupon.end'),
      'market', 'endCoupon', [c.id])}>${t('coupon.end')}<//>`] });
  return html`<p>${t('coupon.how')}</p>
    ${making ? html`<${CouponForm} done=${() => set(false)} />`
      : html`<p class="row"><button class="main" type="button"
        onClick=${() => set(true)}>${t('coupon.new')}</button>
        <button type="button" onClick=${() => print()}>${t('print')}</button>
        </p>`}
    <${List} state=${list} caption=${t('sell.coupons')} row=${row}
      columns=${['coupon.id', 'coupon.value', 'coupon.min', 'coupon.used',
        'list.state', 'coupon.until', 'coupon.code', 'sell.acts']}
      empty=${html`<${Empty} title=${t('coupon.none')}>
        ${t('coupon.none.text')}<//>`} />`;
}
export const CouponsPage = () => html`<${Page} title="sell.coupons">
  ${(me) => html`<${Coupons} me=${me} />`}<//>`;

/* --------------------------------------------------------------- reviews */

export function Reply({ review, side = 1 }) {
  const [text, set] = useState('');
  const id = `reply-${review.order}-${side}`;
  return html`<${May} call="market.reply"><details><summary>
      ${t('review.reply')}</summary>
    <${Field} id=${id} label=${t('review.answer')}><textarea id=${id} rows="3"
      value=${text} onInput=${(e) => set(e.target.value)}></textarea><//>
    <${Do} disabled=${!text.trim()} call="market.reply" go=${async () =>
      act(t('review.reply'), 'market', 'reply', [review.order, side,
        await putDocument({ text: text.trim() })])}>${t('review.send')}<//>
  </details><//>`;
}

export const Review = ({ review, mayReply, of }) => html`<article class="review">
  <p class="row"><${Stars} value=${review.stars * 100} />${' '}
    <small><${Party} value=${review.author} />${review.time ? html` · <${Ago}
      ms=${review.time * 1000} />` : ''}</small>${of}</p>
  ${review.text?.text ? html`<p><bdi>${review.text.text}</bdi></p>`
    : html`<p class="quiet">${t('content.missing')}</p>`}
  ${review.reply?.text && html`<blockquote><strong>${t('review.answered')}
    </strong> <bdi>${review.reply.text}</bdi></blockquote>`}
  ${mayReply && !review.reply && html`<${Reply} review=${review}
    side=${review.side === 'seller' || review.side === 2 ? 2 : 1} />`}
</article>`;

function Reviews({ me }) {
  const list = useList('market_reviews', { seller: me });
  const score = useRpc('id_reputation', me).data;
  return html`${list.data?.items.length > 0 && score && html`<p
    data-test="rating">${t('review.all')} <${Stars} value=${score.ratingX100}
    /></p>`}<${List} state=${list} empty=${html`<${Empty}
    title=${t('review.none')} next=${['/orders', 'nav.orders']}>${t(
    'review.none.text')}<//>`}>
    ${(items) => html`<section class="card">${items.map((r) => html`<${Review}
      key=${`${r.order}-${r.side}`} review=${r} mayReply of=${html`<span
      class="end"><${Thing} id=${r.listing} /> · <a href=${`/order/${r.order}`}>
      ${t('order.number', { id: r.order })}</a></span>`} />`)}</section>`}<//>`;
}
export const ReviewsPage = () => html`<${Page} title="sell.reviews">
  ${(me) => html`<${Reviews} me=${me} />`}<//>`;

/* ----------------------------------------------------- where it is shown */

function Posts({ me }) {
  const listings = useList('market_search', { seller: me, sort: 'new' }, 100);
  const platforms = useList('platform_list', {}, 50);
  const [form, set] = useState({ listing: '', platform: '' });
  const pick = (name, rows, say) => html`<${Field} id=${name}
    label=${t(`post.${name}`)}><select id=${name} value=${form[name]}
      onChange=${(e) => set({ ...form, [name]: e.target.value })}>
      <option value="">–</option>${(rows.data?.items ?? []).map((x) => html`
        <option value=${String(x.id)}>${say(x)}</option>`)}</select><//>`;
  const go = (method, key) => () => act(t(key), 'platforms', method,
    [Number(form.listing), [Number(form.platform)]]);
  const ready = form.listing && form.platform;
  const none = !listings.data?.items.length ? ['sell.none', '/sell/new', 'sell.new']
    : !platforms.data?.items.length && ['front.none', '/storefront',
      'nav.storefront'];
  if (!listings.data || !platforms.data) {
    return html`<${Loaded} state=${listings.data ? platforms : listings} />`;
  }
  if (none) {
    return html`<${Empty} title=${t(none[0])} next=${none.slice(1)}>
      ${t('post.how')}<//>`;
  }
  return html`<p>${t('post.how')}</p><div class="form">
    ${pick('listing', listings, (l) => l.document?.title ?? l.title ?? l.id)}
    ${pick('platform', platforms, (p) => `${p.document?.name ?? p.id} · ${
      number(p.feeBps / 100)} %`)}
    <div class="row"><${Do} kind="main" disabled=${!ready}
      go=${go('post', 'post.go')}>${t('post.go')}<//>
    <${Do} disabled=${!ready} go=${go('unpost', 'post.end')}>
      ${t('post.end')}<//></div></div>
    ${form.listing && html`<${Posted} listing=${Number(form.listing)} />`}`;
}
function Posted({ listing }) {
  const list = useList('platform_posts', { listing });
  return html`<${List} state=${list} caption=${t('sell.posts')}
    columns=${['post.platform', 'list.state']} row=${(p) => ({
      key: p.platform, cells: [p.platform, html`<${State} word=${p.state} />`],
    })} empty=${html`<${Notice} title=${t('post.all')} />`} />`;
}
export const PostsPage = () => html`<${Page} title="sell.posts">
  ${(me) => html`<${Posts} me=${me} />`}<//>`;

// goods.js - a listing as people see it: picture, card, stars, price; states
// of records as words with a mark, so that colour is never alone.
import { NOBODY, changed } from './act.js';
import { rpc } from './api.js';
import { Approx } from './approx.js';
import { pictureUrl } from './content.js';
import { date, number, short, until } from './format.js';
import { has, keysOf, t } from './i18n.js';
import { links } from './links.js';
import { Money } from './money.js';
import { useClock, useLoad } from './signal.js';
import { html } from './ui.js';

export const UNLIMITED = 4294967295;
export const KINDS = { 1: 'physical', 2: 'digital', 3: 'service',
  4: 'voucher' };

export const titleOf = (listing) => listing.document?.title || listing.title
  || t('goods.nameless', { id: listing.id });

// Pictures of strangers are only ever images of our own origin.
export function Picture({ hash, alt = '', size = 64 }) {
  const url = pictureUrl(hash);
  return url ? html`<img class="picture" src=${url} alt=${alt} width=${size}
    height=${size} loading="lazy" decoding="async" />`
    : html`<span class="picture none" aria-hidden="true"></span>`;
}

// brief: one star and the number, for tables.
export function Stars({ value, count, brief }) {
  if (!value) {
    return brief ? '–' : html`<span class="quiet">${t('goods.unrated')}</span>`;
  }
  if (brief) {
    return html`<span class="stars"><span aria-hidden="true">★ ${number(value
      / 100)}</span><span class="away">${t('goods.stars', { n: number(value
      / 100) })}</span></span>`;
  }
  return html`<span class="stars"><span aria-hidden="true">${'★'.repeat(
    Math.round(value / 100))}${'☆'.repeat(5 - Math.round(value / 100))}</span>
    <span> ${t('goods.stars', { n: number(value / 100) })}${count
      ? ` (${number(count)})` : ''}</span></span>`;
}

const GOOD = ['active', 'paid', 'completed', 'released', 'open', 'shown',
  'finished', 'settled', 'taken'];
const BAD = ['cancelled', 'expired', 'closed', 'disputed', 'suspended',
  'pastDue', 'lapsed', 'revoked', 'declined', 'failed', 'dropped'];
export function State({ word }) {
  const kind = GOOD.includes(word) ? 'good' : BAD.includes(word) ? 'bad' : '';
  return html`<span class="state ${kind}" data-state=${word}>
    <span aria-hidden="true">${kind === 'good' ? '●' : kind === 'bad' ? '○'
      : '◐'}</span> ${has(`state.${word}`) ? t(`state.${word}`) : word}</span>`;
}

export function Until({ at }) {
  const now = useClock(30000);
  return at ? html`<time datetime=${new Date(at * 1000).toISOString()}
    title=${date(at)}>${until(at, now / 1000)}</time>` : '–';
}

// Categories have names in the strings, or on the chain.
export const usualCategories = () => keysOf('category.').map((key) =>
  key.slice('category.'.length));
export function useCategories() {
  const { data } = useLoad(() => rpc('platform_categories', {}), []);
  return new Map((data?.items ?? []).map((c) => [c.code, c.name]));
}
// The codes of those that a storefront has to accept by name (flag 1).
export const useRestricted = () => {
  const { data } = useLoad(() => rpc('platform_categories', { limit: 200 }), []);
  return (data?.items ?? []).filter((c) => c.categoryFlags & 1)
    .map((c) => c.code);
};
export const categoryName = (code, names) => has(`category.${code}`)
  ? t(`category.${code}`) : names.get(code) ?? t('buy.category', { code });

export const stockText = (n) => n === UNLIMITED ? t('goods.plenty')
  : n === 0 ? t('goods.sold.out') : t('goods.left', { n: number(n) });

export const Price = ({ listing, value = listing.price }) => html`<${Money}
  value=${value} token=${listing.token ?? NOBODY} /><${Approx} value=${value}
  token=${listing.token ?? NOBODY} />`;

// A card that leads to the listing; by: who sells it is told.
export const Card = ({ listing, href = links.listing(listing.id), by }) => html`
  <article class="goods" data-test="card"><a href=${href}>
    <${Picture} hash=${listing.document?.images?.[0]} size=${200} />
    ${listing.stock === 0 && html`<span class="flag">${t('goods.sold.out')}
      </span>`}
    <strong class="name"><bdi>${titleOf(listing)}</bdi></strong></a>
    ${by && html`<p class="quiet by"><${Party} value=${listing.seller} /></p>`}
    <p class="row between"><span class="price"><${Price} listing=${listing} />
      </span>${listing.rating > 0
        && html`<${Stars} value=${listing.rating} brief />`}</p>
  </article>`;

// A listing of which the number is known alone, by its title.
const titles = new Map();
const titleFor = (id) => {
  if (!titles.has(id)) {
    titles.set(id, rpc('market_get', id).then((l) => l && titleOf(l),
      () => null));
  }
  return titles.get(id);
};
export function Thing({ id }) {
  const { data } = useLoad(() => titleFor(id), [id]);
  return html`<a href=${links.listing(id)}><bdi>${data
    ?? t('goods.nameless', { id })}</bdi></a>`;
}

// Somebody by the name he gave himself; what leads to his page.
const names = new Map();
changed.watch(() => names.clear());
export const nameOf = (address) => {
  if (!names.has(address)) {
    names.set(address, rpc('id_get', address).then((who) =>
      who?.document?.name || who?.handle || null, () => null));
  }
  return names.get(address);
};
export function Party({ value, plain }) {
  const { data } = useLoad(() => nameOf(value), [value]);
  const href = plain ? null : links.party(value);
  const name = data ? html`<bdi>${data}</bdi>`
    : html`<span class="hash">${short(value)}</span>`;
  return href ? html`<a href=${href} title=${value}>${name}</a>`
    : html`<span title=${value}>${name}</span>`;
}

// links.js - where pages lead to.  The public shop (shop.js) has places of its
// own for some, and none (null) for others.
export const links = {
  listing: (id) => `/listing/${id}`,
  order: (id) => `/order/${id}`,
  party: (address) => `/party/${address}`,
  tx: (hash) => `/tx/${hash}`,
  edit: (id) => `/sell/listing/${id}`,
  buy: '/buy', buyTitle: 'nav.buy',
  cart: '/cart',
  purchases: '/purchases',
  login: '/login',
  shop: null, // the public shop that this page belongs to
};

// router.js - pages by path: rows of { path: '/block/:id', page }.
import { signal } from './signal.js';

export const route = signal(location.pathname);
export const query = signal(location.search);
const look = () => {
  route.set(location.pathname);
  query.set(location.search);
};
addEventListener('popstate', look);

export function go(path) {
  if (path !== location.pathname + location.search) {
    history.pushState(null, '', path);
  }
  look();
  scrollTo(0, 0);
}

// For <a href> below base: the browser's own way for new tabs, ours for a plain
// click.
export function follow(event, base = '/') {
  const a = event.target.closest?.('a[href^="/"]');
  if (!a || event.defaultPrevented || event.button !== 0 || event.metaKey
    || event.ctrlKey || event.shiftKey || a.target || a.hasAttribute('download')
    || !a.getAttribute('href').startsWith(base)) return;
  event.preventDefault();
  go(a.getAttribute('href'));
}

export function match(rows, path) {
  for (const row of rows) {
    const want = row.path.split('/');
    const have = path.replace(/\/+$/, '').split('/');
    if (row.path === '/' ? path !== '/' : want.length !== have.length) continue;
    const params = {};
    if (want.every((w, i) => w[0] === ':'
      ? (params[w.slice(1)] = decodeURIComponent(have[i] ?? ''))
      : row.path === '/' || w === have[i])) return { row, params };
  }
  return null;
}

// router.js - pages by path: rows of { path: '/block/:id', page }.
import { signal } from './signal.js';

export const route = signal(location.pathname);
export const query = signal(location.search);
// Below which page of the menu the open one is, where only what it shows tells.
export const below = signal(null);
const look = () => {
  route.set(location.pathname);
  query.set(location.search);
};
// Who goes back finds the place again from which he left.
addEventListener('popstate', (e) => {
  look();
  const y = e.state?.y ?? 0;
  requestAnimationFrame(() => requestAnimationFrame(() => scrollTo(0, y)));
});

export function go(path) {
  if (path !== location.pathname + location.search) {
    history.replaceState({ ...history.state, y: scrollY }, '');
    history.pushState(null, '', path);
  }
  look();
  scrollTo(0, 0);
}

// What a page was asked for stands in its address, so that it is found again by
// the back button, a new load, a link: { name: value, or undefined for none }.
export function ask(values) {
  const given = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === '' || value === false) given.delete(name);
    else given.set(name, value === true ? '1' : value);
  }
  const search = given.toString();
  history.replaceState(history.state, '',
    location.pathname + (search && `?${search}`));
  look();
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

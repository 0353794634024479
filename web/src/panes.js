// panes.js - parts of one page of which one is shown: tabs by the pattern of
// ARIA (arrows, Home and End go round, the tab of the page's address is open).
import { useRef } from 'preact/hooks';
import { t } from './i18n.js';
import { query } from './router.js';
import { useSignal } from './signal.js';
import { html } from './ui.js';

const NAME = 'tab';
const chosen = (search) => new URLSearchParams(search).get(NAME);
function choose(id) {
  const all = new URLSearchParams(location.search);
  all.set(NAME, id);
  history.replaceState(null, '', `${location.pathname}?${all}`);
  query.set(location.search);
}

// rows: [id, key of its text, content()], those that are false left out.
export function Panes({ label, rows }) {
  const list = useRef();
  const wanted = chosen(useSignal(query));
  const open = rows.filter(Boolean);
  const at = Math.max(0, open.findIndex(([id]) => id === wanted));
  const walk = (e) => {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0,
      End: open.length - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    const i = (to + open.length) % open.length;
    choose(open[i][0]);
    list.current.children[i].focus();
  };
  return html`<div class="panes" role="tablist" aria-label=${label} ref=${list}
      onKeyDown=${walk}>${open.map(([id, key], i) => html`<button type="button"
      role="tab" id=${`tab-${id}`} data-test=${`tab-${id}`}
      aria-selected=${String(i === at)} aria-controls=${`pane-${id}`}
      tabindex=${i === at ? 0 : -1} onClick=${() => choose(id)}>${t(key)}
      </button>`)}</div>
    ${open.map(([id, , content], i) => html`<div role="tabpanel" key=${id}
      id=${`pane-${id}`} aria-labelledby=${`tab-${id}`} hidden=${i !== at}>
      ${i === at && content()}</div>`)}`;
}

// demo.js - the button that fills an empty development chain with the demo
// shop, and how far that is.
import { changed } from './act.js';
import { status } from './acting.js';
import { rpc } from './api.js';
import { inWords } from './fault.js';
import { t } from './i18n.js';
import { signal, useSignal } from './signal.js';
import { Meter, Notice, html } from './ui.js';

const LOOK_MS = 300;
const state = signal(null); // { day, days, done } or { error }

async function load() {
  try {
    do {
      state.set(await rpc('dev_loadDemoShop'));
      await new Promise((resolve) => { setTimeout(resolve, LOOK_MS); });
    } while (!state.value.done);
  } catch (e) { state.set({ error: inWords(e) }); }
  changed.set(changed.value + 1);
}

// offer: there is nothing here yet; else only what goes on is shown.
export function DemoShop({ offer }) {
  const now = useSignal(state);
  const dev = useSignal(status)?.dev;
  if (!dev || (!now && !offer)) return null;
  if (!now) {
    return html`<p class="row" data-test="demo"><button type="button"
      onClick=${load}>${t('demo.load')}</button>
      <small>${t('demo.what')}</small></p>`;
  }
  if (now.error) {
    return html`<${Notice} kind="error" title=${t('demo.not')}>
      <bdi>${now.error}</bdi><//>`;
  }
  return now.done ? html`<${Notice} kind="good" title=${t('demo.done')}>
      <p>${t('demo.next')}</p><//>`
    : html`<div class="card" data-test="demo-loading" role="status">
      <${Meter} value=${now.day} max=${now.days} label=${t('demo.loading')}
        text=${t('demo.day', { day: now.day, days: now.days })} /></div>`;
}

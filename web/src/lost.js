// lost.js - the node is away: said on every page, what is shown is greyed.
import { useEffect, useState } from 'preact/hooks';
import { live } from './api.js';
import { t } from './i18n.js';
import { useSignal } from './signal.js';
import { Ago, Notice, html } from './ui.js';

const GRACE_MS = 2000;

// When it went away, a moment ago at least; null while it is here.
export function useLost() {
  const { connected, since } = useSignal(live);
  const [lost, set] = useState(null);
  useEffect(() => {
    if (connected) { set(null); return undefined; }
    const id = setTimeout(() => set(since),
      Math.max(0, since + GRACE_MS - Date.now()));
    return () => clearTimeout(id);
  }, [connected, since]);
  return lost;
}

export const Lost = ({ since }) => html`<${Notice} kind="error"
  title=${t('lost.title')}>${t('lost.text')} ${t('lost.since')}
  ${' '}<${Ago} ms=${since} />.<//>`;

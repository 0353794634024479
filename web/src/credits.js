// credits.js - what an account may use of the chain, as a meter.
import { live, rpc } from './api.js';
import { about, number } from './format.js';
import { t } from './i18n.js';
import { useLoad, useSignal } from './signal.js';
import { Meter, html } from './ui.js';

const TRANSFER = 21_000 + 8 * 110; // what a plain one reserves, multiplier 1

// A multiplier of 2^-16 units, as people say it.
const times = (m) => number(Math.round(Number(m) / 655.36) / 100);

// null where the chain counts none: then nothing limits its users.
export function useCredits(address) {
  const { height } = useSignal(live);
  return useLoad(async () => {
    if (!address) return null;
    try { return await rpc('cm_credits', address); }
    catch (e) { if (/credits are off/.test(e.message)) return null; throw e; }
  }, [address, height]);
}

function refill(credits) {
  if (credits.fullIn === null) return t('credits.never');
  const hours = Number(credits.fullIn) / 3600;
  return hours === 0 ? t('credits.full')
    : t('credits.refill', { hours: number(Math.ceil(hours)) });
}

export function Credits({ address }) {
  const { data } = useCredits(address);
  if (!data) return null;
  const all = Number(data.capacity) + Number(data.baseAllowance);
  const has = Number(data.available);
  const per = TRANSFER * Number(data.multiplier) / 65536;
  return html`<section class="credits" data-test="credits">
    <${Meter} label=${t('credits.title')} value=${has} max=${all}
      text=${t('credits.of', { has: about(has), all: about(all) })} />
    <p>${t('credits.enough', { n: about(Math.floor(has / per)) })}
      ${' '}${refill(data)}
      ${data.multiplier !== '0x10000' && html` ${t('credits.busy',
        { m: times(data.multiplier) })}`}</p>
    ${(all === 0 || has < per) && html`<p>${t('credits.ways')}</p>`}
  </section>`;
}

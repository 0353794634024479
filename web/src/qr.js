// qr.js - a QR code as a drawing, with its text beside for who cannot scan.
import { encode } from 'uqr';
import { t } from './i18n.js';
import { Copy, html } from './ui.js';

// Whether a link leads to this machine from others too.
const near = (text) => /^https?:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])[:/]/
  .test(text);

export function Qr({ text, label }) {
  const { data, size } = encode(text, { ecc: 'M', border: 2 });
  const path = data.flatMap((row, y) => row.map((on, x) =>
    on ? `M${x} ${y}h1v1h-1z` : '')).join('');
  return html`<figure class="qr"><svg viewBox=${`0 0 ${size} ${size}`}
      role="img" aria-label=${label} shape-rendering="crispEdges">
      <rect width=${size} height=${size} fill="#fff" />
      <path d=${path} fill="#000" /></svg>
    <figcaption><span class="hash">${text}</span> <${Copy} text=${text} />
      <small class="quiet">${t('qr.or')}</small>
      ${near(text) && html`<small class="near" data-test="near">${t('qr.near')}
        </small>`}</figcaption></figure>`;
}

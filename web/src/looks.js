// looks.js - how pages look on this browser: theme and language.
import { useEffect, useState } from 'preact/hooks';
import { language, languages, setLanguage, t } from './i18n.js';
import { html } from './ui.js';

function Theme() {
  const [theme, set] = useState(localStorage.getItem('theme') ?? 'auto');
  useEffect(() => {
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    localStorage.setItem('theme', theme);
  }, [theme]);
  return html`<label>${t('theme.label')}
    <select value=${theme} onChange=${(e) => set(e.target.value)}>
      ${['auto', 'light', 'dark'].map((v) => html`
        <option value=${v}>${t(`theme.${v}`)}</option>`)}</select></label>`;
}

function Language({ redraw }) {
  const change = async (name) => {
    await setLanguage(name);
    localStorage.setItem('language', name);
    redraw();
  };
  return html`<label>${t('language.label')}
    <select value=${language()} onChange=${(e) => change(e.target.value)}>
      ${!(language() in languages) && html`<option value=${language()}>
        ${language()}</option>`}${Object.entries(languages).map(([id, name]) => html`
        <option value=${id}>${name}</option>`)}</select></label>`;
}

// redraw: what shows the page in the new language.
export const Looks = ({ redraw }) => html`<${Theme} />
  <${Language} redraw=${redraw} />`;

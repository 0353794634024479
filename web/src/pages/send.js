// send.js - send CMT or a token from a key of the node (with its password) or from
// a wallet of the browser; what was sent stays in sight (act.js).
import { useState } from 'preact/hooks';
import { encodeCall } from '../abi.js';
import { NOBODY, track } from '../act.js';
import { api, live, rpc } from '../api.js';
import { checksum, isAddress, short } from '../format.js';
import { Credits } from '../credits.js';
import { inWords } from '../fault.js';
import { t } from '../i18n.js';
import { MoneyTabs } from '../list.js';
import { erc20, money, parse, useTokens } from '../money.js';
import { balanceOf, useCoins } from '../purse.js';
import { useLoad, useSignal } from '../signal.js';
import { Empty, Failure, Field, Notice, Skeleton, Submit, html }
  from '../ui.js';
import { accountsOf, sendBy, useNetwork, wallets } from '../wallet.js';

const SAFE = { password: 'send.e.password', refused: 'send.e.refused',
  busy: 'send.e.busy', forbidden: 'send.e.forbidden' };

// The accounts to send from: the node's keys, then each wallet's.
function useSources() {
  const found = useSignal(wallets);
  const status = useLoad(() => api('/api/status'), []);
  const keys = useLoad(async () => {
    try { return (await api('/api/keys')).keys; }
    catch (e) { if (e.code === 'forbidden') return []; throw e; }
  }, []);
  const sources = (keys.data ?? []).map((address) =>
    ({ id: address, address, label: checksum(address) }))
    .concat(found.map((w) => ({ id: w.info.uuid, wallet: w,
      label: w.info.name })));
  return { sources, status, keys };
}

// What is wrong with which field, and the amount in the token's units.
function check(form, token) {
  const wrong = {};
  if (!isAddress(form.to.trim())) wrong.to = t('send.bad.to');
  const value = parse(form.amount, token);
  if (value === null) wrong.amount = t('send.bad.amount');
  if (form.data && !/^0x([0-9a-fA-F]{2})*$/.test(form.data.trim())) {
    wrong.data = t('send.bad.data');
  }
  return { wrong, value };
}

// A token moves by a call of its contract, without CMT.
const callOf = (form, token, amount) => token.address === NOBODY
  ? { to: form.to.trim(), value: amount, data: form.data.trim() || undefined }
  : { to: token.address, value: 0n, data: encodeCall(erc20[3],
    [form.to.trim(), amount]) };

async function submit(source, form, { to, value, data }, chainId) {
  if (await rpc('eth_syncing')) throw new Error(t('sync.blocks'));
  if (!source.wallet) {
    const body = { from: source.address, to, value: value.toString(),
      password: form.password };
    if (data) body.data = data;
    return (await api('/api/send', body)).hash;
  }
  await useNetwork(source.wallet, chainId);
  const [from] = await accountsOf(source.wallet);
  const tx = { from, to, value: `0x${value.toString(16)}` };
  if (data) tx.data = data;
  return sendBy(source.wallet, tx);
}

export function Send() {
  const { sources, status, keys } = useSources();
  const [form, set] = useState({ from: '', to: '', amount: '', data: '',
    password: '', token: NOBODY });
  const [wrong, setWrong] = useState({});
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  const { height } = useSignal(live);
  const source = sources.find((s) => s.id === form.from) ?? sources[0];
  const coins = useCoins(source?.address);
  const tokens = useTokens(coins);
  const token = tokens?.get(form.token);
  const balance = useLoad(async () => source?.address
    ? balanceOf(source.address, form.token) : null,
  [source?.address, form.token, height]);
  const head = html`<h1>${t('nav.send')}</h1><${MoneyTabs} />`;
  if (keys.error) return html`${head}<${Failure} ...${keys} />`;
  if (!keys.data || !status.data || !token) return html`${head}
    <${Skeleton} rows=${5} />`;
  if (!sources.length) return html`${head}
    <${Empty} title=${t('send.none')}>${t(status.data.keysUsable
      ? 'send.make' : 'send.away')}${' '}${status.data.keysUsable && html`
      <a class="button main" href="/keys">${t('keys.title')}</a>`}<//>`;
  const put = (name) => (e) => set({ ...form, [name]: e.target.value });
  const send = async (event) => {
    event.preventDefault();
    const { wrong: bad, value } = check(form, token);
    setWrong(bad);
    setError(null);
    if (Object.keys(bad).length) return;
    setBusy(true);
    try {
      const hash = await submit(source, form, callOf(form, token, value),
        status.data.chainId);
      track(t('send.what', { amount: money(value, token),
        to: short(form.to.trim()) }), hash);
      set({ ...form, amount: '', data: '', password: '' });
    } catch (e) { setError(e); }
    setBusy(false);
  };
  const input = (name, rest) => html`<input id=${name} name=${name}
    value=${form[name]} onInput=${put(name)} autocomplete="off"
    spellcheck=${false} aria-invalid=${wrong[name] ? 'true' : null}
    aria-describedby=${wrong[name] ? `${name}-error` : null} ...${rest} />`;
  return html`${head}
    <form class="form" onSubmit=${send} novalidate>
      <${Field} id="from" label=${t('send.from')}
        hint=${typeof balance.data === 'bigint' ? t('send.has', { amount: money(
          balance.data, token, 6) }) : source.wallet ? t('send.wallet') : null}>
        <select id="from" value=${source.id} onChange=${put('from')}>
          ${sources.map((s) => html`<option value=${s.id}>${s.label}</option>`)}
        </select><//>
      ${source.address && html`<${Credits} address=${source.address} />`}
      <${Field} id="to" label=${t('send.to')} error=${wrong.to}>
        ${input('to', { placeholder: '0x…' })}<//>
      <div class="pair"><${Field} id="amount" label=${t('send.amount')}
          error=${wrong.amount} hint=${t('send.free')}>
        ${input('amount', { inputmode: 'decimal', placeholder: '0.0' })}<//>
      ${coins.length > 1 && html`<${Field} id="token" label=${t('send.token')}>
        <select id="token" value=${form.token} onChange=${put('token')}>
          ${coins.map((c) => html`<option value=${c}>${tokens.get(c)?.symbol}
            </option>`)}</select><//>`}</div>
      ${form.token === NOBODY && html`<details><summary>${t('send.more')}
        </summary><${Field} id="data" label=${t('send.data')}
          error=${wrong.data}>${input('data', { placeholder: '0x' })}<//>
        </details>`}
      ${!source.wallet && !status.data.dev && html`<${Field} id="password"
        label=${t('send.password')}>${input('password',
          { type: 'password', autocomplete: 'current-password' })}<//>`}
      ${error && html`<${Notice} kind="error" title=${t('send.not')}>
        <p><bdi>${inWords(error)}</bdi></p>
        <p>${t(SAFE[error.code] ?? 'send.e.other')}</p><//>`}
      <${Submit} busy=${busy}>${t(busy ? 'send.busy' : 'send.go')}<//>
    </form>`;
}

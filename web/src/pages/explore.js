// explore.js - the chain beyond its blocks: tokens that were moved and one of
// them, names, contracts, what waits in the pool, charts over the newest blocks.
import { useState } from 'preact/hooks';
import { readCall } from '../abi.js';
import { live, rpc, rpcAll } from '../api.js';
import { abiOf, aboutToken, callView, tokenRow } from '../contracts.js';
import { inWords } from '../fault.js';
import { bytes, checksum, duration, inCmt, isAddress, number, units }
  from '../format.js';
import { State } from '../goods.js';
import { t } from '../i18n.js';
import { Choice, Find, List, useList, useRpc } from '../list.js';
import { modules } from '../modules.js';
import { ask, query } from '../router.js';
import { useLoad, useSignal } from '../signal.js';
import { Address, Copy, Empty, Facts, Field, Hash, Loaded, Meter, Submit,
  Table, html } from '../ui.js';
import { BlockPlot } from '../chain_plots.js';
import { useRecent } from '../recent.js';
import { ExploreTabs } from './blocks.js';

/* ------------------------------------------------------------------- logs */

const MOVED = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';
const ONE = '0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62';
const MANY = '0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb';
const SPAN = 5000; // blocks looked through at once, fewer where that is too many
const TOO_MUCH = -32005;
const hex = (n) => `0x${n.toString(16)}`;

// Logs of blocks from - SPAN + 1 to from, newest first, and where they begin.
async function logsBefore(filter, from) {
  for (let span = SPAN; ; span = Math.ceil(span / 4)) {
    const first = Math.max(0, from - span + 1);
    try {
      const logs = await rpc('eth_getLogs', { ...filter, fromBlock: hex(first),
        toBlock: hex(from) });
      return { logs: logs.reverse(), first };
    } catch (e) {
      if (e.code !== TOO_MUCH || span === 1) throw e;
    }
  }
}

// The newest, and with more() those before: { data: { logs, first }, more }.
function useLogs(filter, height) {
  const [windows, set] = useState(1);
  const key = JSON.stringify(filter);
  const state = useLoad(async () => {
    if (height === null) return undefined;
    let logs = [], first = height + 1;
    for (let i = 0; i < windows && first > 0; i++) {
      const part = await logsBefore(filter, first - 1);
      logs = logs.concat(part.logs);
      first = part.first;
    }
    return { logs, first };
  }, [key, height, windows]);
  return { ...state, more: () => set((n) => n + 1) };
}

const More = ({ state }) => state.data.first > 0 && html`<p class="paging">
  <button type="button" disabled=${state.loading} onClick=${state.more}>
    ${t('explore.back')}</button>
  <span class="quiet">${t('explore.since', { n: number(state.data.first) })}
  </span></p>`;

/* ----------------------------------------------------------------- tokens */

const kindOfLog = (log) => log.topics[0] !== MOVED ? 'ERC-1155'
  : log.topics.length === 4 ? 'ERC-721' : 'ERC-20';

// Addresses of what was moved: { address, kind, moves, block }.
function seen(logs) {
  const by = new Map();
  for (const log of logs) {
    if (log.topics[0] === MOVED && log.topics.length < 3) continue;
    const one = by.get(log.address) ?? { address: log.address, moves: 0,
      kind: kindOfLog(log), block: Number(log.blockNumber) };
    one.moves++;
    by.set(log.address, one);
  }
  return [...by.values()];
}

function TokenName({ address }) {
  const { data } = useLoad(() => aboutToken(address), [address]);
  const href = `/token/${checksum(address)}`;
  return html`<a href=${href}>${data ? html`<bdi>${data.name ?? data.symbol}
    ${data.symbol && data.name ? ` (${data.symbol})` : ''}</bdi>`
    : html`<span class="hash">${checksum(address).slice(0, 10)}…</span>`}</a>`;
}

// The height when the page was opened.
function useOpened() {
  const { height } = useSignal(live);
  const [at, look] = useState(null);
  if (at === null && height !== null) look(height);
  return at;
}

export function Tokens() {
  const at = useOpened();
  const state = useLogs({ topics: [[MOVED, ONE, MANY]] }, at);
  return html`<h1>${t('tokens.title')}</h1><${ExploreTabs} />
    <p class="quiet">${t('tokens.text')}</p>
    <${Loaded} state=${state} rows=${6}>${(data) => {
      const list = seen(data.logs);
      return html`${list.length ? html`<${Table} caption=${t('tokens.title')}
          columns=${['address.token', 'tokens.kind', 'tokens.moves',
            'tokens.last', 'address.contract']}
          rows=${list.map((s) => ({ key: s.address, cells: [
            html`<${TokenName} address=${s.address} />`, s.kind,
            number(s.moves), html`<a href=${`/block/${s.block}`}>
              ${number(s.block)}</a>`, html`<${Address} value=${s.address} />`,
          ] }))} />`
        : html`<${Empty} title=${t('tokens.none')}
          next=${['/blocks', 'nav.explore']}>${t('tokens.none.text')}<//>`}
        <${More} state=${state} />`;
    }}<//>`;
}

/* -------------------------------------------------------------- one token */

const IDS = { 'ERC-721': '0x80ac58cd', 'ERC-1155': '0xd9b67a26' };
async function kindOf(address, about) {
  for (const [kind, id] of Object.entries(IDS)) {
    const [is] = await callView(address, tokenRow('supportsInterface'), [id])
      .catch(() => [false]);
    if (is === true) return kind;
  }
  return about?.decimals != null || about?.supply != null ? 'ERC-20' : null;
}

const wordAddress = (topic) => `0x${topic.slice(26)}`;
const word = (data, i) => BigInt(`0x${data.slice(2 + i * 64, 66 + i * 64)
  || '0'}`);
// { from, to, id, amount } of a log; of MANY only that several were moved.
function moved(log) {
  const [what, a, b, c] = log.topics;
  if (what === MOVED) {
    return { from: wordAddress(a), to: wordAddress(b),
      ...(c ? { id: BigInt(c) } : { amount: word(log.data, 0) }) };
  }
  return { from: wordAddress(b), to: wordAddress(c), ...(what === ONE
    ? { id: word(log.data, 0), amount: word(log.data, 1) } : { several: true }) };
}
const what = (m, token) => [
  m.several && t('tokens.several'),
  m.id !== undefined && t('tokens.id', { id: m.id }),
  m.amount !== undefined && `${units(m.amount, token?.decimals ?? 0)}${
    token?.symbol ? ` ${token.symbol}` : ''}`].filter(Boolean).join(', ');

const NOBODY = `0x${'0'.repeat(40)}`;
const Party = ({ value }) => value === NOBODY ? t('tokens.nobody')
  : html`<${Address} value=${value} brief />`;

function Transfers({ address, token }) {
  const { height } = useSignal(live);
  const state = useLogs({ address, topics: [[MOVED, ONE, MANY]] }, height);
  return html`<h2>${t('tokens.transfers')}</h2>
    <${Loaded} state=${state} rows=${5}>${(data) => {
      const list = data.logs.filter((l) => l.topics.length > 2);
      return html`${list.length ? html`<${Table}
          caption=${t('tokens.transfers')} columns=${['tx.hash',
            'block.number', 'tx.from', 'tx.to', 'tokens.what']}
          rows=${list.slice(0, 100).map((log) => {
            const m = moved(log);
            return { key: `${log.transactionHash}${log.logIndex}`, cells: [
              html`<${Hash} brief value=${log.transactionHash}
                to=${`/tx/${log.transactionHash}`} />`,
              html`<a href=${`/block/${Number(log.blockNumber)}`}>
                ${number(log.blockNumber)}</a>`,
              html`<${Party} value=${m.from} />`, html`<${Party}
                value=${m.to} />`, html`<bdi>${what(m, token)}</bdi>`] };
          })} />` : html`<${Empty} title=${t('tokens.quiet')} />`}
        <${More} state=${state} />`;
    }}<//>`;
}

const BALANCE_OF = { type: 'function', name: 'balanceOf', inputs: [
  { type: 'address', name: 'account' }, { type: 'uint256', name: 'id' }],
outputs: [{ type: 'uint256', name: '' }] };

// Who holds how much: by address, with a number for ERC-1155, or by number.
function Holder({ address, kind, token }) {
  const [state, set] = useState({});
  const look = async (e) => {
    e.preventDefault();
    const { who, id } = e.target.elements;
    const holder = who.value.trim(), number1 = id?.value.trim();
    set({ busy: true });
    try {
      if (kind === 'ERC-721' && number1) {
        const [owner] = await callView(address, tokenRow('ownerOf'), [number1]);
        set({ owner });
        return;
      }
      if (!isAddress(holder)) throw new Error(t('send.bad.to'));
      const [n] = kind === 'ERC-1155'
        ? await callView(address, BALANCE_OF, [holder, number1 || '0'])
        : await callView(address, tokenRow('balanceOf'), [holder]);
      set({ text: kind === 'ERC-20' ? `${units(n, token?.decimals ?? 0)} ${
        token?.symbol ?? ''}` : number(n) });
    } catch (x) { set({ error: inWords(x) }); }
  };
  return html`<section class="card" data-test="holder">
    <h2>${t('tokens.holder')}</h2><form onSubmit=${look}><div class="pair">
      <${Field} id="who" label=${t('address.title')}><input id="who" name="who"
        autocomplete="off" spellcheck=${false} placeholder="0x…"
        required=${kind !== 'ERC-721'} /><//>
      ${kind !== 'ERC-20' && html`<${Field} id="token-id"
        label=${t('tokens.number')} hint=${kind === 'ERC-721'
          ? t('tokens.number.hint') : null}><input id="token-id" name="id"
          inputmode="numeric" autocomplete="off" aria-describedby=${kind
          === 'ERC-721' ? 'token-id-hint' : null} /><//>`}</div>
      <${Submit} busy=${state.busy}>${t('tokens.look')}<//>
      <div aria-live="polite">${state.error && html`<p class="wrong">
          <bdi>${state.error}</bdi></p>`}
        ${state.text && html`<p class="big" data-test="holds"><bdi>${state.text}
          </bdi></p>`}
        ${state.owner && html`<p>${t('tokens.owner')} <${Address}
          value=${state.owner} full /></p>`}</div></form></section>`;
}

export function Token({ address: path }) {
  const state = useLoad(async () => {
    if (!isAddress(path)) return null;
    const about = await aboutToken(path);
    return { about, kind: await kindOf(path, about) };
  }, [path]);
  const address = isAddress(path) ? checksum(path) : path;
  const { about, kind } = state.data ?? {};
  return html`<h1>${about?.name ? html`<bdi>${about.name}</bdi>`
      : t('address.token')}</h1>
    <p class="hash">${address} <${Copy} text=${address} /></p>
    <${Loaded} state=${state}>${(data) => data === null || !data.kind
      ? html`<${Empty} title=${t('tokens.not')}>${t('tokens.not.text')}${' '}
        <a href=${`/address/${address}`}>${t('address.title')}</a><//>`
      : html`<div class="beside"><div><${Facts} rows=${[
          ['tokens.kind', kind],
          ['tokens.symbol', about?.symbol && html`<bdi>${about.symbol}</bdi>`],
          ['tokens.decimals', kind === 'ERC-20' && about ? about.decimals : null],
          ['address.supply', about?.supply != null ? html`<bdi data-test="supply">
            ${units(about.supply, kind === 'ERC-20' ? about.decimals ?? 0 : 0)}
            </bdi>` : null],
          ['address.contract', html`<${Address} value=${address} />`]]} />
        <${Transfers} address=${address} token=${about} /></div>
        <${Holder} address=${address} kind=${kind} token=${about} /></div>`}<//>`;
}

/* ------------------------------------------------------------------ names */

const KINDS = { 1: 'id.person', 2: 'id.firm' };
const WHOSE = ['', '1', '2'];

export function Names() {
  const given = new URLSearchParams(useSignal(query));
  const form = { q: given.get('q') ?? '', kind: WHOSE.find((k) =>
    k === given.get('kind')) ?? '' };
  const people = useList('id_list', { ...(form.q && { q: form.q }),
    ...(form.kind && { kind: Number(form.kind) }) });
  const fronts = useList('platform_list', form.q ? { q: form.q } : {});
  return html`<h1>${t('names.title')}</h1><${ExploreTabs} />
    <p class="quiet">${t('names.text')}</p>
    <div class="bar"><${Find} label=${t('list.find')} title=${t('names.title')}
        value=${form.q} set=${(q) => ask({ q })} key=${form.q} />
      <${Choice} id="kind" label=${t('id.kind')} value=${form.kind}
        set=${(kind) => ask({ kind })} rows=${WHOSE.map((k) => [k,
          t(KINDS[k] ?? 'list.all')])} /></div>
    <h2>${t('names.people')}</h2>
    <${List} state=${people} caption=${t('names.people')}
      columns=${['id.name', 'names.handle', 'id.kind', 'list.state',
        'address.title']} row=${(p) => ({ key: p.anchor, cells: [
        html`<a href=${`/party/${checksum(p.anchor)}`}><bdi>${p.document?.name
          || p.handle || '–'}</bdi></a>`,
        p.handle ? html`<bdi>${p.handle}</bdi>` : '–',
        KINDS[p.kind] ? t(KINDS[p.kind]) : '–', html`<${State} word=${p.state} />`,
        html`<${Address} value=${p.anchor} />`] })}
      empty=${html`<${Empty} title=${t('names.none')}>${t('names.none.text')}
        ${' '}<a href="/identity">${t('nav.identity')}</a><//>`} />
    <h2>${t('names.fronts')}</h2>
    <${List} state=${fronts} caption=${t('names.fronts')}
      columns=${['front.name', 'front.fee', 'list.state', 'names.operator']}
      row=${(p) => ({ key: p.id, cells: [
        html`<a href=${`/buy?platform=${p.id}`}><bdi>${p.document?.name
          || `#${p.id}`}</bdi></a>`, `${number(p.feeBps / 100)} %`,
        html`<${State} word=${p.state} />`, html`<${Address}
          value=${p.operator} />`] })}
      empty=${html`<${Empty} title=${t('front.none')} next=${['/storefront',
        'front.new']}>${t('front.first')}<//>`} />`;
}

/* ------------------------------------------------------------------- pool */

// Words for each call, by what is known of its contract.
async function named(items) {
  const calls = await Promise.all(items.map(async (i) => i.to
    && i.input.length >= 10 ? readCall((await abiOf(i.to)).abi, i.input) : null));
  return items.map((item, i) => ({ ...item, call: calls[i] }));
}

const callOf = (i) => !i.to ? t('tx.creates') : i.call
  ? html`<code>${i.call.name}</code>` : i.input === '0x' ? t('pool.payment')
    : html`<code>${i.input.slice(0, 10)}</code>`;

const WAITS = { turn: 'pool.turn', gap: 'pool.gap', credits: 'pool.credits',
  block: 'pool.block' };

function Sender({ address, items, nowMs }) {
  return html`<section data-test="sender"><h3><${Address} value=${address} />
      ${' '}<small>${t('pool.count', { n: items.length })}</small></h3>
    <${Table} caption=${t('pool.of', { who: checksum(address) })}
      columns=${['tx.nonce', 'tx.hash', 'pool.what', 'tx.to', 'tx.value',
        'block.age', 'pool.why']} rows=${items.map((i) => ({ key: i.hash,
        cells: [number(Number(i.nonce)), html`<${Hash} brief value=${i.hash}
          to=${`/tx/${i.hash}`} />`, callOf(i), i.to ? html`<${Address}
          brief value=${i.to} />` : '–', inCmt(i.value, 6),
        html`<span class="money">${duration(Math.max(0, nowMs
          - i.arrivedMs) / 1000)}</span>`,
        html`<span class=${['gap', 'credits'].includes(i.wait) && 'wrong'}>${t(WAITS[i.wait], { n: number(Number(i.lacks
          ?? 0)) })}</span>`] }))} /></section>`;
}

export function Pool() {
  const { pending, queued, height } = useSignal(live);
  const state = useLoad(async () => {
    const pool = await rpc('cm_pool');
    return { ...pool, items: await named(pool.items) };
  }, [pending, queued, height]);
  return html`<h1>${t('pool.title')}</h1><${ExploreTabs} />
    <${Loaded} state=${state} rows=${5}>${(p) => {
      const count = p.pending + p.queued;
      const by = Map.groupBy(p.items, (i) => i.from);
      return html`<div class="card">
          <${Meter} label=${t('pool.txs')} value=${count} max=${p.max} filling
            text=${t('node.of', { n: number(count), all: number(p.max) })} />
          <${Meter} label=${t('pool.bytes')} value=${p.bytes} max=${p.bytesMax} filling
            text=${t('node.of', { n: bytes(p.bytes), all: bytes(p.bytesMax) })} />
          <${Facts} rows=${[['pool.pending', number(p.pending)],
            ['pool.queued', number(p.queued)],
            ['pool.sender', t('pool.sender.text', { ready: number(p.senderReady),
              queued: number(p.senderQueued) })],
            ['pool.keep', duration(p.keepMs / 1000)]]} /></div>
        ${count === 0 ? html`<${Empty} title=${t('pool.none')}>
            ${t('pool.none.text')} <a href="/send">${t('nav.send')}</a><//>`
          : [...by].map(([from, items]) => html`<${Sender} key=${from}
            address=${from} items=${items} nowMs=${p.nowMs} />`)}
        ${count > p.items.length && html`<p class="quiet">${t('pool.more',
          { n: number(count - p.items.length) })}</p>`}`;
    }}<//>`;
}

/* -------------------------------------------------------------- contracts */

// Those that the newest blocks made: { address, by, block }.
async function made(height, cnt) {
  const heights = Array.from({ length: Math.min(cnt, height + 1) }, (_, i) =>
    `0x${(height - i).toString(16)}`);
  const all = (await rpcAll(heights.map((h) => ['eth_getBlockReceipts', h])))
    .flatMap((list) => list ?? []);
  return all.filter((r) => r.contractAddress && r.status === '0x1').map((r) =>
    ({ address: r.contractAddress, by: r.from, block: Number(r.blockNumber) }));
}
const LOOKED = 100; // blocks
const isFunction = (name) => name.endsWith('Function');

function Modules({ title, rows }) {
  return html`<h2>${t(title)}</h2><${Table} caption=${t(title)}
    columns=${['contracts.name', 'address.title', 'abi.tab.read']}
    rows=${rows.map(([address, { name }]) => ({ key: address, cells: [
      html`<a href=${`/address/${checksum(address)}`}><bdi>${name}</bdi></a>`,
      html`<${Hash} value=${address} to=${`/address/${checksum(address)}`} />`,
      html`<a href=${`/abi/${name}.html`} target="_blank">${t('abi.pages')}</a>`,
    ] }))} />`;
}

export function Contracts() {
  const at = useOpened();
  const own = useLoad(modules, []);
  const list = useLoad(async () => at === null ? undefined : made(at, LOOKED),
    [at]);
  return html`<h1>${t('contracts.title')}</h1><${ExploreTabs} />
    <p class="quiet">${t('contracts.text')}</p>
    <${Loaded} state=${own} rows=${6}>${(all) => html`<${Modules}
        title="contracts.modules" rows=${[...all].filter(([, m]) =>
          !isFunction(m.name))} /><${Modules} title="contracts.functions"
        rows=${[...all].filter(([, m]) => isFunction(m.name))} />`}<//>
    <h2>${t('contracts.new', { n: LOOKED })}</h2>
    <${Loaded} state=${list} rows=${3}>${(rows) => rows.length ? html`<${Table}
        caption=${t('contracts.new', { n: LOOKED })} columns=${[
          'address.contract', 'contracts.by', 'tx.block']}
        rows=${rows.map((r) => ({ key: r.address, cells: [html`<${Address}
          value=${r.address} />`, html`<${Address} value=${r.by} />`,
          html`<a href=${`/block/${r.block}`}>${number(r.block)}</a>`] }))} />`
      : html`<${Empty} title=${t('contracts.none')} next=${['/tokens',
        'tokens.title']} />`}<//>`;
}

/* ----------------------------------------------------------------- charts */

export function Charts() {
  const state = useRecent();
  return html`<h1>${t('charts.title')}</h1><${ExploreTabs} />
    <${Loaded} state=${state} rows=${8}>${(blocks) => html`
      <p class="quiet">${t('charts.text', { n: blocks.length })}</p>
      <div class="charts" data-test="charts">${['txs', 'gas', 'interval'].map(
        (kind) => html`<${BlockPlot} key=${kind} kind=${kind}
          blocks=${blocks} />`)}</div>`}<//>`;
}

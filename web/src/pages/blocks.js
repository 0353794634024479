// blocks.js - the list of blocks, and one block.
import { useState } from 'preact/hooks';
import { live, rpc } from '../api.js';
import { Called } from '../decoded.js';
import { bytes, inCmt, isHash, number, time } from '../format.js';
import { t } from '../i18n.js';
import { Tabs } from '../list.js';
import { useLoad, useSignal } from '../signal.js';
import { Address, Ago, Empty, Facts, Hash, Loaded, Table, html } from '../ui.js';
import { BLOCK_COLUMNS, blockMs, blockRow, loadBlocks } from './home.js';

const PAGE = 25;

export const ExploreTabs = () => html`<${Tabs} label=${t('nav.explore')} rows=${[
  ['/blocks', 'explore.blocks'], ['/tokens', 'tokens.title'],
  ['/names', 'names.title'], ['/contracts', 'contracts.title'], ['/charts', 'charts.title'],
  ['/pool', 'pool.title']]} />`;

export function Blocks() {
  const { height } = useSignal(live);
  const [from, set] = useState(null); // null: the newest
  const top = from ?? height;
  const blocks = useLoad(async () => top === null ? undefined
    : loadBlocks(top, PAGE), [top]);
  return html`<h1>${t('nav.explore')}</h1><${ExploreTabs} />
    <${Loaded} state=${blocks} rows=${12}>${(list) => html`
      <${Table} caption=${t('blocks.caption')} columns=${BLOCK_COLUMNS}
        rows=${list.map(blockRow)} />
      <div class="paging">
        <button type="button" disabled=${from === null}
          onClick=${() => set(null)}>${t('blocks.newest')}</button>
        <button type="button" disabled=${top < PAGE}
          onClick=${() => set(top - PAGE)}>${t('blocks.older')}</button>
      </div>`}<//>`;
}

export const txRow = (tx) => ({ key: tx.hash, cells: [
  html`<${Hash} value=${tx.hash} to=${`/tx/${tx.hash}`} />`,
  html`<${Address} value=${tx.from} />`,
  html`<${Called} tx=${tx} />`,
  tx.to ? html`<${Address} value=${tx.to} />` : '–',
  inCmt(tx.value, 6)] });

export function Block({ id }) {
  const state = useLoad(() => isHash(id) ? rpc('eth_getBlockByHash', id, true)
    : rpc('eth_getBlockByNumber', `0x${BigInt(id).toString(16)}`, true), [id]);
  return html`<${Loaded} state=${state} rows=${10}
    title=${t('block.title')}>${(b) => b === null
    ? html`<h1>${t('block.title')}</h1>
      <${Empty} title=${t('block.none')} next=${['/blocks',
        'nav.explore']}>${t('block.wait')}<//>`
    : html`<h1>${t('block.title')} ${number(b.number)}</h1>
      <p class="paging">${Number(b.number) > 0 && html`
        <a href=${`/block/${Number(b.number) - 1}`}>${t('block.before')}</a>`}
        <a href=${`/block/${Number(b.number) + 1}`}>${t('block.after')}</a></p>
      <${Facts} rows=${[
        ['block.time', html`${time(blockMs(b))} <small>(<${Ago}
          ms=${blockMs(b)} />)</small>`],
        ['block.hash', html`<${Hash} value=${b.hash} full />`],
        ['block.parent', Number(b.number) > 0 ? html`<${Hash}
          value=${b.parentHash} to=${`/block/${b.parentHash}`} full />` : null],
        ['block.proposer', html`<${Address} value=${b.miner} full />`],
        ['block.gas', `${number(b.gasUsed)} / ${number(b.gasLimit)}`],
        ['block.size', bytes(Number(b.size))],
        ['block.beacon', html`<${Hash} value=${b.mixHash} full />`],
        ['block.root', html`<${Hash} value=${b.stateRoot} full />`]]} />
      <h2>${t('block.list', { n: b.transactions.length })}</h2>
      ${b.transactions.length ? html`<${Table} caption=${t('block.txs')}
        columns=${['tx.title', 'tx.from', 'pool.what', 'tx.to', 'tx.value']}
        rows=${b.transactions.map(txRow)} />`
        : html`<p>${t('block.empty')}</p>`}`}<//>`;
}

// history.js - the transactions that an address took part in, newest first, a
// page at a time (ots_searchTransactionsBefore and After).
import { useState } from 'preact/hooks';
import { rpc } from './api.js';
import { csv } from './csv.js';
import { Called } from './decoded.js';
import { checksum, cmt, inCmt } from './format.js';
import { t } from './i18n.js';
import { useLoad } from './signal.js';
import { Address, Ago, Empty, Hash, Loaded, Table, html } from './ui.js';

const PAGE = 25;
const COLUMNS = ['tx.hash', 'block.age', 'pool.what', 'tx.from', 'tx.to',
  'tx.value'];

const same = (a, b) => a?.toLowerCase() === b.toLowerCase();
const Party = ({ value, me }) => !value ? t('tx.creates')
  : same(value, me) ? html`<span>${t('history.this')}</span>`
    : html`<${Address} brief value=${value} />`;

function save(address, txs, receipts) {
  csv(`transactions ${address}`, ['hash', 'block', 'time', 'from', 'to', 'CMT',
    'status'], txs.map((tx, i) => [tx.hash, Number(tx.blockNumber),
    new Date(Number(receipts[i].timestamp) * 1000).toISOString(), tx.from,
    tx.to ?? receipts[i].contractAddress, cmt(BigInt(tx.value)),
    Number(receipts[i].status)]));
}

// height: of the head, so that the newest page follows it.
export function History({ address, height }) {
  const [at, go] = useState({ block: 0, way: 'Before' });
  const newest = at.block === 0 && at.way === 'Before';
  const state = useLoad(async () => {
    try {
      return await rpc(`ots_searchTransactions${at.way}`, address, at.block,
        PAGE);
    } catch (e) {
      if (e.code === -32601 || e.code === -32000) return null; // no index
      throw e;
    }
  }, [address, at.block, at.way, newest ? height : 0]);
  return html`<section data-test="history"><h2>${t('history.title')}</h2>
    <${Loaded} state=${state} rows=${4}>${(data) => data === null
      ? html`<p>${t('history.off')}</p>`
      : data.txs.length === 0 ? html`<${Empty} title=${t('history.none')}
          next=${['/blocks', 'nav.explore']}>
          ${t('history.when')}<//>`
        : html`<${Table} caption=${t('history.title')} columns=${COLUMNS}
            rows=${data.txs.map((tx, i) => ({ key: tx.hash, cells: [
              html`<${Hash} brief value=${tx.hash} to=${`/tx/${tx.hash}`} />`,
              html`<${Ago} ms=${Number(data.receipts[i].timestamp) * 1000} />`,
              html`<${Called} tx=${tx} />`,
              html`<${Party} value=${tx.from} me=${address} />`,
              html`<${Party} value=${tx.to} me=${address} />`,
              inCmt(tx.value, 6)] }))} />
          <p class="paging">
            ${!data.firstPage && html`<button type="button" onClick=${() =>
              go({ block: Number(data.txs[0].blockNumber), way: 'After' })}>
              ${t('history.newer')}</button>`}
            ${!data.lastPage && html`<button type="button" onClick=${() =>
              go({ block: Number(data.txs.at(-1).blockNumber),
                way: 'Before' })}>${t('blocks.older')}</button>`}
            <button type="button" onClick=${() => save(checksum(address),
              data.txs, data.receipts)}>${t('plot.csv')}</button></p>`}<//>
  </section>`;
}

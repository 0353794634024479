// home.js - how the node is: height, last block, pool, the node's account.
import { api, live, rpcAll } from '../api.js';
import { DemoShop } from '../demo.js';
import { cmt, number } from '../format.js';
import { Health } from '../health.js';
import { t } from '../i18n.js';
import { useLoad, useSignal } from '../signal.js';
import { Start } from '../start.js';
import { Sums, Work } from '../todo.js';
import { Bars } from '../plot.js';
import { Address, Ago, Empty, Facts, Loaded, Table, html } from '../ui.js';

const SHOWN = 40;

export function blockRow(b) {
  return { key: b.hash, cells: [
    html`<a href=${`/block/${Number(b.number)}`}>${number(b.number)}</a>`,
    html`<${Ago} ms=${blockMs(b)} />`,
    number(b.transactions.length), number(b.gasUsed)] };
}
export const BLOCK_COLUMNS = ['block.number', 'block.age', 'block.txs',
  'block.gas'];

// extraData: version 1, milliseconds below the second.
export const blockMs = (b) => Number(b.timestamp) * 1000
  + (/^0x01/.test(b.extraData) ? parseInt(b.extraData.slice(4, 8), 16) : 0);

export const loadBlocks = async (from, cnt) => (await rpcAll(
  Array.from({ length: Math.min(cnt, from + 1) }, (_, i) =>
    ['eth_getBlockByNumber', `0x${(from - i).toString(16)}`, false])))
  .filter(Boolean);

export function Home() {
  const { height, head, pending, queued } = useSignal(live);
  const status = useLoad(() => api('/api/status'), []);
  const operator = status.data?.operator;
  const balance = useLoad(async () => operator
    ? BigInt((await rpcAll([['eth_getBalance', operator, 'latest']]))[0])
    : undefined, [operator, height]);
  const blocks = useLoad(async () => height === null ? undefined
    : loadBlocks(height, SHOWN), [height]);
  return html`<h1>${t('nav.home')}</h1><${Work} /><${Sums} /><${Start} />
    <${DemoShop} offer=${height === 0} />
    <h2>${t('home.node')}</h2><${Health} />
    <div class="tiles">
      <section class="tile"><h3>${t('home.height')}</h3>
        <p class="big" data-test="height">
          ${height === null ? '…' : number(height)}</p></section>
      <section class="tile"><h3>${t('home.last')}</h3><p class="big">
        ${blocks.data?.[0] ? html`<${Ago} ms=${head?.timeMs
          ?? blockMs(blocks.data[0])} />` : '…'}</p></section>
      <section class="tile"><h3>${t('home.pending')}</h3>
        <p class="big">${number(pending)}</p>
        ${queued > 0 && html`<p>${t('home.queued', { n: queued })}</p>`}
      </section>
      <section class="tile"><h3>${t('home.balance')}</h3><p class="big">
        ${balance.data === undefined ? '…' : html`${cmt(balance.data, 4)}
          <small>CMT</small>`}</p>
        ${operator && html`<${Address} value=${operator} />`}</section>
    </div>
    <section><h2>${t('home.blocks')}</h2>
      <${Loaded} state=${blocks} rows=${8}>${(list) => list.length < 2
        ? html`<${Empty} title=${t('home.none')}>${t('home.first')}${' '}
            <a href="/send">${t('nav.send')}</a><//>`
        : html`<${Bars} title=${t('home.plot')} label="block.title"
            points=${list.toReversed().map((b) => ({
              label: `${t('block.title')} ${number(b.number)}`,
              value: b.transactions.length }))} />
          <${Table} caption=${t('home.blocks')} columns=${BLOCK_COLUMNS}
            rows=${list.slice(0, 5).map(blockRow)} />`}<//></section>
    <section><h2>${t('home.network')}</h2>
      <${Loaded} state=${status}>${(s) => html`<${Facts} rows=${[
        ['home.chain', s.chainId],
        ['home.kind', t(s.dev ? 'home.dev' : 'home.own')],
        ['home.rpc', html`<bdi>${location.origin}</bdi>`],
        ['home.limit', number(s.blockGasLimit)],
        ['home.genesis', html`<span class="hash">${s.genesisHash}</span>`],
        ['home.version', html`<bdi>${s.version} ${s.commit}</bdi>`]]} />`}<//></section>`;
}

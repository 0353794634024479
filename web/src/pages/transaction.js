// transaction.js - one transaction: status, what it moved, its logs.
import { readCall, readEvent } from '../abi.js';
import { live, rpcAll } from '../api.js';
import { abiOf, errorName } from '../contracts.js';
import { Called, Decoded } from '../decoded.js';
import { cmt, inCmt, number, time } from '../format.js';
import { t } from '../i18n.js';
import { moduleAt } from '../modules.js';
import { useLoad, useSignal } from '../signal.js';
import { Address, Ago, Empty, Facts, Hash, Loaded, html } from '../ui.js';
import { blockMs } from './home.js';
import { revertReason } from '../revert.js';

async function load(hash) {
  const [tx, receipt] = await rpcAll([['eth_getTransactionByHash', hash],
    ['eth_getTransactionReceipt', hash]]);
  if (!tx) return null;
  const call = tx.to && tx.input.length >= 10
    ? readCall((await abiOf(tx.to)).abi, tx.input) : null;
  if (!receipt) return { tx, call };
  const [block] = await rpcAll([['eth_getBlockByNumber', receipt.blockNumber,
    false]]);
  const reason = receipt.status === '0x0' ? await whyFailed(tx, receipt) : null;
  const events = await Promise.all(receipt.logs.map(async (log) =>
    readEvent((await abiOf(log.address)).abi, log)));
  return { tx, receipt, block, reason, call, events };
}

// Receipts carry no reason: the call is made again on the state before it.
async function whyFailed(tx, receipt) {
  const before = `0x${(BigInt(receipt.blockNumber) - 1n).toString(16)}`;
  try {
    await rpcAll([['eth_call', { from: tx.from, to: tx.to ?? undefined,
      value: tx.value, input: tx.input, gas: tx.gas }, before]]);
  } catch (e) {
    return errorName((await abiOf(tx.to)).abi.filter((r) =>
      !['Error', 'Panic'].includes(r.name)), e) ?? revertReason(e);
  }
  return null;
}

const STATUS = { '0x1': ['ok', 'tx.done'], '0x0': ['bad', 'tx.failed'] };

function Status({ receipt, reason }) {
  const [kind, text] = STATUS[receipt?.status] ?? ['wait', 'tx.waiting'];
  const mark = { ok: '✓', bad: '✕', wait: '…' }[kind];
  return html`<span class="status ${kind}" role="status">
    <span aria-hidden="true">${mark}</span> ${t(text)}</span>
    ${reason && html` <span>${t('tx.reason', { reason })}</span>`}`;
}

function Input({ tx, call }) {
  const raw = html`<pre tabindex="0">${tx.input}</pre>`;
  return call ? html`<${Decoded} what=${call} raw=${raw} />` : raw;
}

const Log = ({ log, index, event }) => {
  const raw = html`<ol class="topics">${log.topics.map((x) => html`
      <li class="hash">${x}</li>`)}</ol>
    ${log.data !== '0x' && html`<pre tabindex="0">${log.data}</pre>`}`;
  return html`<li><p>${t('tx.log', { n: index })}${' '}
    <${Address} value=${log.address} /></p>
    ${event ? html`<${Decoded} what=${event} raw=${raw} />` : raw}</li>`;
};

export function Transaction({ hash }) {
  const { height } = useSignal(live);
  const state = useLoad(() => load(hash), [hash]);
  const waiting = state.data?.tx && !state.data.receipt;
  useLoad(async () => { if (waiting) state.again(); }, [height]);
  return html`<h1>${t('tx.title')}</h1>
    <${Loaded} state=${state} rows=${8}>${(data) => data === null
      ? html`<${Empty} title=${t('tx.none')} next=${['/blocks',
        'nav.explore']}>${t('tx.unknown')}<//>`
      : html`<p><${Status} ...${data} /></p>
        <${Facts} rows=${facts(data)} />
        ${data.receipt?.logs.length > 0 && html`<h2>${t('tx.logs')}</h2>
          <ol class="logs">${data.receipt.logs.map((log, i) => html`
            <${Log} log=${log} index=${i} event=${data.events[i]} />`)}</ol>`}
        ${data.tx.input !== '0x' && html`<h2>${t('tx.input')}</h2>
          <${Input} ...${data} />`}`}<//>`;
}

// A module of the chain by its name beside its address.
function Named({ value }) {
  const { data } = useLoad(() => moduleAt(value), [value]);
  return html`${data && html`<strong><bdi>${data.name}</bdi></strong> `}<${Address}
    value=${value} full />`;
}

// Only chains of plain Ethereum rules take one.
const fee = (receipt) => {
  const wei = receipt ? BigInt(receipt.gasUsed)
    * BigInt(receipt.effectiveGasPrice) : 0n;
  return wei === 0n ? t('tx.free') : cmt(wei);
};

const facts = ({ tx, receipt, block }) => [
  ['tx.hash', html`<${Hash} value=${tx.hash} full />`],
  ['tx.from', html`<${Address} value=${tx.from} full />`],
  ['tx.to', tx.to && html`<${Named} value=${tx.to} />`],
  ['pool.what', html`<${Called} tx=${tx} />`],
  ['tx.created', receipt?.contractAddress
    && html`<${Address} value=${receipt.contractAddress} full />`],
  ['tx.value', html`<span data-test="value">${inCmt(tx.value)}</span>`],
  ['tx.fee', fee(receipt)],
  ['tx.block', receipt && html`<a href=${`/block/${Number(receipt.blockNumber)}`}
    >${number(receipt.blockNumber)}</a>`],
  ['block.time', block && html`${time(blockMs(block))} <small>(<${Ago}
    ms=${blockMs(block)} />)</small>`],
  ['tx.gas', receipt && `${number(receipt.gasUsed)} / ${number(tx.gas)}`],
  ['tx.nonce', number(tx.nonce)],
  ['tx.type', Number(tx.type)],
];

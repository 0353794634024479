// account.js - one address: balance, nonce, code; its transactions; of a
// contract also what it can be asked and told, and its source.
import { live, rpcAll } from '../api.js';
import { abiOf, useToken } from '../contracts.js';
import { Credits } from '../credits.js';
import { bytes, checksum, inCmt, isAddress, number } from '../format.js';
import { History } from '../history.js';
import { t } from '../i18n.js';
import { Panes } from '../panes.js';
import { useLoad, useSignal } from '../signal.js';
import { Address, Copy, Empty, Facts, Loaded, html } from '../ui.js';
import { Methods, Source } from './contract.js';

const kindOf = (code) => code === '0x' ? 'address.person'
  : /^0xef0100/.test(code) ? 'address.delegated' : 'address.contract';

function Contract({ address, code, known, change, height }) {
  return html`<${Panes} label=${t('address.contract')} rows=${[
    ['txs', 'history.title', () => html`<${History} address=${address}
      height=${height} key=${address} />`],
    ['read', 'abi.tab.read', () => html`<${Methods} address=${address}
      known=${known} views=${true} />`],
    ['write', 'abi.tab.write', () => html`<${Methods} address=${address}
      known=${known} views=${false} />`],
    ['source', 'abi.tab.source', () => html`<${Source} address=${address}
      known=${known} code=${code} change=${change} />`],
    ['code', 'address.bytes', () => html`<pre tabindex="0">${code}</pre>`],
  ]} />`;
}

export function Account({ address: path }) {
  const address = isAddress(path) ? checksum(path) : path;
  const { height } = useSignal(live);
  const state = useLoad(async () => isAddress(address) ? rpcAll([
    ['eth_getBalance', address, 'latest'],
    ['eth_getTransactionCount', address, 'latest'],
    ['eth_getCode', address, 'latest']]) : null, [address, height]);
  const isContract = state.data ? kindOf(state.data[2]) === 'address.contract'
    : false;
  const known = useLoad(async () => isContract ? abiOf(address) : null,
    [address, isContract]);
  const token = useToken(address, isContract).data;
  return html`<h1>${known.data?.name ?? t(isContract ? 'address.contract'
      : 'address.title')}</h1>
    <p class="hash">${address} <${Copy} text=${address} /></p>
    <${Loaded} state=${state} rows=${4}>${(data) => data === null
      ? html`<${Empty} title=${t('address.bad')}>${t('address.form')}<//>`
      : html`<${Facts} rows=${[
          ['address.balance', html`<span data-test="balance">
            ${inCmt(data[0])}</span>`],
          ['address.kind', t(known.data?.from === 'module' ? 'address.module'
            : kindOf(data[2]))],
          ['address.token', token && html`<a href=${`/token/${address}`}>
            <bdi>${token.name} (${token.symbol})</bdi></a>`],
          ['address.target', /^0xef0100/.test(data[2]) ? html`<${Address}
            value=${`0x${data[2].slice(8)}`} full />` : null],
          ['address.sent', number(data[1])],
          ['address.code', data[2] === '0x' || known.data?.from === 'module' ? null
            : bytes((data[2].length - 2) / 2)]]} />
        <${Credits} address=${address} />
        ${known.data ? html`<${Contract} address=${address} code=${data[2]}
            known=${known.data} change=${known.again} height=${height} />`
          : html`<${History} address=${address} height=${height}
              key=${address} />`}`}<//>`;
}

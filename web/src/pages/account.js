// account.js - one address: balance, nonce, code; its transactions; a
// contract's methods.
import { live, rpcAll } from '../api.js';
import { abiOf, useToken } from '../contracts.js';
import { Credits } from '../credits.js';
import { Contract } from '../decoded.js';
import { bytes, checksum, cmt, isAddress, number, units } from '../format.js';
import { History } from '../history.js';
import { t } from '../i18n.js';
import { useLoad, useSignal } from '../signal.js';
import { Address, Copy, Empty, Facts, Loaded, html } from '../ui.js';

const kindOf = (code) => code === '0x' ? 'address.person'
  : /^0xef0100/.test(code) ? 'address.delegated' : 'address.contract';

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
  return html`<h1>${known.data?.name ?? t('address.title')}</h1>
    <p class="hash">${address} <${Copy} text=${address} /></p>
    <${Loaded} state=${state} rows=${4}>${(data) => data === null
      ? html`<${Empty} title=${t('address.bad')}>${t('address.form')}<//>`
      : html`<${Facts} rows=${[
          ['address.balance', html`<span data-test="balance">
            ${cmt(BigInt(data[0]))} CMT</span>`],
          ['address.kind', t(kindOf(data[2]))],
          ['address.token', token && html`<bdi>${token.name} (${token.symbol})
            </bdi>`],
          ['address.supply', token?.supply != null
            ? units(token.supply, token.decimals ?? 0) : null],
          ['address.target', /^0xef0100/.test(data[2]) ? html`<${Address}
            value=${`0x${data[2].slice(8)}`} full />` : null],
          ['address.sent', number(data[1])],
          ['address.code', data[2] === '0x' ? null
            : bytes((data[2].length - 2) / 2)]]} />
        <${Credits} address=${address} />
        ${known.data && html`<${Contract} address=${address}
          known=${known.data} change=${known.again} />`}
        <${History} address=${address} height=${height} key=${address} />
        ${data[2] !== '0x' && html`<h2>${t('address.bytes')}</h2>
          <pre tabindex="0">${data[2]}</pre>`}`}<//>`;
}

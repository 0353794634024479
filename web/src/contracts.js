// contracts.js - what is known of a contract: the ABI of a module from the
// node, one that was given on this browser, else those of common tokens; and
// a token's name, symbol and decimals.
import { decode, encodeCall, readCall } from './abi.js';
import { rpc } from './api.js';
import { moduleAt } from './modules.js';
import { useLoad } from './signal.js';

/* ----------------------------------------------------------- known texts */

// "event Name(type indexed name, ...)" or "function name(...) view returns
// (...)" as a row of an ABI; null when it is neither.
export function row(text) {
  const m = /^(event|function|error)\s+(\w+)\s*\(([^()]*)\)([\s\w]*?)(?:returns\s*\(([^()]*)\))?\s*;?$/
    .exec(text.trim());
  if (!m) return null;
  const params = (list) => (list ?? '').split(',').map((p) => p.trim())
    .filter(Boolean).map((p) => {
      const [type, ...rest] = p.split(/\s+/);
      return { type: type.replace(/^(u?int)(?=$|\[)/, '$1256'),
        name: rest.at(-1) === 'indexed' ? '' : rest.at(-1) ?? '',
        indexed: rest.includes('indexed') };
    });
  return { type: m[1], name: m[2], inputs: params(m[3]),
    outputs: params(m[5]), stateMutability:
      /\b(?:view|pure)\b/.exec(m[4])?.[0] ?? 'nonpayable' };
}

// ERC-20, ERC-721, ERC-1155.
const TOKENS = [
  'function name() view returns (string)',
  'function symbol() view returns (string)',
  'function decimals() view returns (uint8)',
  'function totalSupply() view returns (uint256)',
  'function balanceOf(address account) view returns (uint256)',
  'function ownerOf(uint256 id) view returns (address)',
  'function supportsInterface(bytes4 id) view returns (bool)',
  'function allowance(address owner, address spender) view returns (uint256)',
  'function transfer(address to, uint256 amount) returns (bool)',
  'function approve(address spender, uint256 amount) returns (bool)',
  'function transferFrom(address from, address to, uint256 amount) returns (bool)',
  'function safeTransferFrom(address from, address to, uint256 id)',
  'function safeTransferFrom(address from, address to, uint256 id, uint256 amount, bytes data)',
  'function setApprovalForAll(address operator, bool approved)',
  'event Transfer(address indexed from, address indexed to, uint256 amount)',
  'event Transfer(address indexed from, address indexed to, uint256 indexed id)',
  'event Approval(address indexed owner, address indexed spender, uint256 amount)',
  'event Approval(address indexed owner, address indexed spender, uint256 indexed id)',
  'event ApprovalForAll(address indexed owner, address indexed operator, bool approved)',
  'event TransferSingle(address indexed operator, address indexed from, address indexed to, uint256 id, uint256 amount)',
  'event TransferBatch(address indexed operator, address indexed from, address indexed to, uint256[] ids, uint256[] amounts)',
  'error Error(string reason)', 'error Panic(uint256 code)',
].map(row);

/* ---------------------------------------------------------- ABIs of one */

async function moduleAbi(address) {
  const m = await moduleAt(address);
  if (!m) return null;
  m.abi ??= fetch(`/abi/${m.name}.json`).then((r) => r.json());
  return { name: m.name, from: 'module', abi: await m.abi };
}

const key = (address) => `abi.${address.toLowerCase()}`;
function given(address) {
  try {
    const kept = JSON.parse(localStorage.getItem(key(address)));
    return Array.isArray(kept) ? { abi: kept } : kept ?? {};
  } catch { return {}; }
}
// known: { abi, and what metadata.js found }, or null to forget it.  Sources
// that this browser has no room for are left out.
export function keepAbi(address, known) {
  if (!known) { localStorage.removeItem(key(address)); return; }
  const keep = (value) => localStorage.setItem(key(address), JSON.stringify({
    ...value, abi: known.abi.filter((r) => r.type !== 'constructor') }));
  try { keep(known); } catch {
    keep({ ...known, sources: known.sources?.map(({ path }) => ({ path })) });
  }
}
// The ABI in the JSON of one, of a compiler's artifact or metadata, or in lines
// such as "event Sold(uint256 id)"; null when there is none.
export function readAbi(text) {
  let abi;
  try {
    const json = JSON.parse(text);
    abi = Array.isArray(json) ? json : json.abi ?? json.output?.abi;
  } catch {
    abi = text.split('\n').filter((l) => l.trim()).map(row);
  }
  return Array.isArray(abi) && abi.length > 0 && abi.every((r) =>
    typeof r?.type === 'string') ? abi : null;
}

// { name, from: 'module' | 'checked' | 'given' | 'common', abi }: checked when it
// is what the code names, with compiler and sources (metadata.js); methods: what
// it has of its own, without those of tokens.
export async function abiOf(address) {
  if (!address) return { from: 'common', abi: TOKENS };
  const known = await moduleAbi(address.toLowerCase());
  if (known) return known;
  const own = given(address);
  return own.abi ? { ...own, from: own.checked ? 'checked' : 'given',
    methods: own.abi, abi: [...own.abi, ...TOKENS] } : { from: 'common', abi: TOKENS };
}

/* ---------------------------------------------------------------- calls */

export async function callView(address, method, values) {
  const data = await rpc('eth_call', { to: address,
    data: encodeCall(method, values) }, 'latest');
  return decode(method.outputs, data);
}

// An error of eth_call in the contract's own words, or null.
export function errorName(abi, error) {
  const told = typeof error.data === 'string'
    && readCall(abi, error.data, 'error');
  return told ? `${told.name}(${told.args.map((a) =>
    `${a.name}: ${a.value}`).join(', ')})` : null;
}

const find = (name) => TOKENS.find((r) => r.name === name);
export const tokenRow = find;
const tell = (address, name) => callView(address, find(name), [])
  .then(([v]) => v, () => null);
// { name, symbol, decimals, supply } of a token, null each where it tells none;
// null of what has neither name nor symbol.
export async function aboutToken(address) {
  const [name, symbol, decimals, supply] = await Promise.all(['name', 'symbol',
    'decimals', 'totalSupply'].map((m) => tell(address, m)));
  return name === null && symbol === null ? null : { name, symbol, supply,
    decimals: decimals === null ? null : Number(decimals) };
}
export const useToken = (address, isContract) => useLoad(async () =>
  isContract ? aboutToken(address) : null, [address, isContract]);

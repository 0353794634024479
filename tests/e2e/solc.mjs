// solc.mjs - compiles Solidity with the compiler from npm; imports of
// @openzeppelin are found in node_modules.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const solc = require('solc');

export function compile(sources, evmVersion = 'osaka') {
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(Object.entries(sources)
      .map(([name, content]) => [name, { content }])),
    settings: { evmVersion, optimizer: { enabled: true, runs: 200 },
      outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object',
        'metadata'] } } },
  };
  const find = (path) => {
    try { return { contents: readFileSync(require.resolve(path), 'utf8') }; }
    catch (e) { return { error: String(e) }; }
  };
  const out = JSON.parse(solc.compile(JSON.stringify(input), { import: find }));
  const bad = (out.errors ?? []).filter((e) => e.severity === 'error');
  if (bad.length) throw new Error(bad.map((e) => e.formattedMessage).join('\n'));
  const all = {};
  for (const file of Object.values(out.contracts)) {
    for (const [name, c] of Object.entries(file)) {
      all[name] = { abi: c.abi, bytecode: `0x${c.evm.bytecode.object}`,
        metadata: c.metadata };
    }
  }
  return all;
}

export const TOKEN = `
// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;
import "@openzeppelin/contracts/token/ERC20/ERC20.sol";
contract Token is ERC20 {
  constructor() ERC20("Shop Token", "SHOP") { _mint(msg.sender, 1000 ether); }
}
contract Moods {
  error Closed(uint256 until, address by);
  uint256 public count;
  event Ping(address indexed who, uint256 n);
  function ping() external { count += 1; emit Ping(msg.sender, count); }
  function fails() external pure { revert("shop is closed"); }
  function failsTyped() external view { revert Closed(7, msg.sender); }
  function panics(uint256 x) external pure returns (uint256) { return 1 / x; }
  function randao() external view returns (uint256) { return block.prevrandao; }
  receive() external payable {}
}`;

// modules.js - the chain's own modules by their addresses: { name, abi? }.
let list; // asked for once

export const modules = () => list ??= fetch('/abi/index.json')
  .then((r) => r.json())
  .then((all) => new Map(all.map((m) => [m.address, { name: m.name }])))
  .catch((e) => { list = null; throw e; });

// What is at one of the addresses that the chain keeps for itself.
export const moduleAt = async (address) => /^0x0{34}/.test(address)
  ? (await modules()).get(address.toLowerCase()) ?? null : null;

// revert.js - why an execution failed, from a JSON-RPC error, in words.
const PANICS = { 1: 'assert', 17: 'overflow', 18: 'division by zero',
  33: 'bad enum', 34: 'bad storage', 49: 'pop of empty', 50: 'out of bounds',
  65: 'out of memory', 81: 'bad function' };

export function revertReason(error) {
  const data = typeof error.data === 'string' ? error.data : '';
  if (data.startsWith('0x4e487b71')) {
    const code = Number(BigInt(`0x${data.slice(10)}`));
    return PANICS[code] ?? `panic ${code}`;
  }
  return error.message.replace(/^execution reverted:? ?/, '') || error.message;
}

// hardhat.config.cjs - a project as Hardhat makes it, on a node that runs.
// The compiler is npm's: nothing is downloaded.
const path = require('node:path');
const { subtask } = require('hardhat/config');
const { TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD } =
  require('hardhat/builtin-tasks/task-names');
require('@nomicfoundation/hardhat-ethers');

const solcPath = require.resolve('solc/soljson.js');
const { version } = require('solc/package.json');
subtask(TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD, async () => ({
  compilerPath: solcPath, isSolcJs: true, version,
  longVersion: require('solc').version(),
}));

module.exports = {
  solidity: { version, settings: { evmVersion: 'osaka' } },
  networks: { localhost: { url: process.env.NODE_URL } },
  paths: { cache: path.join(process.env.HARDHAT_OUT, 'cache'),
    artifacts: path.join(process.env.HARDHAT_OUT, 'artifacts') },
  mocha: { reporter: 'json', timeout: 60000,
    reporterOption: { output: path.join(process.env.HARDHAT_OUT, 'out.json') } },
};

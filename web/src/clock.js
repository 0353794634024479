// clock.js - the time of the chain, by which deadlines and ages are told: this
// machine's, unless the chain's runs ahead, as a development chain's may.
const SLACK_MS = 5000;
let ahead = 0;

export const chainMs = () => Date.now() + ahead;
export const chainS = () => Math.floor(chainMs() / 1000);

// How far the chain's clock is ahead of its node's; a block of that time.
const least = (ms) => ms > SLACK_MS ? ms : 0;
export const setClock = (ms) => { ahead = least(ms); };
export const heed = (timeMs) => {
  ahead = Math.max(ahead, least(timeMs - Date.now()));
};

// content.js - documents and pictures by their hash: canonical JSON (keys in
// order, no blanks, integers alone), pictures made small in the browser.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { rpc } from './api.js';
import { t } from './i18n.js';

export const DOCUMENT_MAX = 16 * 1024;
export const BLOB_MAX = 512 * 1024;

// Keys ascend by code point, which is not how sort() orders beyond U+FFFF.
const byPoint = (a, b) => {
  const [x, y] = [[...a], [...b]];
  const i = x.findIndex((c, k) => c !== y[k]);
  return i < 0 ? x.length - y.length : y[i] === undefined ? 1
    : x[i].codePointAt(0) - y[i].codePointAt(0);
};
export function canonical(v) {
  if (Array.isArray(v)) return `[${v.map(canonical).join(',')}]`;
  if (v && typeof v === 'object') {
    return `{${Object.keys(v).filter((k) => v[k] !== undefined).sort(byPoint)
      .map((k) => `${JSON.stringify(k)}:${canonical(v[k])}`).join(',')}}`;
  }
  if (typeof v === 'number' && !Number.isSafeInteger(v)) {
    throw new Error('canonical JSON has integers alone');
  }
  return JSON.stringify(v);
}

async function put(bytes, max) {
  if (bytes.length > max) {
    throw new Error(t('content.large', { max: Math.floor(max / 1024) }));
  }
  const { hash } = await rpc('content_put', `0x${bytesToHex(bytes)}`);
  const own = `0x${bytesToHex(keccak_256(bytes))}`;
  if (hash !== own) throw new Error(t('content.other'));
  return own;
}

export const putDocument = (value) =>
  put(utf8ToBytes(canonical(value)), DOCUMENT_MAX);

export async function getDocument(hash) {
  const got = await rpc('content_get', hash);
  return got?.document ?? null;
}

export const pictureUrl = (hash) => /^0x[0-9a-f]{64}$/.test(hash ?? '')
  ? `/content/${hash}` : null;

/* ------------------------------------------------------------- pictures */

const SIZES = [1280, 1024, 800, 640, 480, 320];
const encode = (canvas, type, quality) => new Promise((resolve) =>
  canvas.toBlob(resolve, type, quality));

// A picture drawn anew at most so large: no place, camera or name is left.
async function draw(bitmap, size) {
  const scale = Math.min(1, size / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const pen = canvas.getContext('2d');
  pen.fillStyle = '#fff'; // JPEG knows no transparency
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}
async function small(bitmap, sizes, max) {
  for (const size of sizes) {
    const canvas = await draw(bitmap, size);
    for (const quality of [0.85, 0.7]) {
      const blob = await encode(canvas, 'image/jpeg', quality);
      if (blob && blob.size <= max) return blob;
    }
  }
  throw new Error(t('content.picture'));
}
const bytesOf = async (blob) => new Uint8Array(await blob.arrayBuffer());

// { picture, thumb }: hashes of a file of the user's.
export async function putPicture(file) {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(t('content.picture'));
  });
  const picture = await put(await bytesOf(await small(bitmap, SIZES,
    BLOB_MAX)), BLOB_MAX);
  const thumb = await put(await bytesOf(await small(bitmap, [240],
    64 * 1024)), BLOB_MAX);
  bitmap.close();
  return { picture, thumb };
}

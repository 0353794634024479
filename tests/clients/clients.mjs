// clients.mjs - where the packages of the clients' tests are.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:process';
const require = createRequire(import.meta.url);

// A file of a package, by its path within node_modules.
export function program(path) {
  for (const folder of require.resolve.paths(path)) {
    if (existsSync(`${folder}/${path}`)) return `${folder}/${path}`;
  }
  return null;
}

// Foundry's cast, or null where it has no build for this machine.
export function cast() {
  const cpu = { x64: 'amd64', arm64: 'arm64' }[arch];
  return program(`@foundry-rs/cast-${platform}-${cpu}/bin/cast`);
}

// backup.js - making a backup of the node, and whether one is overdue.  s: what
// node_status tells.
import { ownerRpc } from './api.js';
import { t } from './i18n.js';

const WEEK_MS = 7 * 86400000, WAIT_MS = 300000;

// None within a week, or two were missed of those that are made by themselves.  A
// development chain wants none.
export const overdue = (s) => !s.dev && !(s.lastBackupMs > Date.now()
  - (s.backupEverySeconds ? 2000 * s.backupEverySeconds : WEEK_MS));

// Made by the node, verified, and then known to it.
export async function backUp() {
  const since = Date.now();
  await ownerRpc('node_backup');
  for (;;) {
    const { lastBackupMs, backupFailures } = await ownerRpc('node_status');
    if (lastBackupMs > since - 1000) return;
    if (backupFailures || Date.now() > since + WAIT_MS) {
      throw new Error(t('start.backup.failed'));
    }
    await new Promise((resolve) => { setTimeout(resolve, 500); });
  }
}

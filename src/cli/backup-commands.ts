/** Commands that copy the store: of a system that runs, by the owner of its store; and back, where none runs. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { StoreCopy } from '../data-dir/store-copy.ts';
import { STORE_FOLDER } from '../store/store.ts';
import { type CommandPlan, type Given, textOption } from '../cli-ground/command.ts';
import { wrongUse } from '../cli-ground/exit-codes.ts';
import { bytes, type Output } from '../cli-ground/output.ts';
import { withSystem } from '../cli-ground/reached-system.ts';

/** Milliseconds between two words on how far it is. */
const PROGRESS_MS = 500;

const backup: CommandPlan = {
  usage: 'backup <dir>',
  summary:
    'copy the store of a running system into a folder that is new or empty, as it is at one moment, and check the copy',
  example: 'troupe backup /backups/2026-01-31',
  run: ([dir = ''], options, output) =>
    options.connect === undefined ? backUp(dir, options, output) : ask(dir, options, output),
};

async function backUp(dir: string, options: Given, output: Output): Promise<void> {
  const folder = resolve(dir);
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw wrongUse(`expected a folder that is new or empty; got ${folder}`);
  const startedAt = performance.now();
  const telling = setInterval(
    () => output.progress(`${bytes(sizeIn(join(folder, STORE_FOLDER)))} written …`),
    PROGRESS_MS,
  );
  try {
    await withSystem(options, (client) => client.call('backup', [folder], 0));
  } finally {
    clearInterval(telling);
  }
  output.progress('checking …');
  const { checkCopy } = await import('../data-dir/store-copy.ts');
  tellCopy('backup', folder, await checkCopy(folder), startedAt, output);
}

/** Of a system on another machine: into a folder there. */
async function ask(dir: string, options: Given, output: Output): Promise<void> {
  if (!dir.startsWith('/'))
    throw wrongUse(`with --connect: expected an absolute path on the machine of the system; got ${dir}`);
  await withSystem(options, (client) => client.call('backup', [dir], 0));
  output.result(
    { done: 'backup', folder: dir },
    () => `${dir}, on the machine of the system; the copy was not checked`,
  );
}

const restore: CommandPlan = {
  usage: 'restore <dir>',
  summary: 'put a backup into the dataDir of a system that does not run, once the copy is checked',
  example: 'troupe restore /backups/2026-01-31 --data .troupe',
  isAlone: true,
  options: [
    ['--data <dir>', 'the dataDir (default: TROUPE_DATA, else .troupe)'],
    ['--force', 'replace the store that is there'],
  ],
  run: async ([dir = ''], { data, force }, output) => {
    // From the working folder, as `troupe start` takes it.
    const dataDir = resolve(textOption(data) ?? (process.env.TROUPE_DATA || '.troupe'));
    const startedAt = performance.now();
    let toldAt = startedAt;
    const progress = (done: number, of: number): void => {
      if (performance.now() - toldAt < PROGRESS_MS) return;
      toldAt = performance.now();
      output.progress(`${bytes(done)} of ${bytes(of)} …`);
    };
    const { restoreStore } = await import('../data-dir/store-copy.ts');
    const copy = await restoreStore({ backup: resolve(dir), dataDir, replaces: force === true, progress }).catch(
      (error) => {
        if (force !== true && /already, which a restore would replace/.test(error.message))
          throw wrongUse(`${error.message}: say --force, or another --data`);
        throw error;
      },
    );
    tellCopy('restore', dataDir, copy, startedAt, output);
  },
};

function tellCopy(done: string, folder: string, copy: StoreCopy, startedAt: number, output: Output): void {
  const { records, wakes, faults } = copy.check;
  const { sum = null } = copy;
  const ms = Math.round(performance.now() - startedAt);
  const how = sum === null ? 'without a sum: damage inside of a state would not be seen' : 'checked and whole';
  output.result(
    { done, folder, bytes: copy.bytes, records, wakes, faults, sha256: sum, ms },
    () => `${folder}: ${records} actors, ${bytes(copy.bytes)}, ${how} (${ms} ms)`,
  );
}

function sizeIn(folder: string): number {
  try {
    return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  } catch {
    return 0;
  }
}

export const BACKUP_COMMANDS: readonly CommandPlan[] = [backup, restore];

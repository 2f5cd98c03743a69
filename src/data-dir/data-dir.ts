/** Where a relative `dataDir` lies: beside the program, not wherever it happens to be started. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';

export const DATA_DIR = '.troupe';

export interface Surroundings {
  /** Path of the program's entry module, if it has one. */
  entry: string | undefined;
  /** The working folder; throws where it is gone. */
  cwd(): string;
}

/**
 * Absolute. Relative to the folder of the entry module; to the working folder where there is none, where it belongs to a
 * package that runs others' code (a test runner, a process manager), or where the data lies there already.
 */
export function dataDirOf(given: string = DATA_DIR, { entry, cwd }: Surroundings = ofThisProcess()): string {
  if (isAbsolute(given)) return given;
  const home = entry === undefined ? undefined : homeOf(entry);
  if (home === undefined) return resolve(cwd(), given);
  const beside = join(home, given);
  const here = workingFolder(cwd);
  const isHere = here !== undefined && !existsSync(join(beside, 'store')) && existsSync(join(here, given, 'store'));
  return isHere ? join(here, given) : beside;
}

/** The same for a program that looks for a system of somebody else: beside the program, and in the working folder, which goes first. */
export function dataDirsToSearch(given: string = DATA_DIR, { entry, cwd }: Surroundings = ofThisProcess()): string[] {
  if (isAbsolute(given)) return [given];
  const folders = [workingFolder(cwd), entry === undefined ? undefined : homeOf(entry)];
  return [...new Set(folders.flatMap((folder) => (folder === undefined ? [] : [resolve(folder, given)])))];
}

function ofThisProcess(): Surroundings {
  return { entry: process.argv[1], cwd: () => process.cwd() };
}

function homeOf(entry: string): string | undefined {
  try {
    const folder = dirname(realpathSync(entry));
    return folder.split(sep).includes('node_modules') ? undefined : folder;
  } catch {
    // `node -e`, or a name that is no file.
    return undefined;
  }
}

function workingFolder(cwd: () => string): string | undefined {
  try {
    return cwd();
  } catch {
    return undefined;
  }
}

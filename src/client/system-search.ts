/** The search for a system of this user on this machine, by the control sockets in its dataDir. */
import { existsSync } from 'node:fs';
import { dataDirsToSearch } from '../data-dir/data-dir.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { type ControlSocketFile, controlFolderOf, livingControlSockets } from '../client-wire/control-folder.ts';

export interface Wanted {
  /** Default: that of the environment variable TROUPE_DATA_DIR, else `.troupe`. */
  readonly dataDir?: string | undefined;
  /** The name of the system; undefined: the only one. */
  readonly system?: string | undefined;
}

/** Rejects ACTOR_UNAVAILABLE where there is none, or more than one; the error says where it was looked for. */
export async function findSystem({ dataDir, system }: Wanted): Promise<ControlSocketFile> {
  const places = dataDirsToSearch(dataDir ?? (process.env.TROUPE_DATA_DIR || undefined));
  const looks: string[] = [];
  for (const place of places) {
    const living = await livingControlSockets(place);
    const meant = living?.filter((one) => system === undefined || one.system === system) ?? [];
    if (meant.length === 1) return meant[0] as ControlSocketFile;
    if (meant.length > 1)
      throw notFound(
        severalText(place, meant),
        "choose one by its name, connect({ system }), or by its socket, connect('unix:<path>')",
      );
    looks.push(lookText(place, living));
  }
  const what = system === undefined ? 'no system' : `no system '${system}'`;
  throw notFound(
    `${what} was found: ${looks.join('; ')}`,
    "start one there, or say where it is: connect({ dataDir }), TROUPE_DATA_DIR, or connect('unix:<path>')",
  );
}

function lookText(place: string, living: readonly ControlSocketFile[] | undefined): string {
  const folder = controlFolderOf(place);
  if (living === undefined)
    return existsSync(folder) ? `${folder} is no folder of this user alone` : `there is no folder ${folder}`;
  const others = living.map((one) => `'${one.system}'`).join(', ');
  return others === '' ? `at no socket in ${folder} does anybody listen` : `in ${folder} are ${others}`;
}

function severalText(place: string, living: readonly ControlSocketFile[]): string {
  const names = living.map(({ system, path }) => `'${system}' at ${path}`).join(', ');
  return `${living.length} systems run with the dataDir ${place}: ${names}`;
}

function notFound(what: string, advice: string): TroupeError {
  return new TroupeError('ACTOR_UNAVAILABLE', `${what}; ${advice}`, { fate: 'not-executed' });
}

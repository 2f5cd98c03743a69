/**
 * The folder of control sockets in a dataDir: one socket for each system that runs with that dataDir, by which tools of the
 * same user find it. The socket of a dead system is known by connecting.
 */
import { randomBytes } from 'node:crypto';
import { lstatSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ageMs, isPrivateFolder } from '../wire/private-folder.ts';
import { withShortPath } from '../wire/short-path.ts';
import { isDeserted } from '../wire/socket-folder.ts';

const CONTROL_FOLDER = 'control';
/** `<system>.<random>.sock`: each start has a name of its own, so that none takes away another one's file. */
const CONTROL_SOCKET = /^([a-z][a-z0-9-]{0,63})\.[0-9a-f]{12}\.sock$/;
/** Control sockets of one dataDir that a start or a search looks at. */
export const CONTROL_SOCKETS_MAX = 256;
/** Milliseconds before a socket that nobody answers counts as left behind: its system may be about to listen. */
export const YOUNG_MS = 1_000;

export interface ControlSocketFile {
  readonly path: string;
  /** The name of its system. */
  readonly system: string;
}

export function controlFolderOf(dataDir: string): string {
  return join(dataDir, CONTROL_FOLDER);
}

export function newControlSocketFile(dataDir: string, system: string): string {
  return join(controlFolderOf(dataDir), `${system}.${randomBytes(6).toString('hex')}.sock`);
}

/** Those at which somebody listens; undefined where the folder is not this user's alone, or not there. */
export async function livingControlSockets(dataDir: string): Promise<ControlSocketFile[] | undefined> {
  const folder = controlFolderOf(dataDir);
  if (!isPrivateFolder(folder)) return undefined;
  const living: ControlSocketFile[] = [];
  for (const file of socketFilesIn(folder)) if (!(await withShortPath(file.path, isDeserted))) living.push(file);
  return living;
}

/** Removes the sockets of dead systems. */
export async function removeDeserted(dataDir: string): Promise<void> {
  for (const { path } of socketFilesIn(controlFolderOf(dataDir))) {
    if (ageMs(path) < YOUNG_MS || !(await withShortPath(path, isDeserted))) continue;
    try {
      unlinkSync(path);
    } catch {
      // Another start was faster.
    }
  }
}

function socketFilesIn(folder: string): ControlSocketFile[] {
  const found: ControlSocketFile[] = [];
  for (const name of readdirSync(folder)) {
    const system = CONTROL_SOCKET.exec(name)?.[1];
    const path = join(folder, name);
    if (system === undefined || !lstatSync(path, { throwIfNoEntry: false })?.isSocket()) continue;
    found.push({ path, system });
    if (found.length >= CONTROL_SOCKETS_MAX) break;
  }
  return found;
}

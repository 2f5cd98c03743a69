/**
 * The control socket: a client socket with all rights in the dataDir, by which tools of the same user find the system. Its folder
 * is this user's alone; what is empty once the system has ended is removed, as far as the system had made it.
 */
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { controlFolderOf, newControlSocketFile, removeDeserted } from '../client-wire/control-folder.ts';
import { ensurePrivateFolder, isPrivateFolder } from '../wire/private-folder.ts';
import { ClientListener, type Visitors } from './client-listener.ts';
import { HANDSHAKE_MS, type Listen } from './listen-options.ts';
import { CLIENT_RIGHTS, Rights } from './rights.ts';

/** Tries to listen in a folder that another system removes meanwhile, as it ends. */
const TRIES_MAX = 3;

export interface ControlOptions {
  /** Absolute. */
  readonly dataDir: string;
  /** A system that cannot have it does not start. */
  readonly isRequired: boolean;
}

export class ControlSocket {
  readonly #dataDir: string;
  readonly #system: string;
  readonly #newListener: (listen: Listen) => ClientListener;
  #listener: ClientListener | undefined;
  /** The first folder that was not there before. */
  #made: string | undefined;

  constructor(dataDir: string, system: string, visitorsFor: (listen: Listen) => Visitors) {
    this.#dataDir = dataDir;
    this.#system = system;
    this.#newListener = (listen) => new ClientListener(listen, visitorsFor(listen));
  }

  /** Rejects where nobody can listen there. */
  async open(tries: number = TRIES_MAX): Promise<void> {
    const folder = controlFolderOf(this.#dataDir);
    try {
      this.#made ??= mkdirSync(this.#dataDir, { recursive: true, mode: 0o700 });
      ensurePrivateFolder(folder);
      await removeDeserted(this.#dataDir);
      this.#listener = this.#newListener({
        address: { scheme: 'unix', path: newControlSocketFile(this.#dataDir, this.#system) },
        ...{ tls: undefined, clients: [], origins: [], handshakeMs: HANDSHAKE_MS },
        everybody: new Rights('the control socket', CLIENT_RIGHTS, ['*']),
      });
      await this.#listener.open();
    } catch (error) {
      const wasRemoved = !existsSync(folder);
      this.close();
      if (tries <= 1 || !wasRemoved) throw error;
      await this.open(tries - 1);
    }
  }

  /** Removes the file, and the folders that are empty then. */
  close(): void {
    this.#listener?.close();
    this.#listener = undefined;
    const folder = controlFolderOf(this.#dataDir);
    const folders = isPrivateFolder(folder) ? [folder] : [];
    for (let path = this.#dataDir; this.#made !== undefined && path.startsWith(this.#made); path = dirname(path))
      folders.push(path);
    try {
      for (const folder of folders) rmdirSync(folder);
    } catch {
      // Another system has a socket there, or there are data, or nobody may remove it.
    }
  }
}

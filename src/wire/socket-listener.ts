/**
 * Where one process listens for links: a socket file, looked after for as long as the process lives. A cleaner of the
 * temporary folder may take the file, or the whole folder, at any time: nobody finds the way in then, though links that
 * stand go on. So the file is touched, looked at once in a while and whenever somebody is about to come, and made again.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import { asError } from '../vocabulary/errors.ts';
import { ensurePrivateFolder, identityOf, touch } from './private-folder.ts';

/** Milliseconds between two looks at the file; also between two tries to make it again. */
export const LOOK_MS = 1_000;
/** The file is touched at each look of so many: what cleans by age counts in hours. */
export const TOUCH_EVERY = 60;
/** Tries to listen in a folder that somebody removes meanwhile. */
const TRIES_MAX = 3;

export interface SocketListenerOptions {
  readonly clock: Clock;
  readonly folder: string;
  readonly path: string;
  /** Bytes that wait in one socket's queue before `write` says false. */
  readonly unwrittenBytes: number;
  visited(socket: Socket): void;
  /** It is shut, and cannot be opened again for now. Told once until it is open again. */
  troubled(error: Error): void;
}

export class SocketListener {
  readonly #options: SocketListenerOptions;
  /** Named pipes on Windows are no files: nobody cleans them away. */
  readonly #isFile = process.platform !== 'win32';
  #server: Server | undefined;
  #identity: string | undefined;
  #timer: Timer | undefined;
  #opening: Promise<void> | undefined;
  #isTroubled = false;
  #isClosed = false;

  constructor(options: SocketListenerOptions) {
    this.#options = options;
  }

  /** Resolves when others can come in. */
  async open(): Promise<void> {
    await this.#openOnce();
    this.#lookLater(1);
  }

  /** Opens it again where its file is gone, or is another one. */
  mend(): void {
    if (!this.#isFile || this.#isClosed || this.#opening || this.#identity === undefined) return;
    if (identityOf(this.#options.path) === this.#identity) return;
    this.#openOnce().then(
      () => {
        this.#isTroubled = false;
      },
      (error) => this.#failed(asError(error)),
    );
  }

  /** Removes the file; whoever came in stays. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#shut();
  }

  #openOnce(): Promise<void> {
    this.#opening ??= this.#listen(TRIES_MAX).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #listen(tries: number): Promise<void> {
    const { folder, path, unwrittenBytes, visited } = this.#options;
    if (this.#isFile) ensurePrivateFolder(folder);
    // First: a server that closes removes the file at its path, whoever made it.
    this.#shut();
    const server = createServer({ highWaterMark: unwrittenBytes, pauseOnConnect: true });
    server.on('connection', visited);
    try {
      await listening(server, path);
    } catch (error) {
      const isFolderGone = this.#isFile && identityOf(folder) === undefined;
      if (isFolderGone && tries > 1 && !this.#isClosed) return this.#listen(tries - 1);
      throw error;
    }
    this.#server = server;
    this.#identity = identityOf(path) ?? 'gone already';
    if (this.#isClosed) this.#shut();
  }

  #shut(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  #failed(error: Error): void {
    if (!this.#isTroubled) this.#options.troubled(error);
    this.#isTroubled = true;
  }

  #lookLater(looks: number): void {
    if (this.#isClosed) return;
    this.#timer = this.#options.clock.setTimer(LOOK_MS, () => {
      this.#lookLater(looks + 1);
      this.mend();
      if (this.#isFile && looks % TOUCH_EVERY === 0) touch([this.#options.folder, this.#options.path]);
    });
  }
}

async function listening(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Its own, not one that node:cluster shares: links are made without the primary, and stay when other servers close.
    server.listen({ path, exclusive: true }, resolve);
  });
  server.removeAllListeners('error');
  // Such as too many open files: the one who connects sees it too, those who are linked go on.
  server.on('error', () => {});
}

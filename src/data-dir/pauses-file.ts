/**
 * The pauses of a system, kept in its dataDir: a whole new file in place of the old one each time, on disk before its name is. So a pause that was
 * promised is there at the next start, and what is read is never a half.
 */
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { TroupeError, wordsOf, asError } from '../vocabulary/errors.ts';
import { faultOfPattern, PAUSE_REASON_MAX, PAUSES_MAX, type Pause } from '../vocabulary/pause.ts';

export const PAUSES_FILE = 'pauses.json';
/** Beyond, it is no file of ours. */
export const PAUSES_BYTES_MAX: number = 1024 * 1024;

export class PausesFile {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Those of the system before. Throws STORE_FAILED where the file cannot be read: what was paused is not to run. */
  async read(): Promise<Pause[]> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw this.#failed('be read', asError(error));
    }
    try {
      if (text.length > PAUSES_BYTES_MAX) throw new Error(`it has ${text.length} bytes`);
      return pausesOf(JSON.parse(text));
    } catch (error) {
      throw this.#failed('be understood', asError(error));
    }
  }

  /** Resolves once they are on disk. Rejects STORE_FAILED. */
  readonly write = async (pauses: readonly Pause[]): Promise<void> => {
    try {
      const next = `${this.#path}.next`;
      const file = await open(next, 'w', 0o600);
      try {
        await file.writeFile(JSON.stringify(pauses));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(next, this.#path);
      await syncFolder(this.#folder);
    } catch (error) {
      throw this.#failed('be written', asError(error));
    }
  };

  get #path(): string {
    return join(this.#folder, PAUSES_FILE);
  }

  #failed(what: string, error: Error): TroupeError {
    const text = `the pauses in ${this.#path} cannot ${what}: ${wordsOf(error)}`;
    return new TroupeError('STORE_FAILED', text, { cause: error });
  }
}

/** Not everywhere can a folder be synced. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

function pausesOf(data: unknown): Pause[] {
  if (!Array.isArray(data) || data.length > PAUSES_MAX) throw new Error('it holds no list of pauses');
  return data.map(({ pattern, reason, since, perSecond }: Partial<Pause>) => {
    const fault = faultOfPattern(pattern);
    const isReason = reason === undefined || (typeof reason === 'string' && reason.length <= PAUSE_REASON_MAX);
    const isRate = perSecond === undefined || (typeof perSecond === 'number' && perSecond > 0);
    if (fault !== undefined || !isReason || !isRate || typeof since !== 'number')
      throw new Error('a pause has no sense');
    return { pattern: pattern as string, reason, since, perSecond };
  });
}

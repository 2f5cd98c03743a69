/**
 * A look at a copy of a store as a whole, in a process of its own: where pages are damaged, the engine may end the process that
 * reads them. The process that asked lives on, and says so.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { storeFailed } from '../store/commit-rules.ts';
import type { DataCheck } from '../store/data-check.ts';
import { DATA_FILE } from '../store/lmdb-file.ts';
import { asError, type ErrorData, errorFromData, type TroupeError } from '../vocabulary/errors.ts';

const PROGRAM = fileURLToPath(new URL('../data-dir/copy-reader.js', import.meta.url));
/** Milliseconds between two signs of life of the reader, and between two looks for one. */
export const READER_SIGN_MS = 1_000;
/** Looks in a row that find no sign. They are counted, not their time: that goes on while both processes are stopped by Ctrl-Z. */
export const READER_SILENT_LOOKS_MAX = 60;
/** Signals by which a process ends that reads where nothing is. Others come from outside. */
const CRASHES: readonly (NodeJS.Signals | null)[] = ['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGILL', 'SIGFPE', 'SIGTRAP'];

/** Said by the reader to the process that has started it. The last one is its answer. */
export type FromReader =
  | { readonly type: 'alive' }
  | { readonly type: 'checked'; readonly check: DataCheck }
  | { readonly type: 'refused'; readonly error: ErrorData };

type Answer = Exclude<FromReader, { type: 'alive' }>;

/** The copy in a folder. Messages call it `name`. */
export interface LookedAt {
  readonly folder: string;
  readonly name: string;
  /** Path of the program that reads it; a test has its own. */
  readonly program?: string | undefined;
}

/** Throws STORE_FAILED where the copy has faults, cannot be opened, or ends the process that reads it. */
export async function checkedCopy(copy: LookedAt): Promise<DataCheck> {
  try {
    const answer = await answerOf(copy);
    if (answer.type === 'refused') throw errorFromData(answer.error);
    const { faults, told } = answer.check;
    if (faults === 0) return answer.check;
    throw storeFailed(`the copy in ${copy.name} has ${faults} faults: ${told.join('; ')}`);
  } finally {
    rmSync(join(copy.folder, `${DATA_FILE}-lock`), { force: true });
  }
}

function answerOf({ folder, name, program = PROGRAM }: LookedAt): Promise<Answer> {
  // Options that the command was started with are for itself: an inspector, say.
  const reader = fork(program, [folder], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  return new Promise((resolve, reject) => {
    let answer: Answer | undefined;
    const looks = whenSilent(reader, () => {
      reader.kill('SIGKILL');
      // The kernel may keep it, as long as a disk does not answer: nobody waits for that.
      detach(reader);
      const seconds = (READER_SILENT_LOOKS_MAX * READER_SIGN_MS) / 1_000;
      reject(uncheckable(name, `the process that reads it gave no sign of life for ${seconds} s, and was killed`));
    });
    reader.on('message', (message: FromReader) => {
      if (message.type !== 'alive') answer = message;
    });
    reader.once('error', (error) => {
      clearInterval(looks);
      detach(reader);
      reject(uncheckable(name, asError(error).message, error));
    });
    whenOver(reader, (code, signal) => {
      clearInterval(looks);
      if (answer) resolve(answer);
      else reject(lostReader(name, code, signal));
    });
  });
}

function whenSilent(reader: ChildProcess, act: () => void): NodeJS.Timeout {
  let silentLooks = 0;
  reader.on('message', () => {
    silentLooks = 0;
  });
  const looks = setInterval(() => {
    if (++silentLooks < READER_SILENT_LOOKS_MAX) return;
    clearInterval(looks);
    act();
  }, READER_SIGN_MS);
  return looks;
}

function detach(reader: ChildProcess): void {
  if (reader.connected) reader.disconnect();
  reader.unref();
}

/** An exit may be reported before the answer is read. The channel ends behind it. */
function whenOver(reader: ChildProcess, tell: (code: number | null, signal: NodeJS.Signals | null) => void): void {
  reader.once('exit', (code, signal) => {
    if (reader.connected) reader.once('disconnect', () => tell(code, signal));
    else tell(code, signal);
  });
}

function lostReader(name: string, code: number | null, signal: NodeJS.Signals | null): TroupeError {
  if (CRASHES.includes(signal))
    return storeFailed(`the copy in ${name} is damaged: the engine ended while it read it (${signal})`);
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
  return uncheckable(name, `the process that reads it ended ${how}, without an answer`);
}

function uncheckable(name: string, reason: string, cause?: unknown): TroupeError {
  return storeFailed(`the copy in ${name} could not be checked: ${reason}`, cause);
}

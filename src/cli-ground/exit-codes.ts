/** How a command ends: its exit code, and the error that leads to it. */
import { TroupeError } from '../vocabulary/errors.ts';

export const DONE = 0;
export const FAILED = 1;
export const WRONG_USE = 2;
export const NO_SYSTEM = 3;

export class CommandError extends Error {
  readonly exitCode: number;
  readonly code: string;

  constructor(exitCode: number, code: string, message: string) {
    super(message);
    this.exitCode = exitCode;
    this.code = code;
  }
}

export function wrongUse(message: string): CommandError {
  return new CommandError(WRONG_USE, 'WRONG_USE', message);
}

/** Mistakes in what was typed, which the system has found. */
const TYPED = ['INVALID_OPTIONS', 'INVALID_ACTOR_ID'];

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  return error instanceof TroupeError && TYPED.includes(error.code) ? WRONG_USE : FAILED;
}

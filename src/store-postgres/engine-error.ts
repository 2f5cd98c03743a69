/** The engine's answer to a statement that failed, sorted by what is known of it then. */
import { asError } from '../vocabulary/errors.ts';

/** `not-applied`: nothing of it is there, nor will be. `unknown`: it may be there, or come to be there later. */
export type Fate = 'not-applied' | 'unknown';

/** Nothing wrong with the statement: the same may go well later. */
const LATER = /^(08|40|53|55P03|57|25006|58)/;
/** Of these the session, or the whole server, may be ending: what is told then is no word about the commit. */
const SESSION_ENDS = /^(08|57P|58|XX)/;

export class EngineError extends Error {
  readonly fate: Fate;
  /** The engine's SQLSTATE; '' where it said nothing. */
  readonly state: string;
  /** It may go well later. */
  readonly isPassing: boolean;

  constructor(message: string, fate: Fate, state: string, isPassing: boolean, cause?: unknown) {
    super(message, { cause });
    this.name = 'EngineError';
    this.fate = fate;
    this.state = state;
    this.isPassing = isPassing;
  }
}

/** The statement was sent, and this came of it. */
export function statementError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  const { message } = asError(error);
  // Severities come in the language of the server: what is no word that is known is no certainty either.
  const isAnswer = severity === 'ERROR' && typeof code === 'string' && !SESSION_ENDS.test(code);
  if (isAnswer) return new EngineError(message, 'not-applied', code, LATER.test(code), error);
  return new EngineError(message, 'unknown', typeof code === 'string' ? code : '', true, error);
}

/** There is no session in which it could have been sent. */
export function connectError(error: unknown): EngineError {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  const state = typeof code === 'string' && severity !== undefined ? code : '';
  // A password that is wrong, a database that is not there: of no use to try again, but an administrator may mend it.
  return new EngineError(asError(error).message, 'not-applied', state, true, error);
}

/**
 * Every error of troupe, in one table. The text of an argument error says what was expected and ends with what was got;
 * that of a fault says what happened, to whom, and the limit with its value.
 * Errors cross between processes as plain data (`errorToData`, `errorFromData`).
 */
import {
  cutText,
  ERROR_NAME_MAX,
  type ErrorReading,
  errorOfReading,
  isErrorLike,
  isErrorReading,
  isSoundError,
  readError,
  textOf,
} from './error-reading.ts';
import { brand, isInstance } from './brand.ts';
import { inspect } from '../plain-data/inspect.ts';

/** Every code of a `TroupeError`, and what it means. */
export const ERROR_CODES = {
  INVALID_ACTOR_ID: 'an id is not <kind>/<key> within its bounds',
  UNKNOWN_KIND: 'no definition has this kind',
  INVALID_MESSAGE: 'a message is not plain data, or does not pass its schema',
  UNKNOWN_MESSAGE: 'the actor has no handler for this message type',
  MESSAGE_TOO_LARGE: 'an encoded message is larger than messageBytesMax',
  MAILBOX_FULL: 'the mailbox of the actor holds its capacity',
  OVERLOADED: 'a queue on the way to the actor is full',
  ASK_TIMEOUT: 'no reply came before the deadline',
  ASK_ABORTED: 'the asker aborted the ask',
  ASK_CYCLE: 'actors wait for each other in a ring',
  ACTOR_UNAVAILABLE: 'the worker that hosted the actor died, or cannot be reached',
  ACTOR_STOPPED: 'the actor ended before it handled the message',
  ACTOR_FAILED: 'the actor failed past its restart intensity',
  HANDLER_FAILED: 'the handler threw',
  REFUSED: 'the handler refused the ask',
  ALREADY_EXISTS: 'the actor runs already, with other arguments',
  NO_WORKER: 'no worker can host the actor',
  SHUTTING_DOWN: 'the system is shutting down',
  INVALID_OPTIONS: 'options or definitions are not valid',
  STORE_FAILED: 'the store could not do what was asked',
  STORE_LOCKED: 'another system holds the dataDir',
  PROCESS_DIED: 'the process died again and again while the actor handled the message, or started',
  FORBIDDEN: 'the rights of the client do not give it',
  RETURNED: 'the broker has no queue that the message is for',
  NACKED: 'the broker did not take the message',
} as const;

/** Code of a `TroupeError`. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Whether the handler of an ask ran: it did not, and it is safe to ask again; it did; or nobody can know. */
export type Fate = 'not-executed' | 'executed' | 'unknown';

/** Fields that a `TroupeError` may have beside its code and message. */
export interface TroupeErrorOptions {
  /** Whether the handler ran. Default: not said. */
  fate?: Fate | undefined;
  /** The error behind it. Default: none. */
  cause?: unknown;
  /** `REFUSED` only: the reason given to `Refusal`. */
  reason?: string | undefined;
  /** `REFUSED` only: the data given to `Refusal`. */
  data?: unknown;
}

/**
 * Every error that troupe throws or rejects with. `code` says what happened, the message says to whom. `instanceof` also holds for errors of another copy of
 * this package in the same process.
 *
 * @example
 * ```ts
 * try {
 *   await system.ask('account/ada', { type: 'withdraw', amount: 10 });
 * } catch (error) {
 *   if (!(error instanceof TroupeError) || error.fate !== 'not-executed') throw error;
 *   console.log(`${error.code}: nothing was withdrawn`);
 * }
 * ```
 */
export class TroupeError extends Error {
  /** `TroupeError`. */
  override readonly name = 'TroupeError';
  /** The name of what happened, one of `ERROR_CODES`. */
  readonly code: ErrorCode;
  /** Of an ask: whether the handler ran. */
  declare readonly fate?: Fate;
  /** Of `REFUSED`: the reason given to `Refusal`. */
  declare readonly reason?: string;
  /** Of `REFUSED`: the data given to `Refusal`. */
  declare readonly data?: unknown;

  static {
    brand(TroupeError.prototype, 'TroupeError');
  }

  /** Also for errors of another copy of this package in the same process. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: of a subclass, which inherits this
    return isInstance(TroupeError, 'TroupeError', this, value);
  }

  /**
   * Programs seldom make one; a handler that refuses an ask throws `Refusal`.
   *
   * @example
   * ```ts
   * const error = new TroupeError('ASK_TIMEOUT', 'no reply from order/7 within 5000 ms', { fate: 'unknown' });
   * ```
   */
  constructor(code: ErrorCode, message: string, options: TroupeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.fate !== undefined) this.fate = options.fate;
    if (options.reason !== undefined) this.reason = options.reason;
    if (options.data !== undefined) this.data = options.data;
  }
}

/**
 * Thrown by a handler to refuse an ask: the asker gets REFUSED with its reason, message and data, the actor goes on, nothing restarts.
 *
 * @example
 * ```ts
 * if (message.amount > ctx.state.balance) throw new Refusal('insufficient', 'not enough money', { balance: ctx.state.balance });
 * ```
 */
export class Refusal extends Error {
  /** `Refusal`. */
  override readonly name = 'Refusal';
  /** A short name for programs, of at most 1 024 characters; what is longer is cut. */
  readonly reason: string;
  /** More for the asker: plain data; anything else is left out. */
  readonly data: unknown;

  static {
    brand(Refusal.prototype, 'Refusal');
  }

  /** Also for one of another copy of this package: the actors of a program may import a copy of their own. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: of a subclass, which inherits this
    return isInstance(Refusal, 'Refusal', this, value);
  }

  /**
   * `message` is for people, by default the reason; `data` is plain data for the asker, by default undefined.
   *
   * @example
   * ```ts
   * throw new Refusal('sold-out');
   * ```
   */
  constructor(reason: string, message?: string, data?: unknown) {
    super(message ?? reason);
    this.reason = reason;
    this.data = data;
  }
}

/** The part of an error that is kept when it was thrown in another process. */
export interface ErrorData {
  code: ErrorCode;
  message: string;
  fate?: Fate;
  reason?: string;
  data?: unknown;
  cause?: ErrorReading;
}

export function errorToData(error: TroupeError): ErrorData {
  const data: ErrorData = { code: error.code, message: cutText(error.message) };
  if (error.fate !== undefined) data.fate = error.fate;
  if (error.reason !== undefined) data.reason = error.reason;
  if (error.data !== undefined) data.data = error.data;
  if (isErrorLike(error.cause)) data.cause = readError(error.cause);
  return data;
}

export function errorFromData(data: ErrorData): TroupeError {
  return new TroupeError(data.code, data.message, {
    fate: data.fate,
    reason: data.reason,
    data: data.data,
    cause: data.cause && errorOfReading(data.cause),
  });
}

const FATES: readonly unknown[] = ['not-executed', 'executed', 'unknown', undefined];

/** Whether something that came from another process is what `errorToData` gives. */
export function isErrorData(value: unknown): value is ErrorData {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message, fate, reason, cause } = value as { [K in keyof ErrorData]: unknown };
  return (
    typeof code === 'string' &&
    Object.hasOwn(ERROR_CODES, code) &&
    typeof message === 'string' &&
    FATES.includes(fate) &&
    (reason === undefined || typeof reason === 'string') &&
    (cause === undefined || isErrorReading(cause))
  );
}

/** Anything that was thrown, as an Error whose name and message can be read. Never throws. */
export function asError(thrown: unknown): Error {
  if (isSoundError(thrown)) return thrown;
  if (isErrorLike(thrown)) return errorOfReading(readError(thrown));
  return new Error(
    typeof thrown === 'string' ? cutText(thrown) : `a value that is no Error was thrown: ${inspect(thrown)}`,
  );
}

/** `TypeError: x`, for the end of an error's text. */
export function wordsOf(error: Error): string {
  return `${textOf(error.name, ERROR_NAME_MAX)}: ${textOf(error.message)}`;
}

/** A refusal that leaves a dead letter: what cannot be delivered outside, and no second try changes that. */
export class Undeliverable extends Refusal {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(code, message);
    this.code = code;
  }
}

/** A refusal, whatever may be thrown beside it. Never throws. */
export function isRefusal(thrown: unknown): thrown is Refusal {
  try {
    return thrown instanceof Refusal;
  } catch {
    return false;
  }
}

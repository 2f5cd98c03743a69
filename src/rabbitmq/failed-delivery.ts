/** The verdict on a delivery whose ask has failed. Pure. */
import { backoffMs } from '../supervision/backoff.ts';
import { type ErrorCode, TroupeError } from '../vocabulary/errors.ts';

/** Milliseconds until a delivery is asked again: doubled each time. */
export const AGAIN: { initialMs: number; maxMs: number; factor: number; jitter: number } = {
  initialMs: 100,
  maxMs: 30_000,
  factor: 2,
  jitter: 0.2,
};

export type Verdict =
  /** Asked again here, after a while: it stays unacknowledged. */
  | { readonly act: 'again'; readonly afterMs: number }
  /** It fails again as it is. */
  | { readonly act: 'reject'; readonly code: ErrorCode }
  /** Perhaps it is handled: it comes again, and is known then. */
  | { readonly act: 'requeue' }
  /** The system goes: the broker gives it to somebody else. */
  | { readonly act: 'leave' };

/** Failures that no second try changes. */
const FINAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...(['HANDLER_FAILED', 'REFUSED', 'RETURNED', 'NACKED', 'PROCESS_DIED', 'FORBIDDEN'] as const),
  ...(['INVALID_ACTOR_ID', 'UNKNOWN_KIND', 'INVALID_MESSAGE', 'UNKNOWN_MESSAGE', 'MESSAGE_TOO_LARGE'] as const),
]);

/** `tries`: so far, from 1. A handler that still runs past its deadline has the fate `executed` too: only the code says that it failed. */
export function verdictOf(error: unknown, tries: number, triesMax: number, random: number): Verdict {
  if (!(error instanceof TroupeError)) return { act: 'reject', code: 'INVALID_MESSAGE' };
  const { code, fate } = error;
  if (FINAL.has(code)) return { act: 'reject', code };
  if (code === 'SHUTTING_DOWN') return { act: 'leave' };
  if (tries < triesMax) return { act: 'again', afterMs: backoffMs(AGAIN, tries, random) };
  return fate === 'not-executed' ? { act: 'reject', code } : { act: 'requeue' };
}

/** The list of pauses, as the table holds it: what a pause and a resume make of it. */
import { TroupeError } from '../vocabulary/errors.ts';
import { PAUSES_MAX, type Pause } from '../vocabulary/pause.ts';

/** With one more. Paused again, it keeps its time. Throws OVERLOADED. */
export function withPause(pauses: readonly Pause[], pattern: string, reason: string | undefined, now: number): Pause[] {
  const before = pauses.find((pause) => pause.pattern === pattern);
  const others = pauses.filter((pause) => pause !== before);
  if (others.length >= PAUSES_MAX) {
    const text = `${PAUSES_MAX} patterns are paused, which is the limit; ${pattern} is not paused`;
    throw new TroupeError('OVERLOADED', text, { fate: 'not-executed' });
  }
  const since = before !== undefined && before.perSecond === undefined ? before.since : now;
  return [...others, { pattern, reason: reason ?? before?.reason, since, perSecond: undefined }];
}

/** Without it, or with it at a rate. Undefined: nothing is paused under this pattern. */
export function withResume(
  pauses: readonly Pause[],
  pattern: string,
  perSecond: number | undefined,
): Pause[] | undefined {
  const before = pauses.find((pause) => pause.pattern === pattern);
  if (before === undefined) return undefined;
  const others = pauses.filter((pause) => pause !== before);
  return perSecond === undefined ? others : [...others, { ...before, perSecond }];
}

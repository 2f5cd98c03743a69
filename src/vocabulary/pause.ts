/** A pause: actors whose ids match its pattern begin no turn, or only so many in a second. Pure. */
import { type ActorId, kindOf } from './address.ts';

/** Characters of a pattern, and of a reason. */
export const PAUSE_PATTERN_MAX = 256;
export const PAUSE_REASON_MAX = 256;
/** Stars in a pattern. */
export const PAUSE_STARS_MAX = 8;
/** Patterns at once: with the bounds of each, about 200 KiB in the table. */
export const PAUSES_MAX = 256;

/** Actors that are paused, or resumed at a rate. */
export interface Pause {
  /** The ids that it is for: `*` stands for any characters, also none. */
  pattern: string;
  /** The reason that was given. */
  reason: string | undefined;
  /** When it was paused, in milliseconds since the Unix epoch. */
  since: number;
  /** Messages that are handled in a second, in the whole system; undefined: none. */
  perSecond: number | undefined;
}

/** Why it is no pattern; undefined where it is one. */
export function faultOfPattern(pattern: unknown): string | undefined {
  if (typeof pattern !== 'string' || pattern === '') return 'expected an id, or a pattern such as order/*';
  if (pattern.length > PAUSE_PATTERN_MAX) return `expected at most ${PAUSE_PATTERN_MAX} characters`;
  if (pattern.split('*').length - 1 > PAUSE_STARS_MAX) return `expected at most ${PAUSE_STARS_MAX} stars`;
  if (!pattern.includes('/') && !pattern.includes('*')) return `expected an id, or a pattern such as ${pattern}/*`;
  return undefined;
}

/** The kind that a pattern names; undefined: it may be for several. */
export function kindOfPattern(pattern: string): string | undefined {
  const kind = kindOf(pattern);
  return pattern.includes('/') && !kind.includes('*') ? kind : undefined;
}

/** Whether an id matches. Its parts are looked for one after another, so that no pattern takes longer than the id is long, times its stars. */
export function matcherOf(pattern: string): (id: ActorId) => boolean {
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined) return (id) => id === pattern;
  return (id) => {
    if (!id.startsWith(head)) return false;
    let at = head.length;
    for (const part of rest) {
      const found = id.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return id.length - tail.length >= at && id.endsWith(tail);
  };
}

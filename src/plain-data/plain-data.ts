/**
 * Is a value plain data: what structured clone keeps, and arrives equal in another process?
 * `inspectPlain` runs for every message that crosses a link and, where messages are checked, for every local one.
 */
import { types } from 'node:util';
import { isForeignPlain } from './built-in-prototype.ts';
import { Inspection, type PlainReport } from './plain-inspection.ts';

export { DEPTH_MAX, type PlainFault, type PlainReport } from './plain-inspection.ts';

const shared: Inspection = new Inspection();
let busy = false;

/** Looks at every part of `value`, once; never throws. Getters run, as they do in a structured clone. */
export function inspectPlain(value: unknown): PlainReport {
  // A getter may send a message of its own while the shared inspection is in use.
  if (busy) return new Inspection().report(value);
  busy = true;
  const report = shared.report(value);
  busy = false;
  return report;
}

/** Freezes plain objects and arrays, all the way down. Everything else is left as it is. */
export function deepFreeze(value: unknown): void {
  if (!isFreezable(value)) return;
  let rest: object[] | undefined;
  let met: Set<object> | undefined;
  for (let next: object | undefined = value; next !== undefined; next = rest?.pop()) {
    // A part that was frozen before may hold parts that are not: it is walked too, but only once.
    if (Object.isFrozen(next)) {
      met ??= new Set();
      if (met.has(next)) continue;
      met.add(next);
    } else {
      Object.freeze(next);
    }
    for (const key in next) {
      const part = partOf(next as Record<string, unknown>, key);
      if (typeof part === 'object' && isFreezable(part)) (rest ??= []).push(part);
    }
  }
}

function partOf(value: Record<string, unknown>, key: string): unknown {
  try {
    return value[key];
  } catch {
    return undefined; // a getter that throws has nothing to freeze
  }
}

function isFreezable(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    prototype === Object.prototype || prototype === null || Array.isArray(value) || isForeignPlain(prototype as object)
  );
}

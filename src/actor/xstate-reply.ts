/**
 * The part of a machine's context that an asker gets. A context often holds the actors that the machine has spawned, which are no
 * plain data; the transition was made all the same, so the asker gets what is.
 */
import { types } from 'node:util';
import { inspectPlain } from '../plain-data/plain-data.ts';

/** The form of an actor of the machine, as in XState's own JSON of it. */
interface MachineRefForm {
  xstate$$type: 1;
  id: string;
}

/** A copy without what is no plain data; actors of the machine become `{ xstate$$type: 1, id }`. */
export function plainPart(value: unknown): unknown {
  return partOf(value, new Map());
}

function partOf(value: unknown, copies: Map<object, unknown>): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (copies.has(value)) return copies.get(value);
  if (types.isProxy(value)) return undefined;
  if (isMachineRef(value)) return { xstate$$type: 1, id: value.id } satisfies MachineRefForm;
  if (types.isMap(value)) return mapPart(value, copies);
  if (types.isSet(value)) return setPart(value, copies);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value)) return keysPart(value, [], copies);
  if (prototype === Object.prototype || prototype === null) return keysPart(value, {}, copies);
  return inspectPlain(value).fault ? undefined : value;
}

function keysPart(value: object, copy: object, copies: Map<object, unknown>): object {
  copies.set(value, copy);
  for (const key of Object.keys(value)) {
    const whole = (value as Record<string, unknown>)[key];
    const part = partOf(whole, copies);
    if (part === undefined && whole !== undefined && !Array.isArray(copy)) continue;
    Object.defineProperty(copy, key, { value: part, writable: true, enumerable: true, configurable: true });
  }
  return copy;
}

function mapPart(value: Map<unknown, unknown>, copies: Map<object, unknown>): Map<unknown, unknown> {
  const copy = new Map<unknown, unknown>();
  copies.set(value, copy);
  for (const [key, one] of value) copy.set(partOf(key, copies), partOf(one, copies));
  return copy;
}

function setPart(value: Set<unknown>, copies: Map<object, unknown>): Set<unknown> {
  const copy = new Set<unknown>();
  copies.set(value, copy);
  for (const one of value) copy.add(partOf(one, copies));
  return copy;
}

/** As XState tells its actors from other objects. */
function isMachineRef(value: object): value is { id: string } {
  return 'sessionId' in value && 'send' in value && 'ref' in value;
}

/**
 * A copy of plain data. Replies are copied, so that what a handler returns of its state stays its own.
 */
import { types } from 'node:util';
import { type CloneParts, deserializeClone, serializeClone } from './clone-bytes.ts';
import { inspectPlain } from './plain-data.ts';
import { Ref } from './ref.ts';

/** Throws where a value is no plain data. `parts`: those of its inspection, where there was one already. */
export function copyPlain(value: unknown, parts?: CloneParts): unknown {
  if (typeof value !== 'object' || value === null) {
    if (typeof value === 'function' || typeof value === 'symbol') return structuredClone(value);
    return value;
  }
  if (value instanceof Ref) return value;
  return copyFlat(value) ?? copyDeep(value, parts ?? inspectPlain(value));
}

/** By bytes, not by structuredClone, which makes a Uint8Array of a Buffer and a plain object of a ref. */
function copyDeep(value: object, parts: CloneParts): unknown {
  const byId = new Map(parts.refs?.map((ref) => [ref.id, ref]));
  return deserializeClone(serializeClone(value, parts), (id) => byId.get(id));
}

/**
 * The common small reply, an object of primitives, without the cost of an inspection and a general clone (S2, asks).
 * Undefined for all else.
 */
export function copyFlat(value: object): object | undefined {
  if (types.isProxy(value) || Object.getPrototypeOf(value) !== Object.prototype) return undefined;
  const copy: Record<string, unknown> = {};
  try {
    for (const name in value) {
      const part = (value as Record<string, unknown>)[name];
      const type = typeof part;
      if ((type === 'object' && part !== null) || type === 'function' || type === 'symbol') return undefined;
      if (name === '__proto__' || !Object.hasOwn(value, name)) return undefined;
      copy[name] = part;
    }
  } catch {
    // A getter that threw: the inspection meets it again, and says where it stands.
    return undefined;
  }
  return copy;
}

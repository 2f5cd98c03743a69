/**
 * A copy of plain data. Replies are copied, so that what a handler returns of its state stays its own.
 */
import { deserializeClone, serializeClone } from './clone-bytes.ts';
import { inspectPlain } from './plain-data.ts';
import { Ref } from './ref.ts';

/** Throws where a value is no plain data. `refs`: those in it, where they are known already. */
export function copyPlain(value: unknown, refs?: readonly Ref[]): unknown {
  if (typeof value !== 'object' || value === null) {
    if (typeof value === 'function' || typeof value === 'symbol') return structuredClone(value);
    return value;
  }
  if (value instanceof Ref) return value;
  return copyFlat(value as Record<string, unknown>) ?? copyDeep(value, refs ?? inspectPlain(value).refs);
}

/** By bytes, not by structuredClone, which makes a Uint8Array of a Buffer and a plain object of a ref. */
function copyDeep(value: object, refs: readonly Ref[] | undefined): unknown {
  if (refs === undefined) return deserializeClone(serializeClone(value));
  const byId = new Map(refs.map((ref) => [ref.id, ref]));
  return deserializeClone(serializeClone(value, refs), (id) => byId.get(id));
}

/** The common small reply, an object of primitives, without the cost of a general clone. */
function copyFlat(value: Record<string, unknown>): object | undefined {
  if (Object.getPrototypeOf(value) !== Object.prototype) return undefined;
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    const part = value[name];
    const type = typeof part;
    if ((type === 'object' && part !== null) || type === 'function' || type === 'symbol' || name === '__proto__')
      return undefined;
    copy[name] = part;
  }
  return copy;
}

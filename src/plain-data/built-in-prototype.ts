/** Which prototypes belong to the language and not to somebody's class, in this realm and in others. */
import { Buffer } from 'node:buffer';

const NATIVE = /\{\s*\[native code\]\s*\}$/;

const KNOWN: ReadonlySet<unknown> = new Set<unknown>(
  [
    ...[Array, Date, RegExp, Map, Set, ArrayBuffer, DataView, Buffer, Boolean, Number, String, BigInt],
    ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
    ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array],
  ].map((make) => make.prototype),
);

export function isBuiltInPrototype(prototype: object): boolean {
  return KNOWN.has(prototype) || isNative(prototype);
}

/** Object.prototype of another realm, or an empty object at the end of the chain, as some parsers make. */
export function isForeignPlain(prototype: object): boolean {
  if (Object.getPrototypeOf(prototype) !== null) return false;
  if (Reflect.ownKeys(prototype).length === 0) return true;
  return isNative(prototype) && (prototype.constructor as { name?: unknown }).name === 'Object';
}

function isNative(prototype: object): boolean {
  const make: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof make !== 'function' || make.prototype !== prototype) return false;
  return NATIVE.test(Function.prototype.toString.call(make));
}

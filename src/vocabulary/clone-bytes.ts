/** Structured clone in bytes, for what the fast codec does not keep: Map, Set, Error, cycles, refs of actors and the like. */
import { Buffer } from 'node:buffer';
import { DefaultDeserializer, serialize } from 'node:v8';
import type { ActorId } from './address.ts';
import type { Ref } from './ref.ts';
import { replaceParts } from './replaced-parts.ts';

/** What begins the bytes of a value with refs in it; those of any other begin with V8's own 0xff. */
const WITH_REFS = 1;

/** A ref's clone is an object with its id. They go along once more in a list, where the reader finds which ones they are. */
export function serializeClone(value: unknown, refs?: readonly Ref[]): Uint8Array {
  if (refs === undefined) return serialize(value);
  return Buffer.concat([Buffer.of(WITH_REFS), serialize([value, refs])]);
}

/** Nothing in the result refers to `bytes`. Throws on garbage. Without `toRef` a ref comes out as `{ id }`. */
export function deserializeClone(bytes: Uint8Array, toRef?: (id: ActorId) => unknown): unknown {
  if (bytes[0] !== WITH_REFS) return read(bytes);
  const [value, stubs] = read(bytes.subarray(1)) as [value: unknown, stubs: Ref[]];
  if (toRef === undefined) return value;
  return replaceParts(value, new Map(stubs.map((stub) => [stub, toRef(stub.id)])));
}

function read(bytes: Uint8Array): unknown {
  const reader = new CopyingDeserializer(bytes);
  reader.readHeader();
  return reader.readValue();
}

/** Node.js gives views into the bytes that are read; whoever takes such a view's `.buffer` would see the whole message. */
class CopyingDeserializer extends DefaultDeserializer {
  _readHostObject(): ArrayBufferView {
    const inherited = DefaultDeserializer.prototype as unknown as { _readHostObject(): ArrayBufferView };
    const view = inherited._readHostObject.call(this);
    const { buffer, byteOffset, byteLength } = view;
    const own = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
    if (Buffer.isBuffer(view)) return Buffer.from(own);
    return new (view.constructor as new (bytes: ArrayBuffer) => ArrayBufferView)(own);
  }
}

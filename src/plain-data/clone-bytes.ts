/** Structured clone in bytes, for what the fast codec does not keep: Map, Set, Error, cycles, refs of actors and the like. */
import { Buffer } from 'node:buffer';
import { DefaultDeserializer, deserialize, serialize } from 'node:v8';
import { rereadClone } from '../structures/clone-reader.ts';
import type { ActorId } from './actor-id.ts';
import type { Ref } from './ref.ts';
import { replaceParts } from './replaced-parts.ts';

/** The first bytes of a value with refs in it; those of any other begin with V8's own 0xff. */
const WITH_REFS = 1;
/** The same for one with DOMExceptions, whether there are refs or not. */
const WITH_EXCEPTIONS = 2;

/** A part of a value that is not as its clone would be. */
export interface CloneParts {
  readonly refs: readonly Ref[] | undefined;
  readonly exceptions: readonly DOMException[] | undefined;
}

type Texts = [name: string, message: string, stack: string | undefined];

/**
 * A ref's clone is an object with its id. They go along once more in a list, where the reader finds which ones they are.
 * That of a DOMException is empty, so its texts go along too.
 */
export function serializeClone(value: unknown, { refs, exceptions }: CloneParts): Uint8Array {
  if (exceptions !== undefined) {
    const texts = exceptions.map(({ name, message, stack }): Texts => [name, message, stack]);
    return Buffer.concat([Buffer.of(WITH_EXCEPTIONS), serialize([value, refs ?? [], exceptions, texts])]);
  }
  if (refs === undefined) return serialize(value);
  return Buffer.concat([Buffer.of(WITH_REFS), serialize([value, refs])]);
}

/** Nothing in the result refers to `bytes`. Throws on garbage. Without `toRef` a ref comes out as `{ id }`. */
export function deserializeClone(bytes: Uint8Array, toRef?: (id: ActorId) => unknown): unknown {
  const mark = bytes[0];
  if (mark !== WITH_REFS && mark !== WITH_EXCEPTIONS) return read(bytes);
  const [value, stubs, empty = [], texts = []] = read(bytes.subarray(1)) as [unknown, Ref[], object[]?, Texts[]?];
  const parts = new Map<unknown, unknown>(empty.map((stub, at) => [stub, exceptionOf(texts[at] as Texts)]));
  if (toRef !== undefined) for (const stub of stubs) parts.set(stub, toRef(stub.id));
  return parts.size === 0 ? value : replaceParts(value, parts);
}

function exceptionOf([name, message, stack]: Texts): DOMException {
  const exception = new DOMException(message, name);
  if (stack !== undefined)
    Object.defineProperty(exception, 'stack', { value: stack, configurable: true, writable: true });
  return exception;
}

/** Bun has the functions of `node:v8` and not its classes; what its function reads has bytes of its own. */
const read: (bytes: Uint8Array) => unknown = hasDeserializer() ? readCopying : deserialize;

function hasDeserializer(): boolean {
  try {
    return new DefaultDeserializer(serialize(null)) !== undefined;
  } catch {
    return false;
  }
}

/** An Error with a cause that Node.js 20 has written is read by no later V8: in a store, or from another machine, there may be some. */
function readCopying(bytes: Uint8Array): unknown {
  try {
    const reader = new CopyingDeserializer(bytes);
    reader.readHeader();
    return reader.readValue();
  } catch (fault) {
    return rereadClone(bytes, fault, (part) => Buffer.from(part));
  }
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

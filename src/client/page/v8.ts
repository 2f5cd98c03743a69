/** `node:v8` in a page: the bytes of a structured clone, as Node.js writes and reads them. */
export { readClone as deserialize } from '../../structures/clone-reader.ts';
export { writeClone as serialize } from './clone-writer.ts';

/** A page has none: what `deserialize` reads has bytes of its own. */
export class DefaultDeserializer {
  constructor() {
    throw new Error('a page has no classes of node:v8');
  }
}

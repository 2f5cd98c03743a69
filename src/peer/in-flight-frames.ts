/**
 * The entries of frames that a link has not flushed: they are still in the memory of this process only, so when the link
 * ends it can be sent elsewhere, and nobody has read it. Nearly always a link accepts at once, and nothing is kept.
 */
import { Ring } from '../structures/ring.ts';
import type { Link } from '../wire/link.ts';
import type { Outbound } from '../frames/outbound.ts';

export class InFlightFrames {
  /** Of the next frame; the array stays, emptied (S4: an array a frame, grown each time, cost 3 %). */
  readonly #items: (Outbound | undefined)[] = [];
  #count = 0;
  #written = 0;
  /** Of all links. */
  frames = 0;
  bytes = 0;
  /** The last ones, each with its items. */
  readonly #frames = new Ring<Outbound[]>();

  /** For a new link. */
  reset(): void {
    this.#drop();
    this.#written = 0;
    this.#frames.clear();
  }

  /** It is in the next frame. */
  add(item: Outbound): void {
    this.#items[this.#count++] = item;
  }

  write(link: Link, frame: Uint8Array): void {
    this.#written++;
    this.frames++;
    this.bytes += frame.byteLength;
    link.write(frame);
    const waiting = this.waiting(link);
    if (waiting > 0) this.#frames.push(this.#items.slice(0, this.#count) as Outbound[]);
    this.#drop();
    this.#keepLast(waiting);
  }

  /** Frames that it has not accepted. */
  waiting(link: Link): number {
    return Math.max(0, this.#written - link.flushed);
  }

  /** All that the link has not accepted, in order: it accepts nothing any more. */
  take(link: Link): Outbound[] {
    this.#keepLast(this.waiting(link));
    return this.#frames.clear().flat();
  }

  #keepLast(count: number): void {
    for (let more = this.#frames.length - count; more > 0; more--) this.#frames.shift();
  }

  #drop(): void {
    for (let n = 0; n < this.#count; n++) this.#items[n] = undefined;
    this.#count = 0;
  }
}

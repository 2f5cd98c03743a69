/**
 * A link with signs of life. TCP tells nothing of a machine that has gone without a word, or of a way that swallows everything, for a quarter of
 * an hour and more: so each end writes a beat now and then, and breaks the link where it has read nothing for too long. Beats are frames of
 * the link that its owner does not see, nor finds in `flushed`.
 */
import type { Clock, Timer } from '../vocabulary/clock.ts';
import { FRAME_HEAD_BYTES, type Link, type LinkListener, type LinkPeer } from '../wire/link.ts';

/** Beats in the time after which silence breaks the link. */
const BEATS_PER_SILENCE = 6;
/** The one byte of a beat; frames of processes begin with small numbers. */
const BEAT = 0xff;

export interface BeatingLinkParts {
  readonly inner: Link;
  /** Bytes read from the wire so far: a large frame that is coming in is a sign of life too. */
  readonly bytesRead: () => number;
  /** Whether the wire is there: a link that nobody listens to is not told of its end. */
  readonly isOpen: () => boolean;
  readonly clock: Clock;
  /** Milliseconds without a sign of life. */
  readonly silentMs: number;
}

export class BeatingLink implements Link {
  readonly #parts: BeatingLinkParts;
  readonly #inner: Link;
  #to: LinkListener | undefined;
  #timer: Timer | undefined;
  /** Looks without a byte. They are counted, not the time: a process that was stopped finds nothing but its own silence. */
  #silentLooks = 0;
  #seenBytes = 0;
  #isPaused = false;
  /** Frames given to the link, beats counted; once one is not taken none is any more. */
  #written = 0;
  /** The numbers of the beats among them that are not flushed yet. */
  #beats: number[] = [];
  #flushedBeats = 0;

  constructor(parts: BeatingLinkParts) {
    this.#parts = parts;
    this.#inner = parts.inner;
    this.#beatLater();
  }

  get peer(): LinkPeer {
    return this.#inner.peer;
  }

  get blocked(): boolean {
    return this.#inner.blocked;
  }

  get flushed(): number {
    const { flushed } = this.#inner;
    while (this.#beats.length > 0 && (this.#beats[0] as number) <= flushed) {
      this.#beats.shift();
      this.#flushedBeats++;
    }
    return flushed - this.#flushedBeats;
  }

  get listener(): LinkListener {
    if (this.#to === undefined) throw new Error('a link has no listener before its owner sets one');
    return this.#to;
  }

  set listener(listener: LinkListener) {
    const isFirst = this.#to === undefined;
    this.#to = listener;
    if (!isFirst) return;
    this.#inner.listener = {
      onFrame: (bytes) => this.#take(bytes),
      onDrain: () => this.#to?.onDrain(),
      onEnd: (error) => {
        this.#timer?.cancel();
        this.#to?.onEnd(error);
      },
    };
  }

  write(bytes: Uint8Array): boolean {
    this.#written++;
    return this.#inner.write(bytes);
  }

  resume(): void {
    this.#isPaused = false;
    this.#silentLooks = 0;
    this.#inner.resume();
  }

  close(): void {
    this.#timer?.cancel();
    this.#inner.close();
  }

  destroy(error?: Error): void {
    this.#timer?.cancel();
    this.#inner.destroy(error);
  }

  #take(bytes: Uint8Array): boolean {
    if (bytes.byteLength === 1 && bytes[0] === BEAT) return true;
    const goesOn = this.#to?.onFrame(bytes) ?? false;
    if (!goesOn) this.#isPaused = true;
    return goesOn;
  }

  #beatLater(): void {
    const { clock, silentMs, isOpen } = this.#parts;
    this.#timer = clock.setTimer(silentMs / BEATS_PER_SILENCE, () => {
      if (!isOpen()) return;
      this.#beatLater();
      this.#beat();
      this.#look();
    });
  }

  /** A link that is blocked has more to say than a beat. */
  #beat(): void {
    if (this.#inner.blocked) return;
    const bytes = new Uint8Array(FRAME_HEAD_BYTES + 1);
    new DataView(bytes.buffer).setUint32(0, 1, true);
    bytes[FRAME_HEAD_BYTES] = BEAT;
    this.#beats.push(++this.#written);
    this.#inner.write(bytes);
  }

  /** An owner that wants nothing hears nothing. */
  #look(): void {
    const bytes = this.#parts.bytesRead();
    const isSilent = bytes === this.#seenBytes && !this.#isPaused && this.#to !== undefined;
    this.#seenBytes = bytes;
    this.#silentLooks = isSilent ? this.#silentLooks + 1 : 0;
    if (this.#silentLooks < BEATS_PER_SILENCE) return;
    this.destroy(new Error(`nothing came over the link for ${this.#parts.silentMs} ms`));
  }
}

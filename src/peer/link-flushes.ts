/** Asks of all links whether what was sent down them has arrived; a link that breaks meanwhile is asked again. */
import { FLUSH } from '../wire/entry.ts';
import type { OutboundQueue } from './outbound-queue.ts';

/**
 * How far a flush reaches. `link`: all that was sent down it has been read. `processes`: of another machine, also by its processes, to which its way in
 * has passed it on. `onward`: and what waits there for actors on their way has gone on. `beyond`: and by the processes of other machines.
 */
export type FlushDepth = 'link' | 'processes' | 'onward' | 'beyond';

/** Flushes of hand-offs are numbered by their moves; these are beyond. */
const FIRST = 2 ** 40;
/** By its number the reader knows how far a flush reaches. */
const FIRST_OF: Readonly<Record<FlushDepth, number>> = {
  link: FIRST,
  processes: 2 ** 41,
  onward: 2 ** 42,
  beyond: 2 ** 43,
};

export function depthOf(number: number): FlushDepth {
  if (number > FIRST_OF.beyond) return 'beyond';
  if (number > FIRST_OF.onward) return 'onward';
  return number > FIRST_OF.processes ? 'processes' : 'link';
}

export class LinkFlushes {
  readonly #awaited = new Map<number, { peers: Set<OutboundQueue>; done: () => void }>();
  #last = 0;

  /** Resolves when all that was sent to these peers has arrived, or went with them. */
  flush(peers: Iterable<OutboundQueue>, depth: FlushDepth = 'link'): Promise<void> {
    const number = FIRST_OF[depth] + ++this.#last;
    return new Promise((done) => {
      const asked = new Set(peers);
      this.#awaited.set(number, { peers: asked, done });
      // Linked again, one whose link has ended is asked behind the mail that waited for that.
      for (const peer of asked) if (!peer.ended) ask(peer, number);
      this.#look(number);
    });
  }

  /** False: it is not one of these. */
  flushed(peer: OutboundQueue, number: number): boolean {
    if (number < FIRST) return false;
    this.#awaited.get(number)?.peers.delete(peer);
    this.#look(number);
    return true;
  }

  linkedAgain(peer: OutboundQueue): void {
    for (const [number, { peers }] of this.#awaited) if (peers.has(peer)) ask(peer, number);
  }

  died(index: number, incarnation: number): void {
    for (const [number, { peers }] of [...this.#awaited]) {
      for (const peer of peers) if (peer.index === index && peer.incarnation === incarnation) peers.delete(peer);
      this.#look(number);
    }
  }

  #look(number: number): void {
    const awaited = this.#awaited.get(number);
    if (!awaited || awaited.peers.size > 0) return;
    this.#awaited.delete(number);
    awaited.done();
  }
}

/** `onward` is asked for mail that was passed on, which a dam does not hold up. */
function ask(peer: OutboundQueue, number: number): void {
  if (depthOf(number) !== 'onward') return peer.note(FLUSH, number);
  peer.beforeDam(() => peer.note(FLUSH, number));
}

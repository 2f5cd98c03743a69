/**
 * The links of one process to all others: who is there, who is expected, and what is done when a link ends.
 * Of two processes the one that was welcomed later connects; it also connects again when a link breaks between two
 * that both live.
 */
import type { Kernel } from '../actor/kernel.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Timer } from '../vocabulary/clock.ts';
import { asError } from '../vocabulary/errors.ts';
import type { PeerInfo } from '../wire/control.ts';
import { FRAME_EXTRA_BYTES, type Handshake, type Link, type LinkNetwork, WIRE_VERSION } from '../wire/link.ts';
import { type Ingress, FrameReader } from '../frames/frame-reader.ts';
import { OutboundQueue } from './outbound-queue.ts';

/** Milliseconds before a broken link is made again, while its peer is not known to be dead. */
export const RECONNECT_MS = 50;
/** Milliseconds to wait for the end of a dead process's link; the kernel closes it at once, so this is never reached by itself. */
export const LINK_END_MS_MAX = 5_000;

/** Links of one peer that wait until the one before is read to its end; one more is refused, with what was written on it. */
export const SUCCESSORS_MAX = 64;

/** Looks, and the milliseconds between them, that a frame waits for the table of its epoch; then its link is broken. */
export const EPOCH_LOOKS_MAX = 60;
export const EPOCH_LOOK_MS = 1_000;

/** Milliseconds for what waits on the links of a process that ends, and between two looks. */
export const LAST_WORDS_MS_MAX = 1_000;
const LAST_WORDS_LOOK_MS = 5;

/** The parts of a process that its links stand on. */
export interface PeersParts {
  readonly kernel: Kernel;
  readonly network: LinkNetwork;
  readonly self: { index: number; incarnation: number };
  readonly system: string;
  readonly token: string;
  /** Of the table that this process has taken up. */
  epoch(): number;
  /** Milliseconds before a link is tried again, after so many failures in a row. Default RECONNECT_MS. */
  reconnectMs?(failures: number): number;
  /** A frame waits for a newer table than this process has. */
  parked?(): void;
}

/** Told of links: given after all parts that it tells of them are there, and before the first link. */
export interface PeersListener {
  /** The receiving side of one peer. */
  ingress(peer: OutboundQueue): Ingress;
  /** `isAgain`: after its link had broken while both lived. */
  linked(peer: OutboundQueue, isAgain: boolean): void;
  /** The link has been read to its end, and nothing more can be written. */
  ended(peer: OutboundQueue): void;
}

interface Entry {
  readonly peer: OutboundQueue;
  readonly path: string;
  /** This process connects; else it waits to be connected to. */
  readonly isDialler: boolean;
  reader: FrameReader | undefined;
  /** Made again by the other side, which saw each end before this one did: used when the one before is read to its end. */
  readonly successors: Link[];
  /** While a frame waits for its table. */
  tableWait: Timer | undefined;
  hasBeenLinked: boolean;
  /** Links that could not be made, one after the other. */
  failures: number;
  /** Declared dead by a table: its link is not made again. */
  isDead: boolean;
  onEnd: (() => void)[];
}

export class Peers {
  readonly #parts: PeersParts;
  listener!: PeersListener;
  readonly #byIndex = new Map<number, Entry>();
  /** Links whose peer has not been announced yet: the handshake may be faster than the master's word. */
  #early: Link[] = [];
  /** The last incarnation of each worker that a table has declared dead. */
  readonly #declaredDead = new Map<number, number>();
  #isClosed = false;

  constructor(parts: PeersParts) {
    this.#parts = parts;
  }

  /** Resolves to the path where other processes connect. */
  listen(): Promise<string> {
    return this.#parts.network.listen(this.#handshake(), (link) => this.#accept(link));
  }

  byIndex(index: number): OutboundQueue | undefined {
    return this.#byIndex.get(index)?.peer;
  }

  byAddress(address: ActorId): OutboundQueue | undefined {
    for (const { peer } of this.#byIndex.values()) if (peer.address === address) return peer;
    return undefined;
  }

  *all(): Iterable<OutboundQueue> {
    for (const { peer } of this.#byIndex.values()) yield peer;
  }

  /** A process that will connect to this one. */
  expect(info: PeerInfo): OutboundQueue {
    this.#parts.network.mend?.();
    const entry = this.#add(info, false);
    const isOfPeer = ({ peer }: Link): boolean => peer.index === info.index && peer.incarnation === info.incarnation;
    const links = this.#early.filter(isOfPeer);
    this.#early = this.#early.filter((link) => !isOfPeer(link));
    for (const link of links) this.#use(entry, link);
    return entry.peer;
  }

  /** A process that this one connects to. */
  connect(info: PeerInfo): OutboundQueue {
    const entry = this.#add(info, true);
    this.#dial(entry);
    return entry.peer;
  }

  /** The link of a process that is expected, under whatever name it has linked. */
  use(index: number, link: Link): void {
    const entry = this.#byIndex.get(index);
    if (entry) this.#use(entry, link);
    else link.destroy();
  }

  /** Nothing is written to it or read from it any more, whatever is on its link: what comes of it counts no longer. */
  giveUp(index: number, error: Error): void {
    const entry = this.#byIndex.get(index);
    if (!entry) return;
    const { peer, successors } = entry;
    const { link } = peer;
    entry.isDead = true;
    for (const successor of successors.splice(0)) successor.destroy(error);
    if (link) this.#linkEnded(entry, undefined, error);
    else if (!peer.ended) {
      peer.detach();
      this.listener.ended(peer);
    }
    this.#forget(entry);
  }

  /** Resolves once the link of a process that has died is read to its end. */
  readToEnd(index: number, incarnation: number): Promise<void> | undefined {
    const entry = this.#byIndex.get(index);
    this.#declaredDead.set(index, incarnation);
    if (!entry || entry.peer.incarnation !== incarnation) return undefined;
    entry.isDead = true;
    if (entry.peer.ended || entry.peer.link === undefined) {
      // It died before it was linked: what waited for the link waits for the new host.
      if (!entry.peer.ended) {
        entry.peer.detach();
        this.listener.ended(entry.peer);
      }
      this.#forget(entry);
      return undefined;
    }
    const { clock } = this.#parts.kernel;
    return new Promise((resolve) => {
      const timer = clock.setTimer(LINK_END_MS_MAX, () => {
        const error = new Error('the link of a dead process did not end');
        for (const link of entry.successors.splice(0)) link.destroy(error);
        entry.peer.link?.destroy(error);
      });
      entry.onEnd.push(() => {
        timer.cancel();
        this.#forget(entry);
        resolve();
      });
    });
  }

  /** A newer table is there: links that waited for it go on. */
  unpark(): void {
    for (const entry of [...this.#byIndex.values()]) {
      const { reader, peer } = entry;
      const { link } = peer;
      if (reader?.isParked && link && orBreak(link, () => reader.unpark())) this.#goOn(entry, link);
    }
  }

  async close(): Promise<void> {
    for (const { peer } of this.#byIndex.values()) peer.flush();
    await this.#whenWritten();
    this.#isClosed = true;
    for (const { peer, successors, tableWait } of this.#byIndex.values()) {
      tableWait?.cancel();
      peer.link?.close();
      for (const link of successors) link.destroy();
    }
    for (const link of this.#early) link.destroy();
    await this.#parts.network.close();
  }

  /** Frames of this process are to arrive, where somebody reads. */
  async #whenWritten(): Promise<void> {
    const { clock } = this.#parts.kernel;
    const until = clock.now() + LAST_WORDS_MS_MAX;
    const isWaiting = ({ link, ended, waiting }: OutboundQueue): boolean => link !== undefined && !ended && waiting > 0;
    while (clock.now() < until && [...this.all()].some(isWaiting)) {
      await new Promise<void>((resolve) => clock.setTimer(LAST_WORDS_LOOK_MS, resolve));
    }
  }

  #handshake(): Handshake {
    const { system, token, self } = this.#parts;
    return { version: WIRE_VERSION, system, token, self: { index: self.index, incarnation: self.incarnation } };
  }

  #add({ index, incarnation, path, address }: PeerInfo, isDialler: boolean): Entry {
    const { kernel } = this.#parts;
    const { clock, deadLetters, limits } = kernel;
    const peer = new OutboundQueue({
      index,
      incarnation,
      address,
      clock,
      deadLetters,
      messageBytesMax: limits.messageBytesMax,
      memory: kernel.memory,
      epoch: () => this.#parts.epoch(),
      links: () => this.#byIndex.size,
    });
    const entry: Entry = {
      peer,
      path,
      isDialler,
      reader: undefined,
      successors: [],
      tableWait: undefined,
      hasBeenLinked: false,
      failures: 0,
      isDead: false,
      onEnd: [],
    };
    this.#byIndex.set(index, entry);
    return entry;
  }

  #forget(entry: Entry): void {
    if (this.#byIndex.get(entry.peer.index) === entry) this.#byIndex.delete(entry.peer.index);
    entry.peer.drop();
  }

  #dial(entry: Entry): void {
    if (this.#isClosed || entry.isDead) return;
    const { peer, path } = entry;
    this.#parts.network.connect(path, this.#handshake(), { index: peer.index, incarnation: peer.incarnation }).then(
      (link) => (entry.isDead || this.#isClosed ? link.destroy() : this.#use(entry, link)),
      (error) => {
        this.#parts.kernel.log.debug({ err: error, peer: peer.index }, 'a link could not be made');
        entry.failures++;
        this.#dialLater(entry);
      },
    );
  }

  #dialLater(entry: Entry): void {
    const ms = this.#parts.reconnectMs?.(entry.failures) ?? RECONNECT_MS;
    this.#parts.kernel.clock.setTimer(ms, () => this.#dial(entry));
  }

  #accept(link: Link): void {
    const { index, incarnation } = link.peer;
    const entry = this.#byIndex.get(index);
    // A process that died as it linked: what it said last is lost with it.
    const isDead = incarnation <= (this.#declaredDead.get(index) ?? 0);
    if (this.#isClosed || isDead) link.destroy();
    else if (entry && entry.peer.incarnation === incarnation) this.#use(entry, link);
    else this.#early.push(link);
  }

  #use(entry: Entry, link: Link): void {
    const { peer } = entry;
    const { kernel } = this.#parts;
    if (peer.link !== undefined) {
      // Frames of the old link may wait here for their table, or this process was frozen: they come first.
      if (entry.successors.length < SUCCESSORS_MAX) entry.successors.push(link);
      else link.destroy(new Error(`at most ${SUCCESSORS_MAX} links of a process wait to be read; got one more`));
      return;
    }
    const { messageBytesMax } = kernel.limits;
    const reader = new FrameReader(this.listener.ingress(peer), messageBytesMax + FRAME_EXTRA_BYTES);
    entry.reader = reader;
    peer.attach(link);
    link.listener = {
      onFrame: (bytes) => {
        peer.framesIn++;
        peer.bytesIn += bytes.byteLength;
        return orBreak(link, () => reader.read(bytes) || this.#parked(entry, link));
      },
      onDrain: () => peer.flush(),
      onEnd: (error) => {
        if (peer.link === link) this.#linkEnded(entry, error);
      },
    };
    entry.failures = 0;
    this.listener.linked(peer, entry.hasBeenLinked);
    entry.hasBeenLinked = true;
    kernel.log.debug({ peer: peer.index }, 'linked');
  }

  /** A frame waits for its table; one that never comes shall not keep the link for ever. */
  #parked(entry: Entry, link: Link): false {
    const { clock } = this.#parts.kernel;
    this.#parts.parked?.();
    let looks = 0;
    // Looks are counted, not time: a process that was frozen finds its table behind the first of them.
    const look = (): void => {
      if (++looks < EPOCH_LOOKS_MAX) entry.tableWait = clock.setTimer(EPOCH_LOOK_MS, look);
      else link.destroy(noTable(this.#parts.epoch()));
    };
    entry.tableWait?.cancel();
    entry.tableWait = clock.setTimer(EPOCH_LOOK_MS, look);
    return false;
  }

  #goOn(entry: Entry, link: Link): void {
    entry.tableWait?.cancel();
    link.resume();
  }

  #linkEnded(entry: Entry, error: Error | undefined, why?: Error): void {
    const { peer } = entry;
    const { kernel, self } = this.#parts;
    entry.reader = undefined;
    entry.tableWait?.cancel();
    peer.detach(why);
    if (this.#isClosed) return;
    if (error !== undefined)
      kernel.events.emit('link-broken', { worker: self.index, peer: peer.index, error: asError(error) });
    this.listener.ended(peer);
    const successor = entry.successors.shift();
    if (successor) return this.#use(entry, successor);
    for (const done of entry.onEnd.splice(0)) done();
    if (entry.isDead) return;
    if (entry.isDialler) this.#dialLater(entry);
    else this.#parts.network.mend?.();
  }
}

function noTable(epoch: number): Error {
  const ms = EPOCH_LOOKS_MAX * EPOCH_LOOK_MS;
  return new Error(`a frame is under an epoch whose table comes within ${ms} ms; got none newer than ${epoch}`);
}

/** A frame that makes no sense breaks its link, and nothing else. */
function orBreak(link: Link, step: () => boolean): boolean {
  try {
    return step();
  } catch (error) {
    link.destroy(asError(error));
    return false;
  }
}

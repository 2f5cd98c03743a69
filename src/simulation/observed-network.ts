/**
 * The network as one simulated process sees it: the memory network, with a look at every frame, and with callbacks that
 * wait while the process is frozen.
 */
import { processAddress } from '../vocabulary/address.ts';
import { FRAME_HEAD_BYTES, type Link, type LinkListener, type LinkNetwork, type LinkPeer } from '../wire/link.ts';
import type { MemoryNetwork } from '../doubles/memory-network.ts';
import { FrameLane } from './frame-lane.ts';
import type { Observers } from './observation.ts';
import type { ProcessClock } from './process-clock.ts';
import type { SimulatedTime } from './simulated-time.ts';

export class ObservedNetwork {
  readonly #network: MemoryNetwork;
  readonly #time: SimulatedTime;
  readonly #observers: Observers;
  /** By direction and by how manieth link between the two it is. */
  readonly #lanes = new Map<string, FrameLane>();
  /** Links so far, by the end that has them and the other one. */
  readonly #links = new Map<string, number>();
  readonly #isObserved: boolean;

  /** `isObserved`: frames are taken apart for onlookers, who are there from the beginning or may come later. */
  constructor(network: MemoryNetwork, time: SimulatedTime, observers: Observers, isObserved: boolean) {
    this.#network = network;
    this.#time = time;
    this.#observers = observers;
    this.#isObserved = isObserved;
  }

  /** For a process; `epoch`: of its table, which its frames carry. */
  host(process: string, clock: ProcessClock, epoch: () => number): LinkNetwork {
    const network = this.#network.host();
    return {
      listen: (handshake, accept) =>
        network.listen(handshake, (link) => {
          const observed = this.#observed(process, link, clock, epoch);
          clock.whenRunning(() => accept(observed));
        }),
      connect: async (path, handshake, peer) =>
        this.#observed(process, await network.connect(path, handshake, peer), clock, epoch),
      close: () => network.close(),
    };
  }

  /** An end that waits while its process is frozen, and ends with it; what crosses the link is nobody's to see. */
  unobserved(link: Link, clock: ProcessClock): Link {
    return new ObservedLink(link, clock, NOBODY);
  }

  /** A process has died: nobody reads what was sent to it. */
  died(process: string): void {
    for (const lane of this.#lanes.values()) if (lane.to === process) this.#end(lane);
  }

  #observed(process: string, link: Link, clock: ProcessClock, epoch: () => number): Link {
    if (!this.#isObserved) return this.unobserved(link, clock);
    const peer = processAddress(link.peer.index, link.peer.incarnation);
    const count = (this.#links.get(`${process}>${peer}`) ?? 0) + 1;
    this.#links.set(`${process}>${peer}`, count);
    const out = this.#lane(process, peer, count);
    const incoming = this.#lane(peer, process, count);
    out.flushed = () => link.flushed;
    return new ObservedLink(link, clock, {
      written: (bytes) => {
        const frame = out.written(bytes, epoch());
        this.#observers.tell({ kind: 'frame', step: 'written', at: this.#time.now, from: process, to: peer, frame });
      },
      read: () => {
        const frame = incoming.read();
        if (frame)
          this.#observers.tell({ kind: 'frame', step: 'read', at: this.#time.now, from: peer, to: process, frame });
      },
      ended: () => this.#end(incoming),
    });
  }

  #lane(from: string, to: string, count: number): FrameLane {
    const name = `${from}>${to}#${count}`;
    let lane = this.#lanes.get(name);
    if (!lane) this.#lanes.set(name, (lane = new FrameLane(from, to)));
    return lane;
  }

  #end(lane: FrameLane): void {
    const lost = lane.end();
    this.#observers.tell({ kind: 'link-end', at: this.#time.now, from: lane.from, to: lane.to, lost });
  }
}

interface Onlooker {
  written(bytes: Uint8Array): void;
  read(): void;
  ended(): void;
}

const NOBODY: Onlooker = { written: () => {}, read: () => {}, ended: () => {} };

class ObservedLink implements Link {
  readonly #link: Link;
  readonly #clock: ProcessClock;
  readonly #onlooker: Onlooker;

  constructor(link: Link, clock: ProcessClock, onlooker: Onlooker) {
    this.#link = link;
    this.#clock = clock;
    this.#onlooker = onlooker;
  }

  get peer(): LinkPeer {
    return this.#link.peer;
  }

  get blocked(): boolean {
    return this.#link.blocked;
  }

  get flushed(): number {
    return this.#link.flushed;
  }

  get listener(): LinkListener {
    return this.#link.listener;
  }

  set listener(listener: LinkListener) {
    this.#link.listener = {
      onFrame: (bytes) => {
        this.#onlooker.read();
        return listener.onFrame(bytes);
      },
      onDrain: () => this.#clock.whenRunning(() => listener.onDrain()),
      onEnd: (error) => {
        this.#onlooker.ended();
        this.#clock.whenRunning(() => listener.onEnd(error));
      },
    };
  }

  write(bytes: Uint8Array): boolean {
    // A process that was killed in the middle of its work does not get to the end of it.
    if (this.#clock.isDead) return false;
    const isOpen = this.#link.write(bytes);
    this.#onlooker.written(bytes.subarray(FRAME_HEAD_BYTES));
    return isOpen;
  }

  resume(): void {
    this.#link.resume();
  }

  close(): void {
    if (!this.#clock.isDead) this.#link.close();
  }

  destroy(error?: Error): void {
    if (!this.#clock.isDead) this.#link.destroy(error);
  }
}

/**
 * The owner of the store as a simulated process: the real service on a clock of its own. It can be slow, hang, and
 * fail; it dies with the master. Links to it are not observed: what crosses them is no message of an actor.
 */
import { RemoteStore } from '../store-service/remote-store.ts';
import { STORE_PEER } from '../store-service/store-frames.ts';
import { StoreService } from '../store-service/store-service.ts';
import type { Store } from '../store/store.ts';
import { processAddress } from '../vocabulary/address.ts';
import { type Handshake, type Link, type LinkPeer, WIRE_VERSION } from '../wire/link.ts';
import type { MemoryNetwork } from '../doubles/memory-network.ts';
import type { ObservedNetwork } from './observed-network.ts';
import { ProcessClock } from './process-clock.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import type { SimulatedTime } from './simulated-time.ts';

const ADDRESS = processAddress(STORE_PEER.index, STORE_PEER.incarnation);
/** Milliseconds until one that failed is there again. */
const RESTART_MS = 5;

export class SimulatedOwner {
  readonly #time: SimulatedTime;
  readonly #network: MemoryNetwork;
  readonly #links: ObservedNetwork;
  readonly #disk: SimulatedDisk;
  readonly #random: () => number;
  #deaths: LinkPeer[] = [];
  #clock: ProcessClock;
  #service: StoreService | undefined;
  #path = '';

  constructor(
    time: SimulatedTime,
    network: MemoryNetwork,
    links: ObservedNetwork,
    disk: SimulatedDisk,
    random: () => number,
  ) {
    this.#time = time;
    this.#network = network;
    this.#links = links;
    this.#disk = disk;
    this.#random = random;
    this.#clock = new ProcessClock(time);
  }

  async listen(): Promise<void> {
    this.#begin();
    const handshake: Handshake = handshakeOf(STORE_PEER);
    this.#path = await this.#network.host().listen(handshake, (link) => {
      // One that has failed takes nobody.
      if (this.#service) this.#service.accept(this.#links.unobserved(link, this.#clock));
      else link.destroy();
    });
  }

  /** The store, as a process sees it. */
  storeOf(self: LinkPeer, clock: ProcessClock): Store {
    const host = this.#network.host();
    const connect = async (): Promise<Link> => {
      const link = await host.connect(this.#path, handshakeOf(self), STORE_PEER);
      return this.#links.unobserved(link, clock);
    };
    return new RemoteStore(connect, clock, this.#disk.gathersCommits);
  }

  died(peer: LinkPeer): void {
    this.#deaths.push(peer);
  }

  /** It hangs: nothing is read, written or answered. */
  stall(): void {
    if (this.#clock.isDead) return;
    this.#clock.freeze();
    this.#network.freeze(ADDRESS);
  }

  unstall(): void {
    this.#clock.thaw();
    this.#network.thaw(ADDRESS);
  }

  /** Its thread throws: its links break, what it had begun ends at any step, and a new one begins. */
  fail(): void {
    if (!this.#service || this.#clock.isDead) return;
    this.unstall();
    this.#service.close();
    this.#service = undefined;
    this.#clock.kill();
    this.#clock = new ProcessClock(this.#time);
    this.#clock.setTimer(RESTART_MS, () => this.#begin());
  }

  /** With the master. */
  kill(): void {
    this.#clock.kill();
  }

  #begin(): void {
    const heard = (): LinkPeer[] => this.#deaths.splice(0);
    this.#service = new StoreService(this.#disk.open(this.#clock, this.#random), { heard });
  }
}

function handshakeOf(self: LinkPeer): Handshake {
  return { version: WIRE_VERSION, system: 'store', token: 'token', self };
}

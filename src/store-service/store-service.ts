/**
 * The owner's side of the store: the only one that opens it serves all processes of the system over links. A request is
 * begun at once and answered when it is done, in whichever order that is; commits that come together share a transaction.
 *
 * A process that died may have written a commit that is not read yet. A read after its death, as its successor's are, is
 * answered behind all that: reads wait until the links of the dead are read to their end, and what came by them is done.
 */
import type { Link, LinkPeer } from '../wire/link.ts';
import { StoreClient } from './store-client.ts';
import type { OwnedStore } from '../store/store.ts';

/** Tells which processes have died, at the latest before anybody acts on that. */
export interface Obituaries {
  /** Those that were not told of yet. */
  heard(): Iterable<LinkPeer>;
}

export class StoreService {
  readonly #store: OwnedStore;
  readonly #obituaries: Obituaries;
  readonly #clients = new Set<StoreClient>();
  /** Their last commits are not all done. */
  readonly #dying = new Set<StoreClient>();
  #waitingReads: (() => void)[] = [];

  constructor(store: OwnedStore, obituaries: Obituaries) {
    this.#store = store;
    this.#obituaries = obituaries;
  }

  accept(link: Link): void {
    const client: StoreClient = new StoreClient(link, this.#store, {
      read: (run) => this.#read(run),
      ended: () => this.#dying.add(client),
      done: () => this.#done(client),
    });
    this.#clients.add(client);
  }

  /** Requests that are not answered yet, of all processes. */
  get inFlight(): number {
    let sum = this.#waitingReads.length;
    for (const client of this.#clients) sum += client.inFlight;
    return sum;
  }

  /** Breaks all links: those who wait for an answer hear of that. */
  close(): void {
    for (const client of this.#clients) client.close();
  }

  #read(run: () => void): void {
    for (const peer of this.#obituaries.heard()) this.#declareDead(peer);
    if (this.#dying.size === 0) run();
    else this.#waitingReads.push(run);
  }

  #declareDead({ index, incarnation }: LinkPeer): void {
    for (const client of this.#clients) {
      const { peer } = client;
      if (peer.index !== index || peer.incarnation > incarnation) continue;
      this.#dying.add(client);
      client.declareDead();
    }
  }

  /** The link has ended, and what came by it is done. */
  #done(client: StoreClient): void {
    this.#clients.delete(client);
    this.#dying.delete(client);
    if (this.#dying.size > 0) return;
    const waiting = this.#waitingReads;
    this.#waitingReads = [];
    for (const run of waiting) run();
  }
}

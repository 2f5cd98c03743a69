/**
 * The other machines, as one process of this one sees them: a link to the master of each, which is the way in; links to those of their workers
 * that it has sent something to; and the links of their processes to this one (*guests*).
 */
import type { Kernel } from '../actor/kernel.ts';
import type { MachineCredentials, MachineLink, MachineNetwork } from '../machine-links/machine-network.ts';
import { CLIENT_PREFIX } from '../membership/cluster-observer.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import { Peers, type PeersListener } from '../peer/peers.ts';
import { type ActorId, processAddress } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import {
  type ForeignWorker,
  GUEST_INDEX_MIN,
  isForeignWorker,
  MACHINE_INDEX_MIN,
  machineIndexOf,
} from '../vocabulary/host-index.ts';
import type { ForeignMachine, MachinesView, PeerInfo } from '../wire/control.ts';
import type { LostSource } from '../wire/process-query.ts';
import { type ClockDifference, MachineClocks } from '../machine-routes/machine-clocks.ts';
import { linkNetworkOf, MACHINE_INCARNATION, pathOfMachine } from '../machine-routes/machine-link-network.ts';

/** Milliseconds before a machine that could not be linked to is tried again: at first, and at most. */
export const REDIAL_MS = 50;
export const REDIAL_MS_MAX = 2_000;

export interface MachinePeersParts {
  readonly kernel: Kernel;
  readonly network: MachineNetwork;
  readonly self: { index: number; incarnation: number };
  /** Of the table of partitions that this process has taken up. */
  epoch(): number;
  /** Another machine has a newer table of partitions. */
  outdated(): void;
  /** Mail for workers of that machine goes by its way in. */
  isByMaster(machine: number): boolean;
}

interface Guest {
  readonly machine: string;
  readonly peer: OutboundQueue;
  /** It had written nothing on its link before that. */
  readonly since: number | undefined;
  /** It has said that it sends nothing more on this way. */
  hasLeft: boolean;
}

interface DirectWorker extends ForeignWorker {
  readonly of: ForeignMachine;
}

export class MachinePeers {
  readonly #network: MachineNetwork;
  readonly #clock: Clock;
  readonly #peers: Peers;
  readonly #isByMaster: (machine: number) => boolean;
  readonly #machines = new Map<number, ForeignMachine>();
  /** Workers of other machines that the table names; one is linked to once something is for it. */
  readonly #workers = new Map<number, DirectWorker>();
  readonly #guests = new Map<ActorId, Guest>();
  /** Of this machine, in the cluster. */
  #self = '';
  #known: ReadonlySet<string> = new Set();
  readonly #clocks = new MachineClocks();
  #lastGuest = GUEST_INDEX_MIN;
  #reading: { readonly of: (guest: Guest) => boolean; readonly done: () => void }[] = [];
  /** Links of machines that this process has not heard of yet. */
  #early: MachineLink[] = [];

  constructor({ kernel, network, self, epoch, outdated, isByMaster }: MachinePeersParts) {
    this.#network = network;
    this.#clock = kernel.clock;
    this.#isByMaster = isByMaster;
    if (self.index !== 0) network.take((link) => this.#accept(link));
    this.#peers = new Peers({
      ...{
        kernel,
        network: linkNetworkOf(network, () => this.#self),
        self,
        epoch,
        system: '',
        token: '',
        parked: outdated,
      },
      reconnectMs: (failures) => Math.min(REDIAL_MS_MAX, REDIAL_MS * 2 ** Math.min(failures, 16)),
    });
  }

  set listener(listener: PeersListener) {
    this.#peers.listener = listener;
  }

  /** The name of this machine; '': it has none yet. */
  get self(): string {
    return this.#self;
  }

  /** The way in. Resolves to `host:port`. */
  listen(): Promise<string> {
    return this.#network.listen((link) => this.#accept(link));
  }

  /** For mail. A worker is linked to from now on. */
  byIndex(of: number): OutboundQueue | undefined {
    const index = isForeignWorker(of) && this.#isByMaster(machineIndexOf(of)) ? machineIndexOf(of) : of;
    const peer = this.#peers.byIndex(index);
    if (peer !== undefined || !isForeignWorker(index)) return peer;
    const worker = this.#workers.get(index);
    return worker && this.#peers.connect(infoOf(worker, pathOfMachine(worker.of, worker)));
  }

  /** Undefined: nothing has been for it. */
  known(index: number): OutboundQueue | undefined {
    return this.#peers.byIndex(index);
  }

  guest(address: ActorId): OutboundQueue | undefined {
    return this.#guests.get(address)?.peer;
  }

  /** Machines that this process has linked to, or is about to. */
  *machines(): Iterable<OutboundQueue> {
    for (const index of this.#machines.keys()) {
      const peer = this.#peers.byIndex(index);
      if (peer) yield peer;
    }
  }

  /** Workers of them to whom something was sent, or waits to be. */
  *workers(): Iterable<OutboundQueue> {
    for (const index of this.#workers.keys()) {
      const peer = this.#peers.byIndex(index);
      if (peer && (peer.link !== undefined || peer.ends > 0 || peer.waiting > 0)) yield peer;
    }
  }

  others(): readonly ForeignMachine[] {
    return [...this.#machines.values()];
  }

  /** The machine of a guest. */
  machineOf(guest: OutboundQueue): string | undefined {
    return this.#guests.get(guest.address)?.machine;
  }

  /** The clock of a guest has shown `theirs`. Undefined: it is no guest. */
  hailed({ address }: OutboundQueue, theirs: number): ClockDifference | undefined {
    const guest = this.#guests.get(address);
    if (guest === undefined) return undefined;
    const difference = this.#clocks.of(guest.machine);
    const now = this.#clock.now();
    difference.heard(theirs, guest.since ?? now, now);
    return difference;
  }

  *guests(): Iterable<OutboundQueue> {
    for (const { peer } of this.#guests.values()) yield peer;
  }

  all(): Iterable<OutboundQueue> {
    return this.#peers.all();
  }

  isMachine({ index }: OutboundQueue): boolean {
    return isMachineIndex(index);
  }

  /**
   * Links to those that are new, and gives up those that are gone. Returns the indexes of these; and of all, where this machine has another name: what others
   * wrote to it by the old one is not read any more, and what it had not written goes by a new link.
   */
  take({ self, others, credentials }: MachinesView): number[] {
    const isRenamed = this.#self !== '' && this.#self !== self;
    this.#self = self;
    if (credentials !== undefined) this.#network.use(credentials as MachineCredentials);
    this.#known = new Set(others.map(({ machine }) => machine));
    const present = new Set(others.map(({ index }) => index));
    const gone = [...this.#machines.keys()].filter((index) => isRenamed || !present.has(index));
    this.#keepClocks();
    const why = (machine: string): Error =>
      new Error(isRenamed ? 'this machine has another name now' : `the machine ${machine} is lost, or has left`);
    for (const { machine, peer } of [...this.#guests.values()])
      if (isRenamed || !this.#isKnown(machine)) this.#peers.giveUp(peer.index, why(machine));
    // Made to it under the old one, and not read yet.
    if (isRenamed) for (const { peer, link } of this.#early.splice(0)) link.destroy(why(peer.machine));
    for (const index of gone) {
      const { machine } = this.#machines.get(index) as ForeignMachine;
      this.#machines.delete(index);
      this.#peers.giveUp(index, why(machine));
    }
    gone.push(...this.#takeWorkers(others, isRenamed));
    for (const other of others) {
      if (this.#machines.has(other.index)) continue;
      this.#machines.set(other.index, other);
      this.#peers.connect(infoOf(other, pathOfMachine(other)));
    }
    for (const link of this.#early.splice(0)) this.#accept(link);
    return gone;
  }

  #takeWorkers(others: readonly ForeignMachine[], isRenamed: boolean): number[] {
    const named = new Map<number, DirectWorker>();
    for (const of of others) for (const worker of of.workers) named.set(worker.index, { ...worker, of });
    const gone = [...this.#workers.keys()].filter((index) => isRenamed || !named.has(index));
    for (const index of gone) {
      const { process, of } = this.#workers.get(index) as DirectWorker;
      this.#workers.delete(index);
      this.#peers.giveUp(index, new Error(`worker ${process} of the machine ${of.machine} is gone`));
    }
    for (const [index, worker] of named) if (!this.#workers.has(index)) this.#workers.set(index, worker);
    return gone;
  }

  /** That guest has, or has not after all, sent its last mail. */
  guestLeft({ address }: OutboundQueue, hasLeft: boolean): void {
    const guest = this.#guests.get(address);
    if (guest) guest.hasLeft = hasLeft;
  }

  /** Guests that may send more. */
  get isVisited(): boolean {
    for (const { hasLeft } of this.#guests.values()) if (!hasLeft) return true;
    return false;
  }

  /** A newer table is there: links that waited for it go on. */
  unpark(): void {
    this.#peers.unpark();
  }

  close(): Promise<void> {
    for (const { link } of this.#early.splice(0)) link.destroy();
    return this.#peers.close();
  }

  #accept(link: MachineLink): void {
    const { machine, process, incarnation } = link.peer;
    const { since } = link;
    // Its row may be seen here later than its link; one that was given up stays so, and is known under another name next time.
    if (!this.#isKnown(machine)) {
      if (this.#early.length < EARLY_LINKS_MAX) this.#early.push(link);
      else link.link.destroy(new Error(`at most ${EARLY_LINKS_MAX} links of unknown machines wait; got one more`));
      return;
    }
    const address = processAddress(process, incarnation);
    const before = this.#guests.get(address);
    // It had seen the end of its link before this one did; or its machine has joined again.
    if (before) this.#peers.giveUp(before.peer.index, new Error('the process has linked again'));
    const index = ++this.#lastGuest;
    const info: PeerInfo = { index, incarnation, role: '', pid: 0, path: '', address };
    const peer = this.#peers.expect(info);
    this.#guests.set(address, { machine, peer, since, hasLeft: false });
    this.#peers.use(index, link.link);
  }

  /** Clients of the cluster have no rows: their certificates say that they are some. */
  #isKnown(machine: string): boolean {
    return this.#known.has(machine) || machine.startsWith(CLIENT_PREFIX);
  }

  /** Its link has ended; linked again, the guest asks for what it would have been told. */
  forgetGuest({ index, address }: OutboundQueue): void {
    if (this.#guests.get(address)?.peer.index === index) this.#guests.delete(address);
    this.#peers.giveUp(index, new Error('its link has ended'));
    this.#keepClocks();
    this.#lookAtRead();
  }

  #keepClocks(): void {
    const linked = new Set([...this.#guests.values()].map(({ machine }) => machine));
    this.#clocks.keep((machine) => this.#known.has(machine) || linked.has(machine));
  }

  /** Resolves once no link of that machine, or of that process of it, is left to be read; at the latest when it has not ended for so long. */
  readToEnd({ machine, address }: LostSource, withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(withinMs, () => reading.done());
      const reading = {
        of: (guest: Guest): boolean => guest.machine === machine && (address === '' || guest.peer.address === address),
        done: (): void => {
          timer.cancel();
          this.#reading = this.#reading.filter((one) => one !== reading);
          resolve();
        },
      };
      this.#reading.push(reading);
      this.#lookAtRead();
    });
  }

  #lookAtRead(): void {
    const guests = [...this.#guests.values()];
    for (const { of, done } of [...this.#reading]) if (!guests.some(of)) done();
  }
}

/** Links that wait until their machine is known; one more is refused. */
export const EARLY_LINKS_MAX = 256;

export function isMachineIndex(index: number): boolean {
  return index >= MACHINE_INDEX_MIN && index < GUEST_INDEX_MIN;
}

function infoOf({ index }: { readonly index: number }, path: string): PeerInfo {
  return { index, incarnation: MACHINE_INCARNATION, role: '', pid: 0, path };
}

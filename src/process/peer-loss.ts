/**
 * The loss of another process, step by step. The two columns are different things: a link may end between two that live, and
 * comes again; a process that is dead was declared so by a table, which is taken up once its link has been read to its end.
 *
 *      the link has ended                                  the process was declared dead
 *   1  what the link has not accepted comes back           before the table: which watches its death may have cost
 *   2  asks that were written to it fail                   with the table: places that were asked for there are forgotten
 *   3  its topics are no longer told                       barriers wait for it no longer
 *   4  half of a transferred state is dropped              durable senders: who dies in this epoch is known
 *   5  what came back is routed anew, or held              behind the moves: it counts as marker and acknowledgement
 *   6  what durable receivers there had not acknowledged   then what is held goes to the new hosts, and behind it
 *      is sent again                                       the watches are asked for again
 *   7  it is not waited for at the start                   asks to it, or that have moved on from it, fail
 */
import type { LocalActors } from '../actor/local-actors.ts';
import type { ProcessDurability } from '../durability/process-durability.ts';
import type { HandoffParticipant } from '../handoff/handoff-participant.ts';
import type { LinkFlushes } from '../peer/link-flushes.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import type { ClusterTopics } from '../routing/cluster-topics.ts';
import type { Router } from '../routing/router.ts';
import type { OtherMachines } from '../machine-routing/other-machines.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import type { DeadProcess, TableChange } from '../wire/control.ts';
import { failAsksOnLink, failOrphanedAsks } from './asks-in-flight.ts';
import { watchesOnMachine, watchesToRestore, watchesToRestoreOnLink } from './restored-watches.ts';

export interface LossParts {
  readonly actors: LocalActors;
  readonly router: Router;
  readonly topics: ClusterTopics;
  readonly handoffs: HandoffParticipant;
  readonly flushes: LinkFlushes;
  readonly durability: ProcessDurability;
  /** Undefined: this machine is alone. */
  readonly others: OtherMachines | undefined;
}

export class PeerLoss {
  readonly #parts: LossParts;

  constructor(parts: LossParts) {
    this.#parts = parts;
  }

  linkEnded(peer: OutboundQueue): void {
    const { actors, router, topics, handoffs, durability, others } = this.#parts;
    // First: what the link has not accepted was not asked there.
    const unwritten = peer.takeUnwritten();
    failAsksOnLink(peer, actors.kernel.pending);
    topics.peerGone(peer);
    handoffs.linkEnded(peer);
    const takeBack = (): void => router.takeBack(unwritten);
    // Newer mail for that machine may wait for what was on this link: behind it.
    const master = others?.masterOf(peer);
    if (master) master.beforeDam(takeBack);
    else takeBack();
    durability.resend((id) => router.runsAt(id, peer.index), true);
    others?.hostLost();
  }

  /** After a broken link between two that live: what may have been lost with it is said once more. */
  linkedAgain(peer: OutboundQueue): void {
    const { actors, router, handoffs, flushes } = this.#parts;
    handoffs.linkedAgain(peer);
    flushes.linkedAgain(peer);
    for (const watch of watchesToRestoreOnLink(peer.index, actors, router)) actors.kernel.router.deliver(watch);
  }

  /** That machine knows this one by another name now, and reads nothing more of the links under the old one. */
  linkedAnew(machine: number): void {
    const { actors, router } = this.#parts;
    for (const watch of watchesToRestoreOnLink(machine, actors, router)) actors.kernel.router.deliver(watch);
  }

  /** Behind that machine's way in a worker has died: its table knows who has ended with that. */
  hostDied(machine: OutboundQueue, epoch: number): void {
    const { actors, router } = this.#parts;
    for (const watch of watchesOnMachine(machine.index, epoch, actors, router)) actors.kernel.router.deliver(watch);
  }

  /** Undefined: the change declares no process dead. Its steps are to be taken in their order, within one taking up. */
  declaredDead({ dead, endedMoves, epoch }: TableChange): DeathSteps | undefined {
    if (!dead) return undefined;
    const { actors, router, handoffs } = this.#parts;
    return new DeathSteps(
      this.#parts,
      dead,
      epoch,
      watchesToRestore(dead, actors, router, handoffs.watchesIn(endedMoves), epoch),
    );
  }
}

export class DeathSteps {
  readonly #parts: LossParts;
  readonly #dead: DeadProcess;
  readonly #epoch: number;
  readonly #watches: readonly Envelope[];

  /** `watches`: gathered while the table still names the old hosts. */
  constructor(parts: LossParts, dead: DeadProcess, epoch: number, watches: readonly Envelope[]) {
    this.#parts = parts;
    this.#dead = dead;
    this.#epoch = epoch;
    this.#watches = watches;
  }

  /** Before anybody begins in the epoch that declares it dead. */
  withTable(): void {
    const { router, flushes, durability } = this.#parts;
    const { index, incarnation } = this.#dead;
    router.forgetLocated(index);
    flushes.died(index, incarnation);
    durability.diedBefore(this.#epoch);
  }

  afterMoves(): void {
    this.#parts.handoffs.peerDied(this.#dead.index, this.#dead.incarnation);
  }

  /** Behind what waited for a new host, which may be the watch itself, or what was asked. */
  afterHeldMail(): void {
    const { actors, others } = this.#parts;
    const { kernel } = actors;
    others?.hostDied(this.#epoch);
    for (const watch of this.#watches) kernel.router.deliver(watch);
    failOrphanedAsks(this.#dead, kernel);
  }
}

/**
 * One process's part in handing partitions over to another machine, with all that lives in them. The master says what comes next:
 *
 *   stand      the actors stop between two turns; a partition whose actors do not in time goes on
 *   on hold    (by the table) their mail waits in every process, and what they had sent and no link had taken goes along
 *   transfer   once nothing older can come: states, timers, watches and mail go to the machine that gets them
 *   left       (by a table that names the new owner) nothing of them is left here; or they go on, with their mail
 */
import type { Cell } from '../actor/cell.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import { evict } from '../actor/transfer.ts';
import { BUFFERED_MAIL_MAX } from '../handoff/outgoing.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import { MailLane } from '../peer/mail-lane.ts';
import { shardOf } from '../placement/shard.ts';
import type { HeldSignal } from '../routing/held-mail.ts';
import type { MailCapture } from '../routing/mail-capture.ts';
import type { Router } from '../routing/router.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import type { Unit } from '../wire/control.ts';
import type { TransferAnswer } from '../wire/process-query.ts';
import { StandingActors } from './standing-actors.ts';
import { StateTransfer } from './state-transfer.ts';

export interface LeavingParts {
  readonly actors: LocalActors;
  readonly router: Router;
  /** Of this process among those of its machine. */
  readonly worker: number;
}

export class LeavingPartitions implements MailCapture {
  readonly #parts: LeavingParts;
  #standing: StandingActors | undefined;
  /** Those of them that are on hold by the table. */
  #held: ReadonlySet<number> = new Set();
  #transfer: StateTransfer | undefined;
  /** Their own mail that no link had taken. */
  readonly #outbound: MailLane<Envelope>;
  /** Mail that came for them, and that no mailbox took. */
  readonly #buffered: MailLane<Envelope>;

  constructor(parts: LeavingParts) {
    this.#parts = parts;
    const { memory } = parts.actors.kernel;
    this.#outbound = new MailLane(memory, BUFFERED_MAIL_MAX);
    this.#buffered = new MailLane(memory, BUFFERED_MAIL_MAX);
  }

  /** Resolves to the partitions whose actors do not stand; they go on. Those of an earlier stand go on, or are among these. */
  async stand(partitions: readonly number[], quiesceMs: number, isLast: boolean): Promise<number[]> {
    this.#goOn(new Set(this.#standing?.partitions));
    if (partitions.length === 0) return [];
    const { actors, router } = this.#parts;
    const standing = new StandingActors(actors, partitions, (envelope) => this.#buffered.push(envelope));
    this.#standing = standing;
    router.captureFor('partition', this);
    const busy = await standing.stop(quiesceMs, isLast);
    if (this.#standing !== standing) return [...partitions];
    this.#goOn(new Set(busy));
    return busy;
  }

  /** The table has these on hold, among others: what stood beside them goes on. */
  hold(held: ReadonlySet<number>): void {
    const standing = this.#standing;
    if (!standing) return;
    const before = this.#held;
    this.#held = new Set([...standing.partitions].filter((partition) => held.has(partition)));
    // A table of something else, while it stands.
    if (before.size === 0 && this.#held.size === 0) return;
    if (before.size === 0) this.#takeSent(standing);
    this.#goOn(new Set([...standing.partitions].filter((partition) => !held.has(partition))));
  }

  /** Whether that partition is on hold, to leave. */
  holds(partition: number): boolean {
    return this.#held.has(partition);
  }

  /** All that lives in the partitions on hold goes to that machine, as far as it is not too much. */
  async transfer(move: number, to: OutboundQueue | undefined): Promise<TransferAnswer> {
    const standing = this.#standing;
    if (!standing || !to || to.ended) return undefined;
    const { actors } = this.#parts;
    this.#transfer?.close();
    const transfer = new StateTransfer({ actors, standing, outbound: this.#outbound, buffered: this.#buffered }, to);
    this.#transfer = transfer;
    const isTaken = await transfer.send(move, this.#held);
    if (this.#transfer !== transfer) return undefined;
    return isTaken ? transfer.left : undefined;
  }

  /** The machine has everything that was sent for this move, or has no room for it. */
  answered(peer: OutboundQueue, move: number, isTaken: boolean): void {
    this.#transfer?.answered(peer, move, isTaken);
  }

  linkEnded(peer: OutboundQueue): void {
    this.#transfer?.linkEnded(peer);
  }

  /** They live on at another machine, whose peer has this address; of those that could not go along, the mail does. */
  evict(partitions: ReadonlySet<number>, to: ActorId): void {
    const standing = this.#standing;
    if (!standing) return;
    const { actors } = this.#parts;
    this.#transfer?.written(partitions, to);
    for (const id of standing.idsIn(partitions)) {
      const cell = actors.cellOf(id);
      // One that does not stand any more ends with its partition, as one that could not go along does.
      if (cell && cell.status !== 'quiescent') continue;
      if (!this.#transfer?.isUnfit(id)) evict(actors, id);
      else emptied(cell);
    }
    this.#takeMail(partitions);
    this.#transfer?.refuseUnfit();
    this.#forget(partitions);
  }

  /** They are another machine's, which knows nothing of what stood here. Returns the mail for them. */
  drop(partitions: ReadonlySet<number>): Envelope[] {
    if (!this.#standing) return [];
    const mail = this.#takeMail(partitions);
    this.#forget(partitions);
    return mail;
  }

  captureOutbound(envelope: Envelope): boolean {
    const { sender } = envelope;
    if (sender === undefined || this.#standing?.stands(sender) !== true || !this.#held.has(shardOf(sender)))
      return false;
    this.#outbound.push(envelope);
    return true;
  }

  captureInbound(unit: Unit, envelope: Envelope): boolean {
    const { to } = envelope;
    const shard = shardOf(to);
    const standing = this.#standing;
    if (!standing?.partitions.has(shard) || !this.#isHost(to)) return false;
    // Until it is on hold, its mailbox takes it: it may have to go on.
    if (!this.#held.has(shard) && this.#parts.actors.cellOf(to)) return false;
    if (this.#transfer?.has(shard)) this.#parts.router.holds.addRelayed(unit, envelope);
    else this.#buffer(envelope);
    return true;
  }

  isQuiescent(_unit: Unit, id: ActorId): boolean {
    return this.#standing?.partitions.has(shardOf(id)) === true;
  }

  *takeBack(mail: Iterable<Envelope | HeldSignal>): Iterable<Envelope | HeldSignal> {
    const earlier: Envelope[] = [];
    for (const one of mail) {
      const sender = 'signal' in one ? undefined : one.sender;
      if (sender !== undefined && this.#standing?.stands(sender) && this.#held.has(shardOf(sender)))
        earlier.push(one as Envelope);
      else yield one;
    }
    this.#outbound.unshiftAll(earlier);
  }

  #buffer(envelope: Envelope): void {
    const { kernel } = this.#parts.actors;
    if (envelope.heavy === undefined) kernel.memory.weigh(envelope, envelope.message);
    if (envelope.verb !== 'message' || this.#buffered.hasRoomFor(envelope)) return this.#buffered.push(envelope);
    const text = this.#buffered.fullText(envelope, `for the hand-over of ${envelope.to}`);
    kernel.deadLetters.refuseUnlessResent(envelope, 'OVERLOADED', text);
  }

  #isHost(id: ActorId): boolean {
    return this.#parts.router.knownHostOf(id) === this.#parts.worker;
  }

  /** Mail that they had sent, and that waits in this process, goes along. */
  #takeSent(standing: StandingActors): void {
    for (const envelope of this.#parts.router.holds.takeFrom((sender) => standing.stands(sender)))
      this.#outbound.push(envelope);
  }

  /** Their own mail goes first, then what came for them. */
  #goOn(partitions: ReadonlySet<number>): void {
    const standing = this.#standing;
    if (!standing || partitions.size === 0) return;
    const { router } = this.#parts;
    this.#transfer?.written(partitions, undefined);
    this.#transfer?.forget(partitions);
    const outbound = takeFrom(this.#outbound, ({ sender }) => sender !== undefined && partitions.has(shardOf(sender)));
    const buffered = takeFrom(this.#buffered, ({ to }) => partitions.has(shardOf(to)));
    this.#forget(partitions, () => standing.goOn(partitions));
    for (const envelope of outbound) router.deliver(envelope);
    for (const envelope of buffered) router.arrived(envelope);
  }

  #takeMail(partitions: ReadonlySet<number>): Envelope[] {
    return [
      ...takeFrom(this.#outbound, ({ sender }) => sender !== undefined && partitions.has(shardOf(sender))),
      ...takeFrom(this.#buffered, ({ to }) => partitions.has(shardOf(to))),
    ];
  }

  #forget(partitions: ReadonlySet<number>, before: () => void = () => {}): void {
    const standing = this.#standing as StandingActors;
    before();
    standing.forget(partitions);
    if (standing.partitions.size > 0) return;
    this.#standing = undefined;
    this.#transfer?.close();
    this.#transfer = undefined;
    this.#held = new Set();
    this.#parts.router.captureFor('partition', undefined);
  }
}

function takeFrom(lane: MailLane<Envelope>, isMeant: (envelope: Envelope) => boolean): Envelope[] {
  const taken: Envelope[] = [];
  for (const envelope of lane.clear()) {
    if (isMeant(envelope)) taken.push(envelope);
    else lane.push(envelope);
  }
  return taken;
}

/** Its mail has gone along. */
function emptied(cell: Cell | undefined): void {
  cell?.mailbox.takeAll();
  cell?.mailbox.takeAside();
}

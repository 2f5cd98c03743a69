/**
 * States and mail of partitions on their way to another machine: packed, sent in pieces, and acknowledged there as a whole. Until a table names the
 * new owner, the actors here are the originals, and go on where that does not come.
 */
import type { Cell } from '../actor/cell.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import { checkTransferable, mailOf, packActor, stateOf } from '../actor/transfer.ts';
import { notMovable } from '../handoff/outgoing.ts';
import { actorPieces, encodeState, mailPieces, type WeighedPiece } from '../handoff/transfer-codec.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import { shardOf } from '../placement/shard.ts';
import { grouped } from '../structures/grouped.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Timer } from '../vocabulary/clock.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import { ARRIVAL } from '../wire/entry.ts';
import type { StandingActors } from './standing-actors.ts';

/** Encoded bytes of one hand-over from one process; the partitions beyond it go with the next one, though one may be as large as it is. */
export const HANDED_BYTES_MAX: number = 64 * 1024 * 1024;
/** Milliseconds for the other machine to say that it has everything. */
export const TRANSFER_MS_MAX = 4_000;

export interface TransferParts {
  readonly actors: LocalActors;
  readonly standing: StandingActors;
  readonly outbound: Iterable<Envelope>;
  readonly buffered: Iterable<Envelope>;
  /** Default: `HANDED_BYTES_MAX`. */
  readonly bytesMax?: number;
}

export class StateTransfer {
  /** Partitions that were too much. */
  readonly left: number[] = [];
  readonly #parts: TransferParts;
  readonly #to: OutboundQueue;
  readonly #sent = new Set<number>();
  /** Actors whose state cannot be encoded: they begin anew at the new owner. */
  readonly #unfitActors = new Set<ActorId>();
  #unfitMail: [envelope: Envelope, error: unknown][] = [];
  #bytes = 0;
  #move = 0;
  #timer: Timer | undefined;
  #done: ((isTaken: boolean) => void) | undefined;

  constructor(parts: TransferParts, to: OutboundQueue) {
    this.#parts = parts;
    this.#to = to;
  }

  /** Resolves to whether the other machine has said that it has everything. */
  send(move: number, partitions: ReadonlySet<number>): Promise<boolean> {
    this.#move = move;
    const pieces = this.#pack(partitions);
    const to = this.#to;
    to.note(ARRIVAL, move, ['begin', [...this.#sent]]);
    for (const { piece, bytesMax } of pieces) to.heavyNote(bytesMax, ARRIVAL, move, piece);
    to.note(ARRIVAL, move, ['end']);
    for (const { replyTo } of this.#mailIn(this.#sent)) replyTo?.transferred?.();
    this.#leaveGates();
    return new Promise((resolve) => {
      this.#done = resolve;
      this.#timer = this.#parts.actors.kernel.clock.setTimer(TRANSFER_MS_MAX, () => this.#end(false));
    });
  }

  has(partition: number): boolean {
    return this.#sent.has(partition);
  }

  answered(peer: OutboundQueue, move: number, isTaken: boolean): void {
    if (peer === this.#to && move === this.#move) this.#end(isTaken);
  }

  linkEnded(peer: OutboundQueue): void {
    if (peer === this.#to) this.#end(false);
  }

  isUnfit(id: ActorId): boolean {
    return this.#unfitActors.has(id);
  }

  /** An asker learns from there whether its ask was executed; undefined: it is here again. */
  written(partitions: ReadonlySet<number>, to: ActorId | undefined): void {
    for (const { replyTo } of this.#mailIn(partitions)) replyTo?.written(to);
  }

  /** They go on here. */
  forget(partitions: ReadonlySet<number>): void {
    for (const partition of partitions) this.#sent.delete(partition);
    this.#unfitMail = this.#unfitMail.filter(([{ to }]) => !partitions.has(shardOf(to)));
  }

  /** Mail that could not go along with those who are gone. */
  refuseUnfit(): void {
    const { deadLetters } = this.#parts.actors.kernel;
    for (const [envelope, error] of this.#unfitMail.splice(0)) {
      const code = error instanceof TroupeError ? error.code : 'INVALID_MESSAGE';
      deadLetters.refuseUnlessResent(envelope, code, asError(error).message);
    }
  }

  close(): void {
    this.#end(false);
  }

  /** An ask that waits at a pause may be let go there: nobody here says any more that it was not executed. Should they stay, it waits again. */
  #leaveGates(): void {
    const { standing, actors } = this.#parts;
    for (const partition of this.#sent) for (const cell of standing.cellsIn(partition)) actors.pauses.forget(cell);
  }

  #end(isTaken: boolean): void {
    const done = this.#done;
    this.#done = undefined;
    this.#timer?.cancel();
    done?.(isTaken);
  }

  #pack(partitions: ReadonlySet<number>): WeighedPiece[] {
    const { bytesMax = HANDED_BYTES_MAX } = this.#parts;
    const all: WeighedPiece[] = [];
    const outbound = grouped(this.#parts.outbound, ({ sender }) => shardOf(sender ?? ''));
    const buffered = grouped(this.#parts.buffered, ({ to }) => shardOf(to));
    for (const partition of partitions) {
      const isFull = this.#bytes >= bytesMax;
      const pieces = isFull ? [] : this.#packPartition(partition, outbound.get(partition), buffered.get(partition));
      const bytes = pieces.reduce((sum, one) => sum + one.bytesMax, 0);
      if (isFull || (this.#bytes > 0 && this.#bytes + bytes > bytesMax)) {
        this.left.push(partition);
        continue;
      }
      this.#bytes += bytes;
      this.#sent.add(partition);
      // One by one they may be half a million arguments.
      for (const piece of pieces) all.push(piece);
    }
    return all;
  }

  /** Mail that they had sent, then each actor with its own, then the mail that no mailbox took. */
  #packPartition(partition: number, outbound: Envelope[] = [], buffered: Envelope[] = []): WeighedPiece[] {
    const { standing, actors } = this.#parts;
    const pieces = this.#mail('outbound', outbound);
    for (const cell of standing.cellsIn(partition)) {
      for (const piece of this.#actor(cell)) pieces.push(piece);
      const { mail, stash } = mailOf(cell);
      for (const piece of this.#mail('stash', stash)) pieces.push(piece);
      for (const piece of this.#mail('mail', mail)) pieces.push(piece);
    }
    for (const id of standing.restIn(partition))
      for (const piece of actorPieces(packActor(actors, id, undefined), undefined)) pieces.push(piece);
    for (const piece of this.#mail('mail', buffered)) pieces.push(piece);
    return pieces;
  }

  #actor(cell: Cell): WeighedPiece[] {
    const { actors } = this.#parts;
    // A child begins anew with its parent.
    if (cell.origin.parent && this.#unfitActors.has(cell.origin.parent.id)) {
      this.#unfitActors.add(cell.id);
      return [];
    }
    try {
      checkTransferable(cell);
      return actorPieces(packActor(actors, cell.id, undefined), encodeState(stateOf(cell)));
    } catch (error) {
      const { log } = actors.kernel;
      const text = `${notMovable(cell.id, asError(error)).message}; its machine gives it up, so it begins anew at the next one`;
      log.error({ actor: cell.id }, text);
      this.#unfitActors.add(cell.id);
      return [];
    }
  }

  #mail(kind: 'mail' | 'stash' | 'outbound', mail: Iterable<Envelope>): WeighedPiece[] {
    const { messageBytesMax } = this.#parts.actors.kernel.limits;
    return mailPieces(kind, mail, messageBytesMax, (envelope, error) => this.#unfitMail.push([envelope, error]));
  }

  *#mailIn(partitions: ReadonlySet<number>): Iterable<Envelope> {
    const { standing, outbound, buffered } = this.#parts;
    for (const envelope of outbound)
      if (envelope.sender !== undefined && partitions.has(shardOf(envelope.sender))) yield envelope;
    for (const partition of partitions) {
      for (const cell of standing.cellsIn(partition)) {
        const { mail, stash } = mailOf(cell);
        yield* stash;
        yield* mail;
      }
    }
    for (const envelope of buffered) if (partitions.has(shardOf(envelope.to))) yield envelope;
  }
}

/**
 * The new host's part in one move: transfer is kept until the table that commits the move is there, and then goes on
 * living here. Installed is not running.
 */
import { Buffer } from 'node:buffer';
import { type TransferredActor, install, type WatchRecord } from '../actor/transfer.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import { lacksStore } from '../actor/store-access.ts';
import { type ActorId, kindOf } from '../vocabulary/address.ts';
import type { Envelope, ReplyTo } from '../vocabulary/envelope.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import type { ClusterTopics } from '../routing/cluster-topics.ts';
import type { Router } from '../routing/router.ts';
import { type TransferPiece, type MailKind, readActor, readMail } from './transfer-codec.ts';

export interface IncomingParts {
  readonly actors: LocalActors;
  readonly topics: ClusterTopics;
  readonly router: Pick<Router, 'deliver' | 'arrived'>;
  toRef(id: ActorId): unknown;
  replyTo(process: ActorId, correlation: number): ReplyTo;
}

/** Actors and mail that go on nowhere. */
export interface DroppedTransfer {
  readonly actors: readonly TransferredActor[];
  /** For these actors, or from them. */
  readonly mail: readonly Envelope[];
}

export class IncomingHandoff {
  readonly #parts: IncomingParts;
  #actors: TransferredActor[] = [];
  #fault: Error | undefined;
  /** Of the actor that arrives at present. */
  #bytes: Uint8Array[] = [];
  #outbound: Envelope[] = [];
  #stashed: Envelope[] = [];
  #mail: Envelope[] = [];
  #placeholders: (() => Promise<void>)[] = [];
  #isOver = false;

  constructor(parts: IncomingParts) {
    this.#parts = parts;
  }

  add(piece: TransferPiece): void {
    try {
      if (piece[0] === 'actor') this.#addActor(piece[1], piece[2]);
      else this.#addMail(piece[0], piece[1]);
    } catch (error) {
      // An actor that cannot be read cannot live here: its units stay where they are.
      this.#fault ??= asError(error);
    }
  }

  #addMail(kind: MailKind, batch: readonly unknown[]): void {
    const { toRef, replyTo } = this.#parts;
    const list = { mail: this.#mail, stash: this.#stashed, outbound: this.#outbound }[kind];
    for (const envelope of readMail(batch, toRef, replyTo)) list.push(envelope);
  }

  #addActor(bytes: Uint8Array, isLast: boolean): void {
    this.#bytes.push(bytes);
    if (!isLast) return;
    const [first, ...rest] = this.#bytes as [Uint8Array, ...Uint8Array[]];
    this.#bytes = [];
    this.#actors.push(readActor(rest.length === 0 ? first : Buffer.concat([first, ...rest]), this.#parts.toRef));
  }

  /** All is there. Resolves once what is published reaches this process: its subscribers are about to live here. */
  async complete(): Promise<void> {
    if (this.#fault) throw this.#fault;
    const { kernel } = this.#parts.actors;
    for (const { id } of this.#actors) {
      const kind = kindOf(id);
      const behaviour = kernel.behaviours.get(kind);
      // A reload has removed the kind: the rest of it ends on the way.
      if (!behaviour && kernel.wasRemoved(kind)) continue;
      if (!behaviour)
        throw new TroupeError('UNKNOWN_KIND', `an actor moves to a worker that knows its kind; got ${id}`);
      if (lacksStore(kernel, behaviour))
        throw new TroupeError('STORE_FAILED', `${id} is durable, and the store is not open in this process`);
    }
    const topics = new Set(this.#actors.flatMap(({ topics }) => topics));
    this.#placeholders = await Promise.all([...topics].map((topic) => this.#parts.topics.listen(topic, () => {})));
    if (this.#isOver) this.#dropPlaceholders();
  }

  /** The watches of those that arrive. */
  *watches(): Iterable<WatchRecord> {
    for (const { incarnation, passivated } of this.#actors) yield* (incarnation ?? passivated)?.watching ?? [];
  }

  /** In memory, or passivated. */
  *living(): Iterable<ActorId> {
    for (const { id, incarnation, passivated } of this.#actors) if (incarnation ?? passivated) yield id;
  }

  /** These do not live here. */
  drop(isLost: (id: ActorId) => boolean): DroppedTransfer {
    const [actors, living] = parted(this.#actors, ({ id }) => isLost(id));
    const [sent, outbound] = parted(this.#outbound, ({ sender }) => sender !== undefined && isLost(sender));
    const [aside, stashed] = parted(this.#stashed, ({ to }) => isLost(to));
    const [waiting, mail] = parted(this.#mail, ({ to }) => isLost(to));
    this.#actors = living;
    this.#outbound = outbound;
    this.#stashed = stashed;
    this.#mail = mail;
    return { actors, mail: [...sent, ...aside, ...waiting] };
  }

  /** The table says that they live here. Mail that they had on its way goes out before anything new. */
  commit(from: ActorId): void {
    const { actors, router } = this.#parts;
    for (const envelope of this.#outbound) router.deliver(envelope);
    for (const transfer of this.#actors) install(actors, transfer, from);
    for (const envelope of this.#stashed) this.#putAside(envelope);
    for (const envelope of this.#mail) router.arrived(envelope);
    this.discard();
  }

  /** It does not happen. */
  discard(): void {
    this.#isOver = true;
    this.#dropPlaceholders();
  }

  #putAside(envelope: Envelope): void {
    const cell = this.#parts.actors.cellOf(envelope.to);
    if (cell) cell.mailbox.putAside(envelope);
    else this.#parts.router.arrived(envelope);
  }

  #dropPlaceholders(): void {
    for (const drop of this.#placeholders.splice(0)) void drop();
  }
}

function parted<T>(all: readonly T[], isMeant: (one: T) => boolean): [meant: T[], rest: T[]] {
  const [meant, rest]: [T[], T[]] = [[], []];
  for (const one of all) (isMeant(one) ? meant : rest).push(one);
  return [meant, rest];
}

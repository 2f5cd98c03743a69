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
import { type TransferPiece, type MailKind, readActor, readMail } from './transfer-codec.ts';

export interface IncomingPort {
  readonly actors: LocalActors;
  readonly topics: ClusterTopics;
  /** A reload has removed the kind: what is left of it ends on the way. */
  isRemoved(kind: string): boolean;
  toRef(id: ActorId): unknown;
  replyTo(process: ActorId, correlation: number): ReplyTo;
  /** By the table, as any mail. */
  send(envelope: Envelope): void;
  /** To an actor that lives here. */
  deliver(envelope: Envelope): void;
}

export class IncomingHandoff {
  readonly #port: IncomingPort;
  readonly #actors: TransferredActor[] = [];
  #fault: Error | undefined;
  /** Of the actor that arrives at present. */
  #portions: Uint8Array[] = [];
  readonly #outbound: Envelope[] = [];
  readonly #stashed: Envelope[] = [];
  readonly #mail: Envelope[] = [];
  #placeholders: (() => Promise<void>)[] = [];
  #isOver = false;

  constructor(port: IncomingPort) {
    this.#port = port;
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
    const { toRef, replyTo } = this.#port;
    const list = { mail: this.#mail, stash: this.#stashed, outbound: this.#outbound }[kind];
    for (const envelope of readMail(batch, toRef, replyTo)) list.push(envelope);
  }

  #addActor(bytes: Uint8Array, isLast: boolean): void {
    this.#portions.push(bytes);
    if (!isLast) return;
    const [first, ...rest] = this.#portions as [Uint8Array, ...Uint8Array[]];
    this.#portions = [];
    this.#actors.push(readActor(rest.length === 0 ? first : Buffer.concat([first, ...rest]), this.#port.toRef));
  }

  /** All is there. Resolves once what is published reaches this process: its subscribers are about to live here. */
  async complete(): Promise<void> {
    if (this.#fault) throw this.#fault;
    const { kernel } = this.#port.actors;
    for (const { id } of this.#actors) {
      const kind = kindOf(id);
      const behaviour = kernel.behaviours.get(kind);
      if (!behaviour && this.#port.isRemoved(kind)) continue;
      if (!behaviour)
        throw new TroupeError('UNKNOWN_KIND', `an actor moves to a worker that knows its kind; got ${id}`);
      if (lacksStore(kernel, behaviour))
        throw new TroupeError('STORE_FAILED', `${id} is durable, and the store is not open in this process`);
    }
    const topics = new Set(this.#actors.flatMap(({ topics }) => topics));
    this.#placeholders = await Promise.all([...topics].map((topic) => this.#port.topics.listen(topic, () => {})));
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

  /** The table says that they live here. Mail that they had on its way goes out before anything new. */
  commit(from: ActorId): void {
    const { actors, send, deliver } = this.#port;
    for (const envelope of this.#outbound) send(envelope);
    for (const transfer of this.#actors) install(actors, transfer, from);
    for (const envelope of this.#stashed) this.#putAside(envelope);
    for (const envelope of this.#mail) deliver(envelope);
    this.discard();
  }

  /** It does not happen. */
  discard(): void {
    this.#isOver = true;
    this.#dropPlaceholders();
  }

  #putAside(envelope: Envelope): void {
    const cell = this.#port.actors.cellOf(envelope.to);
    if (cell) cell.mailbox.putAside(envelope);
    else this.#port.deliver(envelope);
  }

  #dropPlaceholders(): void {
    for (const drop of this.#placeholders.splice(0)) void drop();
  }
}

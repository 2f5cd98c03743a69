/** Actors that another machine has handed over go to the workers that host them by the table, children to their parents' worker. Their mail is on hold meanwhile. */
import type { Kernel } from '../actor/kernel.ts';
import type { TransferredActor } from '../actor/transfer.ts';
import type { DroppedTransfer } from '../handoff/incoming.ts';
import { actorPieces, mailPieces, type WeighedPiece } from '../handoff/transfer-codec.ts';
import type { LinkFlushes } from '../peer/link-flushes.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import type { Peers } from '../peer/peers.ts';
import type { Router } from '../routing/router.ts';
import { grouped } from '../structures/grouped.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import { NOWHERE } from '../wire/control.ts';
import { ARRIVAL } from '../wire/entry.ts';
import { type Arrived, partitionOf, type ReceivedHandOvers } from './received-hand-overs.ts';
import type { RelayedAsks } from '../machine-routes/relayed-asks.ts';

export interface DeliveryParts {
  readonly kernel: Kernel;
  readonly router: Router;
  /** Of this machine. */
  readonly peers: Peers;
  readonly flushes: LinkFlushes;
  readonly arrivals: ReceivedHandOvers;
  readonly relayed: RelayedAsks;
  /** By which this machine has that partition; 0: it has it not. */
  epochOf(partition: number): number;
  /** Actors and mail that were lost before the workers had them. */
  neverBegan(dropped: DroppedTransfer): void;
  /** The place of an id whose kind is not placed by hash. */
  locate(id: ActorId): Promise<number>;
  /** The child is to be on that worker. */
  pin(id: ActorId, worker: number): Promise<unknown>;
}

export class ArrivalDelivery {
  readonly #parts: DeliveryParts;
  /** Of the delivery in flight. */
  readonly #hosts = new Map<ActorId, number>();

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Resolves once the workers have it all. */
  async deliver(number: number, from: string, partitions: readonly number[]): Promise<true> {
    const items = this.#parts.arrivals.take(from, new Set(partitions));
    if (items.length === 0) return true;
    const { peers, flushes, epochOf } = this.#parts;
    const epochs = new Map(partitions.map((partition) => [partition, epochOf(partition)]));
    await this.#place(items);
    const isHere = (item: Arrived): boolean => epochOf(partitionOf(item)) === epochs.get(partitionOf(item));
    this.#drop(items.filter((item) => !isHere(item)));
    const workers = grouped(items.filter(isHere), (item) => this.#hosts.get(whoseIs(item)) ?? NOWHERE);
    this.#hosts.clear();
    const sentTo: OutboundQueue[] = [];
    for (const [host, list] of workers) {
      const peer = peers.byIndex(host);
      if (peer === undefined || peer.ended) this.#sendOn(list);
      else {
        this.#send(peer, number, list);
        sentTo.push(peer);
      }
    }
    await flushes.flush(sentTo);
    return true;
  }

  #drop(items: readonly Arrived[]): void {
    const actors = items.flatMap((item) => ('actor' in item ? [item.actor] : []));
    const mail = items.flatMap((item) => ('envelope' in item ? [item.envelope] : []));
    this.#parts.neverBegan({ actors, mail });
  }

  async #place(items: readonly Arrived[]): Promise<void> {
    this.#hosts.clear();
    for (const item of items) if ('actor' in item) await this.#placeActor(item.actor);
    for (const item of items) {
      const id = whoseIs(item);
      if (!this.#hosts.has(id)) await this.#hostOf(id);
    }
  }

  /** Parents come before their children. */
  async #placeActor({ id, incarnation }: TransferredActor): Promise<void> {
    const parent = incarnation?.child?.parent;
    const host = parent === undefined ? undefined : this.#hosts.get(parent);
    if (host === undefined) return void (await this.#hostOf(id));
    this.#hosts.set(id, host);
    const { router, pin } = this.#parts;
    if (router.knownHostOf(id) !== host) await pin(id, host).catch(() => {});
  }

  async #hostOf(id: ActorId): Promise<void> {
    const { router, locate } = this.#parts;
    const known = router.knownHostOf(id);
    const isKind = router.termsOf(id) !== undefined;
    const host = known ?? (isKind ? await locate(id).catch(() => undefined) : undefined);
    if (host !== undefined) this.#hosts.set(id, host);
  }

  #send(peer: OutboundQueue, number: number, items: readonly Arrived[]): void {
    for (const { piece, bytesMax } of this.#piecesOf(items)) peer.heavyNote(bytesMax, ARRIVAL, number, piece);
    peer.note(ARRIVAL, number, null);
    for (const item of items) if ('envelope' in item) item.envelope.replyTo?.written(peer.address);
  }

  #piecesOf(items: readonly Arrived[]): WeighedPiece[] {
    const { kernel } = this.#parts;
    const pieces: WeighedPiece[] = [];
    let mail: Envelope[] = [];
    let kind: 'mail' | 'stash' | 'outbound' = 'mail';
    const refused = (envelope: Envelope, error: unknown): void => {
      const code = error instanceof TroupeError ? error.code : 'INVALID_MESSAGE';
      kernel.deadLetters.refuseUnlessResent(envelope, code, asError(error).message);
    };
    const close = (): void => {
      for (const piece of mailPieces(kind, mail, kernel.limits.messageBytesMax, refused)) pieces.push(piece);
      mail = [];
    };
    for (const item of items) {
      if ('actor' in item) {
        close();
        for (const piece of actorPieces(item.actor, item.state)) pieces.push(piece);
        continue;
      }
      if (item.kind !== kind) close();
      kind = item.kind;
      this.#relay(item.envelope);
      mail.push(item.envelope);
    }
    close();
    return pieces;
  }

  /** No worker is there for it: as if it had died with it. Mail for those who were to come is older than what waits for them here. */
  #sendOn(items: readonly Arrived[]): void {
    const { router } = this.#parts;
    const mail: Envelope[] = [];
    for (const item of items) {
      if ('actor' in item) continue;
      const { kind, envelope } = item;
      this.#relay(envelope);
      if (kind !== 'outbound') mail.push(router.holds.notePassedOn(envelope));
      // It is kept and stamped first.
      else if (router.termsOf(envelope.to)?.isDurable) router.deliver(envelope);
      else router.passOn(envelope);
    }
    router.putFirst(mail);
  }

  /** This process asks in the place of an asker elsewhere, as for all asks that come in here. */
  #relay(envelope: Envelope): void {
    if (envelope.replyTo) this.#parts.relayed.relay(envelope, envelope.replyTo);
  }
}

function whoseIs(item: Arrived): ActorId {
  if ('actor' in item) return item.actor.id;
  const { to, sender } = item.envelope;
  return item.kind === 'outbound' ? (sender ?? to) : to;
}

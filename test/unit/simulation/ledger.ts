/**
 * Where every message is: in the memory of which processes, in which frames. A message that was neither handled nor
 * became a dead letter may be missing only where every place that held it was taken away by fate.
 */
import { readMail } from '../../../src/handoff/transfer-codec.ts';
import { decodeValue } from '../../../src/wire/codec.ts';
import type { FrameEntry, ObservedFrame, SimulationEvent } from '../../../src/simulation/observation.ts';
import { deserializeClone } from '../../../src/plain-data/clone-bytes.ts';
import type { Envelope, ReplyTo } from '../../../src/vocabulary/envelope.ts';
import type { Breaches } from './breaches.ts';
import type { Faults } from './faults.ts';
import { addressOf, type Moves } from './moves.ts';

export type SentKind = 'tell' | 'ask' | 'publish';

export interface Sent {
  readonly m: number;
  readonly kind: SentKind;
  /** The sender, as it is ordered: an actor, or a process. */
  readonly from: string;
  /** The receiver; of a publish, its topic. */
  readonly to: string;
  readonly type: string;
  readonly at: number;
  /** The process that it was sent in. */
  readonly origin: string;
  /** Processes that hold it. */
  readonly memory: Set<string>;
  /** Frames that carry it, or did. */
  readonly frames: { from: string; to: string; frame: ObservedFrame }[];
}

export class Ledger {
  readonly sent: Sent[] = [];
  /** Message → receivers that handled it. */
  readonly handled = new Map<number, Set<string>>();
  /** Tells and asks that became dead letters, with their reasons; a publish may do so for one receiver, and reach others. */
  readonly dead = new Map<number, string>();
  readonly #breaches: Breaches;
  readonly #faults: Faults;
  readonly #moves: Moves;
  /** Messages that a new host was sent a copy of, by move. */
  readonly #transfer = new Map<number, Set<Sent>>();
  readonly #deadCopies = new Set<string>();
  /** Of a publish, what has gone to one subscriber as mail of its own: by message and receiver. */
  readonly #copies = new Map<string, Sent>();
  readonly #repliesWritten = new Set<string>();
  /** What is in frames that have not been read; to look for it a second time would cost as much as the first. */
  readonly #written = new Map<ObservedFrame, readonly Sent[]>();

  constructor(breaches: Breaches, faults: Faults, moves: Moves) {
    this.#breaches = breaches;
    this.#faults = faults;
    this.#moves = moves;
  }

  send(kind: SentKind, from: string, to: string, type: string, origin: string): Sent {
    const sent: Sent = {
      ...{ m: this.sent.length, kind, from, to, type, at: this.#breaches.now, origin },
      memory: new Set([origin]),
      frames: [],
    };
    this.sent.push(sent);
    return sent;
  }

  isHandled({ m }: Sent, by?: string): boolean {
    const receivers = this.handled.get(m);
    return receivers !== undefined && (by === undefined || receivers.has(by));
  }

  handle(m: number, by: string): Sent {
    const sent = this.sent[m] as Sent;
    const receivers = this.handled.get(m) ?? new Set();
    this.handled.set(m, receivers);
    if (receivers.has(by)) this.#breaches.add(3, `handled twice: ${nameOf(sent)} by ${by}`);
    if (sent.kind !== 'publish' && sent.to !== by) this.#breaches.add(2, `${nameOf(sent)} was handled by ${by}`);
    const reason = this.dead.get(m);
    if (reason !== undefined)
      this.#breaches.add(4, `handled although it was a dead letter (${reason}): ${nameOf(sent)}`);
    receivers.add(by);
    return sent;
  }

  /** The message, or the copy of a publish for one receiver, became a dead letter. */
  isDead({ m, kind }: Sent, receiver: string): boolean {
    return kind === 'publish' ? this.#deadCopies.has(`${m} ${receiver}`) : this.dead.has(m);
  }

  deadLetter(m: number, to: string, reason: string): void {
    const sent = this.sent[m] as Sent;
    if (sent.kind === 'publish') {
      this.#deadCopies.add(`${m} ${to}`);
      return;
    }
    // A handler that throws has handled the message; what it was is kept all the same.
    if (reason !== 'HANDLER_FAILED' && this.isHandled(sent))
      this.#breaches.add(4, `a dead letter (${reason}) although it was handled: ${nameOf(sent)}`);
    if (reason !== 'HANDLER_FAILED') this.dead.set(m, reason);
  }

  note(event: SimulationEvent): void {
    if (event.kind === 'frame') {
      if (event.step === 'written') this.#write(event);
      else this.#read(event);
    } else if (event.kind === 'link-end') this.#dropHalves(event);
    else if (event.kind === 'control' && event.step === 'received') this.#told(event);
  }

  /** All that was told and not handled, each with the reason why it may be missing, or a breach. */
  check(): void {
    for (const sent of this.sent) {
      if (sent.kind !== 'tell' || this.isHandled(sent) || this.dead.has(sent.m)) continue;
      const where = this.stillAt(sent);
      if (where !== undefined) this.#breaches.add(4, `lost without a word: ${nameOf(sent)}, ${where}`);
    }
  }

  /** Where a message still ought to be; undefined where fate has taken it. */
  stillAt({ to, memory, frames }: Sent): string | undefined {
    for (const process of memory) {
      // A copy that this process is about to drop, since its receiver lives, or died, elsewhere.
      if (this.#moves.hasLeft(process, to)) continue;
      if (!this.#faults.wasKilled(process)) return `last in the memory of ${process}`;
    }
    for (const [n, { from, to, frame }] of frames.entries()) {
      // It never left its sender, which sends it again: that is a frame of its own.
      if (frame.status === 'refused' && !this.#faults.wasKilled(from)) {
        if (frames.slice(n + 1).some((later) => later.from === from)) continue;
        return `last in the memory of ${from}, whose link to ${to} did not take it`;
      }
      if (frame.status === 'in flight') return `on its way from ${from} to ${to}`;
      const isExcused =
        frame.status === 'read' ||
        this.#faults.wasKilled(from) ||
        this.#faults.wasKilled(to) ||
        this.#faults.wasBroken(from, to);
      if (!isExcused) return `lost on the link from ${from} to ${to}, which nobody broke`;
    }
    return undefined;
  }

  #write({ from, to, frame }: Extract<SimulationEvent, { kind: 'frame' }>): void {
    const all: Sent[] = [];
    this.#written.set(frame, all);
    for (const entry of frame.entries) {
      this.#countReply(entry, from);
      const isCopy = entry.type === 'transfer';
      for (const sent of this.#messagesIn(entry, from)) {
        all.push(sent);
        sent.frames.push({ from, to, frame });
        if (isCopy) this.#transferOf(entry.move).add(sent);
        else if (sent.kind !== 'publish') sent.memory.delete(from);
      }
    }
  }

  /** That of a publish for one subscriber, where it went a way of its own; it is mail as any other from there on. */
  copyFor({ m }: Sent, receiver: string): Sent | undefined {
    return this.#copies.get(`${m} ${receiver}`);
  }

  #read({ to, frame }: Extract<SimulationEvent, { kind: 'frame' }>): void {
    for (const sent of this.#written.get(frame) ?? []) sent.memory.add(to);
    this.#written.delete(frame);
  }

  /** The end of a move: one of the two hosts drops its copy. */
  #told({ to, message }: Extract<SimulationEvent, { kind: 'control' }>): void {
    if (message.type === 'hold') this.#orders.set(message.move.id, message.move);
    if (message.type === 'abort') this.#dropCopy(message.move, to, 'to');
    if (message.type !== 'table') return;
    const { endedMoves, abortedMoves = [] } = message.change;
    for (const move of endedMoves) this.#dropCopy(move, to, abortedMoves.includes(move) ? 'to' : 'from');
  }

  readonly #orders = new Map<number, NonNullable<ReturnType<Moves['order']>>>();

  /** What has come of a transfer that is not complete is dropped with its link; the old host, where it lives, sends all of it again. */
  #dropHalves({ from, to }: Extract<SimulationEvent, { kind: 'link-end' }>): void {
    for (const [move, transfer] of this.#transfer) {
      const order = this.#orders.get(move) ?? this.#moves.order(move);
      if (!order || this.#moves.isComplete(move)) continue;
      if (addressOf(order.from) === from && addressOf(order.to) === to)
        for (const sent of transfer) sent.memory.delete(to);
    }
  }

  #dropCopy(move: number, process: string, end: 'from' | 'to'): void {
    const order = this.#orders.get(move) ?? this.#moves.order(move);
    if (!order || addressOf(order[end]) !== process) return;
    for (const sent of this.#transfer.get(move) ?? []) {
      // What the other one has not got is not given away; it may have sent it on by now.
      const hasArrived = sent.frames.some(
        ({ frame }) =>
          frame.status === 'read' && frame.entries.some((entry) => entry.type === 'transfer' && entry.move === move),
      );
      if (end === 'to' || hasArrived) sent.memory.delete(process);
    }
  }

  #transferOf(move: number): Set<Sent> {
    let transfer = this.#transfer.get(move);
    if (!transfer) this.#transfer.set(move, (transfer = new Set()));
    return transfer;
  }

  /** An ask is answered once: a second answer would be ignored, but somebody believes in it. */
  #countReply(entry: FrameEntry, from: string): void {
    if (entry.type !== 'reply' && entry.type !== 'failure') return;
    const name = `${entry.process}:${entry.number}`;
    if (this.#repliesWritten.has(name)) this.#breaches.add(5, `${from} answers the ask ${name} a second time`);
    this.#repliesWritten.add(name);
  }

  *#messagesIn(entry: FrameEntry, from: string): Generator<Sent> {
    if (entry.type === 'publish') yield* this.#find(entry.message);
    else if (entry.type === 'mail') yield* this.#mail(entry, from);
    else if (entry.type === 'transfer') {
      for (const envelope of mailIn(entry.piece)) yield* this.#mail(envelope, from);
      yield* this.#find(actorIn(entry.piece));
    }
  }

  *#mail({ to, message }: Pick<Envelope, 'to' | 'message'>, from: string): Generator<Sent> {
    for (const sent of this.#find(message)) {
      yield sent;
      if (sent.kind !== 'publish') continue;
      const copy = this.copyFor(sent, to) ?? { ...sent, kind: 'tell', to, memory: new Set([from]), frames: [] };
      this.#copies.set(`${sent.m} ${to}`, copy);
      yield copy;
    }
  }

  /** Every message of the programs, however deep it is packed. */
  *#find(value: unknown): Generator<Sent> {
    if (value instanceof Uint8Array) return yield* this.#find(deserializeClone(value, (id) => ({ id })));
    if (typeof value !== 'object' || value === null) return;
    const { type, m } = value as { type?: unknown; m?: unknown };
    if (typeof type === 'string' && typeof m === 'number') {
      const sent = this.sent[m];
      if (sent) yield sent;
      return;
    }
    const parts = value instanceof Map || value instanceof Set ? [...value.values()] : Object.values(value);
    for (const part of parts) yield* this.#find(part);
  }
}

/** Of a piece of what an actor takes along: mail, if it is that. */
function mailIn(piece: unknown): Envelope[] {
  const [kind, batch] = (piece ?? []) as [string?, unknown[]?];
  if (kind === 'actor' || batch === undefined) return [];
  return readMail(batch, toRef, () => ({}) as ReplyTo);
}

/** And the actor; here each fits in one. */
function actorIn(piece: unknown): unknown {
  const [kind, bytes] = (piece ?? []) as [string?, Uint8Array?];
  if (kind !== 'actor' || bytes === undefined) return undefined;
  const [body, state] = decodeValue(bytes, toRef) as [unknown, Uint8Array | undefined];
  return [body, state && decodeValue(state, toRef)];
}

const toRef = (id: string): unknown => ({ id });

export function nameOf({ m, kind, from, to, type }: Sent): string {
  return `${kind} ${type} #${m} ${from} → ${to}`;
}

/**
 * The changes of one or several turns of an actor that are committed together, and their outputs, which leave after that. Most
 * batches have one turn, one output and nothing removed, so the first of each stands alone and rare parts are made when needed.
 */
import type { Cell } from '../actor/cell.ts';
import type { GatedEffect } from '../actor/durable-side.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import type { GatedReply } from './gated-reply.ts';
import type { ReminderChanges } from './reminders.ts';
import { stateBytes } from './state-form.ts';
import type { StoreChange } from '../store/store.ts';
import { nextOwnTime } from './wake-time.ts';

const NOTHING: readonly never[] = Object.freeze([]);

/** Leaves after the commit. A reply stands for itself: a function for each would be an object more (D1). */
export type Output = (() => void) | GatedReply;

export function letLeave(output: Output): void {
  if (typeof output === 'function') output();
  else output.leave();
}

export class TurnBatch {
  readonly put: Map<string, Uint8Array> = new Map();
  #size = 0;
  #removed: Set<string> | undefined;
  #others: StoreChange[] | undefined;
  #output: Output | undefined;
  #moreOutputs: Output[] | undefined;
  #envelope: Envelope | undefined;
  #moreEnvelopes: Envelope[] | undefined;
  /** The last number handled of a stream; most batches know one stream. */
  #stream: string | undefined;
  #number = 0;
  /** Replies say so. */
  #isAnswered = false;
  #moreStreams: Map<string, number> | undefined;
  /** Messages of its own go with it. */
  hasMail = false;
  /** It is written though no part of the record changes: for its next time. */
  isNeeded = false;
  /** The counts that its owner has been told: turns, and bytes of its parts. */
  turns = 0;
  bytes = 0;

  /** It brings nothing to write: its outputs leave after what `after` is told of. */
  handOutputsTo(after: (output: Output) => void): void {
    if (this.#output !== undefined) after(this.#output);
    for (const output of this.#moreOutputs ?? NOTHING) after(output);
  }

  get isEmpty(): boolean {
    return this.put.size === 0 && this.#removed === undefined && this.#others === undefined && !this.isNeeded;
  }

  get remove(): Iterable<string> {
    return this.#removed ?? NOTHING;
  }

  /** Records of their own that come with it. */
  get others(): readonly StoreChange[] {
    return this.#others ?? NOTHING;
  }

  /** The messages of these turns, to be handled again if it fails. */
  get envelopes(): readonly Envelope[] {
    return this.#envelope === undefined ? NOTHING : [this.#envelope, ...(this.#moreEnvelopes ?? NOTHING)];
  }

  write(name: string, bytes: Uint8Array): void {
    this.#removed?.delete(name);
    this.#size += bytes.byteLength - (this.put.get(name)?.byteLength ?? 0);
    this.put.set(name, bytes);
  }

  /** Bytes of its parts that it has beyond those that its owner knows of. */
  get uncounted(): number {
    return this.#size - this.bytes;
  }

  erase(name: string): void {
    this.#size -= this.put.get(name)?.byteLength ?? 0;
    this.put.delete(name);
    (this.#removed ??= new Set()).add(name);
  }

  with(other: StoreChange): void {
    (this.#others ??= []).push(other);
  }

  after(output: Output): void {
    if (this.#output === undefined) this.#output = output;
    else (this.#moreOutputs ??= []).push(output);
  }

  handled(envelope: Envelope): void {
    if (this.#envelope === undefined) this.#envelope = envelope;
    else (this.#moreEnvelopes ??= []).push(envelope);
  }

  /** `isAnswered`: a reply to that message leaves with the batch, which says as much; where all of them have one nothing more is to be said. */
  acknowledge(stream: string, number: number, isAnswered: boolean): void {
    if (this.#stream === undefined || this.#stream === stream) {
      this.#isAnswered = isAnswered && (this.#stream === undefined || this.#isAnswered);
      this.#stream = stream;
      this.#number = number;
    } else if (!isAnswered || this.#moreStreams?.has(stream)) (this.#moreStreams ??= new Map()).set(stream, number);
  }

  /** Outputs leave after the commit, in order. */
  release(): void {
    if (this.#output !== undefined) letLeave(this.#output);
    if (this.#moreOutputs !== undefined) for (const output of this.#moreOutputs) letLeave(output);
  }

  acknowledgeTo(acknowledge: (stream: string, number: number) => void): void {
    if (this.#stream !== undefined && !this.#isAnswered) acknowledge(this.#stream, this.#number);
    if (this.#moreStreams) for (const [stream, number] of this.#moreStreams) acknowledge(stream, number);
  }
}

/** A turn that has begun: everything it does waits here for its end. */
export class Turn {
  /** Undefined for hooks. */
  readonly envelope: Envelope | undefined;
  /** In order; each writes its part of the batch. */
  #actions: ((batch: TurnBatch) => void)[] | undefined;
  /** After the actions: a handler returns it. */
  reply: GatedReply | undefined;
  /** The state after it, encoded. */
  state: Uint8Array | undefined;
  /** When that state goes on by itself. */
  ownAt: number | undefined;
  /** The envelope was put aside. */
  isPutAside = false;
  /** Effects that take place, or are taken back, with the turn. */
  #gated: GatedEffect[] | undefined;
  #reminders: ReminderChanges | undefined;
  /** Its handler did not run: the message was refused, or came too late. */
  isSkipped = false;
  /** Nor will it: too many processes have died of it. */
  readonly isCondemned: boolean;
  /** Its asker had given up, and so it came to nothing: sent again it is new. */
  isGivenUp = false;
  /** Asks made so far. */
  asks = 0;

  constructor(envelope: Envelope | undefined, isCondemned = false) {
    this.envelope = envelope;
    this.isCondemned = isCondemned;
  }

  get actions(): number {
    return this.#actions?.length ?? 0;
  }

  get gated(): readonly GatedEffect[] {
    return this.#gated ?? NOTHING;
  }

  /** Takes the state as it is now. Throws where it is no plain data. */
  capture(cell: Cell): void {
    this.state = stateBytes(cell);
    this.ownAt = nextOwnTime(cell);
  }

  deferUntilCommit(effect: GatedEffect): void {
    (this.#gated ??= []).push(effect);
  }

  act(action: (batch: TurnBatch) => void): void {
    if (this.#actions === undefined) this.#actions = [action];
    else this.#actions.push(action);
  }

  run(batch: TurnBatch): void {
    if (this.#actions !== undefined) for (const action of this.#actions) action(batch);
  }

  /** Nothing of what it did is to happen. Returns what is to be taken back. */
  drop(): GatedEffect[] {
    const gated = this.#gated ?? [];
    this.#gated = undefined;
    this.#actions = undefined;
    this.reply = undefined;
    this.state = undefined;
    return gated;
  }

  /** Few turns have any. */
  get reminders(): ReminderChanges {
    this.#reminders ??= { fresh: new Set(), forgotten: new Set() };
    return this.#reminders;
  }
}

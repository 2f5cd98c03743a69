/** Items that wait on their way to another process, beside envelopes. */
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import type { Signal } from '../vocabulary/signal.ts';
import { HEAVY_BYTES_MIN, Heavy, type Weighed } from '../plain-data/weight.ts';

/** Anything but an envelope: its kind and parts, as they go into the batch. */
export class Note implements Weighed {
  readonly heavy: Heavy | undefined;
  readonly parts: readonly unknown[];
  /** Encoded, at most. */
  readonly bytesMax: number;

  constructor(parts: readonly unknown[], bytesMax: number = textBytesMax(parts)) {
    this.parts = parts;
    this.bytesMax = bytesMax;
    this.heavy = bytesMax < HEAVY_BYTES_MIN ? undefined : new Heavy(bytesMax);
  }
}

/** A reply whose value is encoded when it is written. */
export class ReplyNote implements Weighed {
  heavy: Heavy | undefined;
  readonly correlation: number;
  readonly value: unknown;

  constructor(correlation: number, value: unknown) {
    this.correlation = correlation;
    this.value = value;
  }
}

/** So many more messages may come. */
export class CreditNote implements Weighed {
  readonly heavy: undefined;
  readonly count: number;

  constructor(count: number) {
    this.count = count;
  }
}

/** A signal to an actor or a process, on its way. */
export class SignalNote implements Weighed {
  readonly heavy: undefined;
  readonly to: ActorId;
  readonly signal: Signal;

  constructor(to: ActorId, signal: Signal) {
    this.to = to;
    this.signal = signal;
  }
}

/** A published message: in the mail lane, told once to each process that has subscribers. */
export class PublishNote implements Weighed {
  heavy: Heavy | undefined;
  readonly topic: string;
  readonly message: unknown;
  readonly sender: ActorId | undefined;
  /** Of the moment of publishing: by the time it is written, the table and the moves may be others. */
  readonly epoch: number;
  readonly excluded: readonly ActorId[] | null;
  readonly trace: string | undefined;

  constructor(
    topic: string,
    message: unknown,
    sender: ActorId | undefined,
    epoch: number,
    excluded: Iterable<ActorId> | undefined,
    trace: string | undefined,
  ) {
    this.topic = topic;
    this.message = message;
    this.sender = sender;
    this.epoch = epoch;
    this.excluded = excluded ? [...excluded] : null;
    this.trace = trace;
  }
}

/** Of an entry's parts beside its message: numbers, and texts such as ids and topics. */
export function textBytesMax(parts: readonly unknown[]): number {
  let bytes = 16;
  for (const part of parts) {
    if (typeof part === 'string') bytes += 8 + part.length * 3;
    else bytes += Array.isArray(part) ? textBytesMax(part) : 9;
  }
  return bytes;
}

/** Of a signal: its parts and the ids in them. */
export function signalBytesMax({ to, signal }: SignalNote): number {
  let bytes = 64 + to.length * 3;
  for (const part of Object.values(signal)) bytes += textBytesMax([part]);
  return bytes;
}

/** In order with the mail. */
export type OutboundMail = Envelope | Note | PublishNote | SignalNote;
export type Outbound = OutboundMail | ReplyNote | CreditNote;

/** True for items that are routed anew when their link has ended. Other signals than ends are asked for again. */
export function isMail(item: Outbound | undefined): item is Envelope | SignalNote {
  return item instanceof Envelope || (item instanceof SignalNote && item.signal.type === 'terminated');
}

/** Two processes joined by a link in memory, on a virtual clock: what one sends, and what the other gets to see of it. */
import { pieceOf } from '../../../src/handoff/transfer-codec.ts';
import { DeadLetters } from '../../../src/observe/dead-letters.ts';
import { QueueMemory } from '../../../src/vocabulary/queue-memory.ts';
import { EventBus } from '../../../src/observe/event-bus.ts';
import type { Log } from '../../../src/observe/log.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { processAddress } from '../../../src/vocabulary/address.ts';
import type { Clock } from '../../../src/vocabulary/clock.ts';
import { Envelope, type ReplyTo, type Verb } from '../../../src/vocabulary/envelope.ts';
import type { ErrorData } from '../../../src/vocabulary/errors.ts';
import type { Signal } from '../../../src/vocabulary/signal.ts';
import { type Handshake, type Link, WIRE_VERSION } from '../../../src/wire/link.ts';
import { MemoryNetwork } from '../../../src/doubles/memory-network.ts';
import { type Ingress, FrameReader, type Published } from '../../../src/frames/frame-reader.ts';
import { OutboundQueue } from '../../../src/peer/outbound-queue.ts';

export const silent: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silent,
};

export function message(to: string, n: number, replyTo?: ReplyTo): Envelope {
  return new Envelope('message', to, { type: 'note', n }, undefined, replyTo, 0);
}

/** What goes with each verb. */
const PAYLOADS: Partial<Record<Verb, unknown>> = {
  stop: 'stopped',
  watch: 'counter/w ~1.1:1',
  unwatch: 'counter/w ~1.1:1',
  rewatch: ['counter/w ~1.1:1', 1],
  subscribe: 'news',
  unsubscribe: 'news',
};

export function request(verb: Verb, to: string): Envelope {
  return new Envelope(verb, to, PAYLOADS[verb], undefined, undefined, 0);
}

/** What a message is about, for a look at the order. */
export function numberOf(envelope: Envelope): number {
  return (envelope.message as { n: number }).n;
}

export function newDeadLetters(clock: Clock): { deadLetters: DeadLetters; events: EventBus; reasons: string[] } {
  const events = new EventBus(silent);
  const reasons: string[] = [];
  events.on('dead-letter', ({ to, reason }) => void reasons.push(`${to}:${reason}`));
  return { deadLetters: new DeadLetters(events, clock), events, reasons };
}

/** A reply that is remembered. */
export class KeptReply implements ReplyTo {
  settled = false;
  outcome: unknown;
  writtenTo: string | undefined;

  resolve(value: unknown): void {
    this.settled = true;
    this.outcome = value;
  }

  reject(error: Error): void {
    this.settled = true;
    this.outcome = error;
  }

  begin(): void {}

  address(): { process: string; correlation: number } {
    return { process: '~1.1', correlation: 7 };
  }

  written(peer: string): void {
    this.writtenTo = peer;
  }
}

/** Remembers all that arrives, each as one line. */
export class KeptIngress implements Ingress {
  readonly lines: string[] = [];
  readonly envelopes: Envelope[] = [];
  readonly unread: string[] = [];
  readonly replies: [correlation: number, value: unknown][] = [];
  readonly failures: [correlation: number, error: ErrorData][] = [];
  now = 0;
  entries = 0;
  messages = 0;
  onCredit: (count: number) => void = () => {};

  epoch(): number {
    return this.now;
  }

  toRef(id: string): unknown {
    return { id };
  }

  envelope(envelope: Envelope): void {
    this.envelopes.push(envelope);
    const { n } = (envelope.message ?? {}) as { n?: number };
    this.lines.push(`${envelope.verb} ${envelope.to}${n === undefined ? '' : ` ${n}`}`);
  }

  replyTo(): ReplyTo {
    return new KeptReply();
  }

  replied(correlation: number, value: unknown): void {
    this.replies.push([correlation, value]);
    this.lines.push(`reply ${correlation}`);
  }

  failed(correlation: number, error: ErrorData): void {
    this.failures.push([correlation, error]);
    this.lines.push(`failure ${correlation}`);
  }

  unreadable(envelope: Envelope, error: Error): void {
    this.unread.push(error.message);
    this.lines.push(`unreadable ${envelope.to}`);
  }

  topicBarrier(topic: string, number: number): void {
    this.lines.push(`topic-barrier ${topic} ${number}`);
  }

  topicReached(number: number, capacity: number): void {
    this.lines.push(`topic-reached ${number} ${capacity}`);
  }

  flush(move: number): void {
    this.lines.push(`flush ${move}`);
  }

  flushed(move: number): void {
    this.lines.push(`flushed ${move}`);
  }

  signal(to: string, { type }: Signal): void {
    this.lines.push(`signal ${to} ${type}`);
  }

  published({ topic, message, epoch, excluded }: Published): void {
    const others = excluded ? ` but ${excluded}` : '';
    this.lines.push(`publish ${topic} ${(message as { n: number }).n}${epoch === 1 ? '' : ` @${epoch}`}${others}`);
  }

  topicChanged(topic: string, isJoined: boolean, number: number): void {
    this.lines.push(`topic ${topic} ${isJoined} ${number}`);
  }

  topicAcknowledged(number: number): void {
    this.lines.push(`topic-ack ${number}`);
  }

  topicsLearned(topics: string[], isAll: boolean): void {
    this.lines.push(`${isAll ? 'topics' : 'some topics'} ${topics.join(' ')}`);
  }

  marker(move: number): void {
    this.lines.push(`marker ${move}`);
  }

  transfer(move: number, piece: unknown): void {
    pieceOf(piece);
    this.lines.push(`transfer ${move}`);
  }

  credit(count: number): void {
    this.onCredit(count);
  }

  frameRead(entries: number, messages: number): void {
    this.entries += entries;
    this.messages += messages;
  }
}

export function handshakeOf(index: number, incarnation = 1): Handshake {
  return { version: WIRE_VERSION, system: 'test', token: 'secret', self: { index, incarnation } };
}

export interface Line {
  clock: VirtualClock;
  network: MemoryNetwork;
  /** From process 1 to process 2. */
  out: OutboundQueue;
  reader: FrameReader;
  ingress: KeptIngress;
  near: Link;
  far: Link;
  events: EventBus;
  reasons: string[];
  epoch: { now: number };
  /** What `near` heard of its end. */
  ends: (Error | undefined)[];
  /** Lets frames arrive. */
  settle(): Promise<void>;
  /** The link is made anew between the two, as after a break. */
  again(): Promise<void>;
}

export interface LineOptions {
  memory?: QueueMemory;
  messageBytesMax?: number;
  blockedFrames?: number;
  isAttached?: boolean;
  links?: number;
}

export async function newLine({
  messageBytesMax = 1_000_000,
  blockedFrames = 10_000,
  isAttached = true,
  memory = new QueueMemory(),
  links = 1,
}: LineOptions = {}): Promise<Line> {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock, blockedFrames });
  const { deadLetters, events, reasons } = newDeadLetters(clock);
  const epoch = { now: 0 };
  const out = new OutboundQueue({
    ...{ index: 2, incarnation: 1, clock, deadLetters, messageBytesMax, memory },
    epoch: () => epoch.now,
    links: () => links,
  });
  const ingress = new KeptIngress();
  const line = { clock, network, out, ingress, events, reasons, epoch, ends: [] as (Error | undefined)[] } as Line;
  const host = network.host();
  const path = await network.host().listen(handshakeOf(2), (link) => {
    line.far = link;
    line.reader = new FrameReader(ingress);
    const { reader } = line;
    link.listener = { onFrame: (bytes) => reader.read(bytes), onDrain: () => {}, onEnd: () => {} };
  });
  line.again = async () => {
    const linking = host.connect(path, handshakeOf(1), { index: 2, incarnation: 1 });
    await clock.settle();
    line.near = await linking;
    line.near.listener = {
      onFrame: () => true,
      onDrain: () => out.flush(),
      onEnd: (error) => void line.ends.push(error),
    };
  };
  await line.again();
  if (isAttached) out.attach(line.near);
  line.settle = async () => {
    for (let seen = -1; seen !== ingress.entries; ) {
      seen = ingress.entries;
      await clock.settle();
    }
  };
  return line;
}

export const ADDRESS_OF_2: string = processAddress(2, 1);

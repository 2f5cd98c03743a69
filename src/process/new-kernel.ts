/** Builds the kernel of one process from what the process was given. */
import { nanoid } from 'nanoid';
import type { Behaviour } from '../actor/behaviour.ts';
import { DEAD_LETTERS_BYTES, DeadLetters } from '../observe/dead-letters.ts';
import type { Kernel, KernelLimits } from '../actor/kernel.ts';
import { LocalActors } from '../actor/local-actors.ts';
import { Mistakes } from '../observe/mistakes.ts';
import { PendingReplies } from '../actor/pending-replies.ts';
import { Scheduler } from '../actor/scheduler.ts';
import { Serving } from '../actor/serving.ts';
import { EventBus } from '../observe/event-bus.ts';
import { OutsideGateways } from '../observe/outside-gateways.ts';
import { guardedLog } from '../observe/guarded-log.ts';
import { guardedTrace } from '../observe/guarded-trace.ts';
import type { Log } from '../observe/log.ts';
import type { Spans } from '../observe/spans.ts';
import { type Trace, traceToLog, traceTopicsOf } from '../observe/trace.ts';
import { TurnWatch } from '../observe/turn-timings.ts';
import { bothTraces, TurnHistory } from '../observe/turn-history.ts';
import { LocalTopics } from '../pubsub/local-topics.ts';
import { SUBSCRIPTIONS_MAX } from '../pubsub/subscriptions.ts';
import { type ActorId, processAddress } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { fenceOf } from '../vocabulary/fence.ts';
import { QueueMemory } from '../vocabulary/queue-memory.ts';
import { encodedSize } from '../wire/codec.ts';

export interface ProcessParts {
  worker: number;
  incarnation: number;
  clock: Clock;
  random: () => number;
  /** Of actors that are spawned without a key. Default: nanoid. */
  newKey?: () => string;
  log: Log;
  /** Default: to the log, what `TROUPE_TRACE` names. */
  trace?: Trace | undefined;
  /** Default: nobody traces. */
  spans?: Spans | undefined;
  limits: KernelLimits;
  behaviours: ReadonlyMap<string, Behaviour>;
  /** All kinds of the system. Default: those of the behaviours. */
  kinds?: () => string[];
  /** Default: none was. */
  wasRemoved?: (kind: string) => boolean;
  /** Milliseconds on the wall clock when the system was created. */
  startedAt: number;
  /** The machine is one of a cluster: nothing is served before the master says until when. Default: it serves for ever. */
  isLeased?: boolean | undefined;
  /** The epoch of the placement table that this process has taken up. */
  epoch: () => number;
  /** Of an actor's partition, by that table. Default: 0, of a machine of its own. */
  partitionEpochOf?: (id: ActorId) => number;
}

export interface KernelOfProcess {
  kernel: Kernel;
  actors: LocalActors;
  topics: LocalTopics;
}

/** A kernel whose mail stays in the process; the cluster puts its router before the actors, and its topics around the local ones. */
export function newKernel(parts: ProcessParts): KernelOfProcess {
  const { worker, incarnation, clock, random, limits, behaviours } = parts;
  const log = guardedLog(parts.log);
  const history = limits.history && new TurnHistory(clock, limits.history);
  const wanted = parts.trace ?? traceToLog(log, traceTopicsOf(process.env.TROUPE_TRACE).topics);
  const trace = bothTraces(guardedTrace(wanted, log), guardedTrace(history, log));
  const address = processAddress(worker, incarnation);
  const events = new EventBus(log);
  const memory = new QueueMemory(limits.memoryBytes);
  const topics = new LocalTopics(clock, log, SUBSCRIPTIONS_MAX, memory);
  const scheduler = new Scheduler(clock);
  const kernel: Kernel = {
    worker,
    address,
    clock,
    random,
    newKey: parts.newKey ?? nanoid,
    newFence: fences(parts),
    epoch: parts.epoch,
    log,
    events,
    history,
    trace,
    spans: parts.spans,
    clients: undefined,
    limits,
    behaviours,
    kinds: parts.kinds ?? (() => [...behaviours.keys()]),
    wasRemoved: parts.wasRemoved ?? (() => false),
    scheduler,
    timing: new TurnWatch(clock, behaviours, parts.random),
    pending: new PendingReplies(clock, address, undefined, trace),
    deadLetters: new DeadLetters(
      events,
      clock,
      isProduction() ? undefined : new Mistakes(log),
      Math.min(DEAD_LETTERS_BYTES, memory.queueBytesMax),
    ),
    memory,
    gateways: new OutsideGateways(),
    topics,
    router: UNSET,
    claims: undefined,
    pauses: undefined,
    serving: parts.isLeased ? new Serving(clock, memory) : undefined,
    durability: undefined,
    encodedBytes: encodedSize,
    running: undefined,
    closing: false,
  };
  const actors = new LocalActors(kernel);
  kernel.router = actors;
  topics.router = actors;
  topics.calls.onRefused = ({ topic, message, sender }) => kernel.deadLetters.add(topic, message, sender, 'OVERLOADED');
  return { kernel, actors, topics };
}

function isProduction(): boolean {
  return process.env.NODE_ENV === 'production';
}

const UNSET = {
  deliver: () => {
    throw new Error('a kernel gets its post before any mail');
  },
  signal: () => {
    throw new Error('a kernel gets its post before any signal');
  },
};

/** The count is this process's. */
function fences({ startedAt, epoch, partitionEpochOf }: ProcessParts): Kernel['newFence'] {
  let count = 0;
  return (id) => fenceOf(startedAt, epoch(), ++count, id === undefined ? 0 : partitionEpochOf?.(id));
}

/**
 * The trace of a process, for those who look for the reason of something: where mail waited and went, what moved,
 * which turns ran, how asks failed. A kernel without a trace pays one look at an undefined field. Traces of OpenTelemetry are others (spans.ts).
 */
import { inspect } from '../plain-data/inspect.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { type Envelope, typeOfMessage, type Verb } from '../vocabulary/envelope.ts';
import type { ErrorCode, Fate } from '../vocabulary/errors.ts';
import type { Signal } from '../vocabulary/signal.ts';
import type { Log } from './log.ts';

export const TRACE_TOPICS = ['route', 'handoff', 'table', 'turn', 'ask'] as const;

export type TraceTopic = (typeof TRACE_TOPICS)[number];

/** A message, or a signal, and who sent it: undefined is a process. */
export interface TracedMail {
  id: ActorId;
  sender: ActorId | undefined;
  verb: Verb | 'signal';
  message: unknown;
}

export type TraceEvent =
  /** `host`: of the table as it is known here; undefined: none is known yet. */
  | ({ topic: 'route'; step: 'routed'; host: number | undefined } & TracedMail)
  /** For a unit that moves, or that has no host; also what a link gives back. */
  | ({ topic: 'route'; step: 'held' | 'released'; unit: string } & TracedMail)
  /**
   * `quiesced`: the old host stopped all that goes along. `transferred`: it has written it down. `installed`: the new host has
   * all of it. `committed`, `aborted`: at each process, as it takes up the table or the word that says so.
   */
  | {
      topic: 'handoff';
      step: 'quiesced' | 'transferred' | 'installed' | 'committed' | 'aborted';
      move: number;
      units: readonly string[];
      /** The actors that go along, where they are known. */
      ids: readonly ActorId[];
    }
  | { topic: 'table'; step: 'taken-up'; epoch: number; dead: ActorId | undefined }
  | ({ topic: 'turn'; step: 'begun' | 'ended'; outcome?: 'done' | 'failed' | 'refused' } & TracedMail)
  /** All turns of a durable actor that were gathered since the last commit. */
  | { topic: 'turn'; step: 'committed'; id: ActorId }
  /** At the asker. */
  | { topic: 'ask'; step: 'failed'; id: ActorId; code: ErrorCode; fate: Fate | undefined };

export interface Trace {
  note(event: TraceEvent): void;
}

export function tracedMail({ to, sender, verb, message }: Envelope): TracedMail {
  return { id: to, sender, verb, message };
}

export function tracedSignal(to: ActorId, signal: Signal): TracedMail {
  return { id: to, sender: undefined, verb: 'signal', message: signal };
}

/** `mailText`: of what a message holds; default: its type. */
export function traceText(event: TraceEvent, mailText: (message: unknown) => string = typeOf): string {
  const { topic, step } = event;
  switch (topic) {
    case 'route':
      if (step === 'routed') return `${step} ${wordsOf(event, mailText)} to ${hostText(event.host)}`;
      return `${step} ${wordsOf(event, mailText)} for ${event.unit}`;
    case 'handoff':
      return `move ${event.move} ${step}: ${event.units.join(' ')}${event.ids.length > 0 ? ` (${event.ids.join(' ')})` : ''}`;
    case 'table':
      return `table of epoch ${event.epoch} taken up${event.dead === undefined ? '' : `, ${event.dead} is dead`}`;
    case 'turn':
      if (step === 'committed') return `turns of ${event.id} committed`;
      return `turn ${step}: ${wordsOf(event, mailText)}`;
    case 'ask':
      return `ask of ${event.id} failed: ${event.code}, ${event.fate ?? 'no fate'}`;
  }
}

function wordsOf({ id, sender, verb, message }: TracedMail, mailText: (message: unknown) => string): string {
  const words = message === undefined ? '' : mailText(message);
  return [`${sender ?? 'process'} → ${id}`, verb === 'message' ? '' : verb, words].filter(Boolean).join(' ');
}

/** The parts of a message may be secret, or large: a log gets the type alone. */
function typeOf(message: unknown): string {
  return typeOfMessage(message) ?? '';
}

function hostText(host: number | undefined): string {
  if (host === undefined) return 'a host that is asked for';
  return host < 0 ? 'no host' : `worker ${host}`;
}

/** The topics of `TROUPE_TRACE`, as `route,handoff`. `unknown`: the names that are none. */
export function traceTopicsOf(text: string | undefined): { topics: ReadonlySet<TraceTopic>; unknown: string[] } {
  const names = (text ?? '').split(',').map((name) => name.trim());
  const isTopic = (name: string): name is TraceTopic => (TRACE_TOPICS as readonly string[]).includes(name);
  return {
    topics: new Set(names.filter(isTopic)),
    unknown: names.filter((name) => name !== '' && !isTopic(name)),
  };
}

/** A trace that writes these topics to a log; undefined: there are none. */
export function traceToLog(log: Log, topics: ReadonlySet<TraceTopic>): Trace | undefined {
  if (topics.size === 0) return undefined;
  return {
    note: (event) => {
      if (topics.has(event.topic)) log.info({ trace: event.topic }, traceText(event));
    },
  };
}

/** Faults of the environment variable `TROUPE_TRACE`. */
export function validateTraceTopics(text: string | undefined): string[] {
  const expected = `topics out of ${TRACE_TOPICS.join(', ')}, with commas between them`;
  return traceTopicsOf(text).unknown.map((name) => `TROUPE_TRACE: expected ${expected}; got ${inspect(name)}`);
}

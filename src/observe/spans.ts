/**
 * The port to traces: where the runtime begins and ends spans. The context of a trace goes along with a message (trace-context.ts). Where nobody
 * traces, `kernel.spans` is undefined, and one look at that field is all that is paid.
 */
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import type { TraceFields } from './trace-context.ts';

/** A sender: its turn is the parent of what it sends, where the code that runs has no context of its own. */
export interface SpanOwner {
  readonly id: ActorId | undefined;
  /** Of its present incarnation; undefined for a process. */
  readonly context?: object;
}

/** An ask, until its reply. */
export interface AskSpan {
  readonly fields: TraceFields;
  /** The code of its error; undefined: it was answered. */
  ends(error: Error | undefined): void;
}

/** A commit, until it is on disk. */
export interface CommitSpan {
  ends(error: Error | undefined): void;
}

export interface Spans {
  /** The context that a message takes along. */
  told(sender: SpanOwner, to: ActorId, type: string): string | undefined;
  published(sender: SpanOwner, topic: string, type: string): string | undefined;
  /** Gives the envelope its context. */
  asked(sender: SpanOwner, envelope: Envelope, type: string): AskSpan;
  /** The context of the turn that runs, for what comes later: a timer, a reminder. `isLink`: again and again. */
  kept(sender: SpanOwner, isLink: boolean): string | undefined;
  /** Messages that are sent meanwhile are of that trace: a client's, a broker's. Undefined, or none that makes sense: of the one that is active. */
  within<T>(trace: string | undefined, work: () => T): T;
  /** A turn begins, and its handler runs in its trace. `context`: of the incarnation, whose turns do not overlap. */
  runs<C extends object, M, R>(context: C, envelope: Envelope, handler: (context: C, message: M) => R, message: M): R;
  /** A turn of that incarnation has ended; those that have no span are none of its. */
  ends(context: object, error: unknown): void;
  /** `turns`: the contexts of the turns in it. */
  commits(turns: readonly string[], records: number): CommitSpan;
  /** The trace of the turn of that incarnation, which has not ended; undefined: there is none. */
  turn(context: object): TraceFields | undefined;
  /** The trace of the code that runs, for its lines in the log. */
  current(sender: SpanOwner): TraceFields | undefined;
}

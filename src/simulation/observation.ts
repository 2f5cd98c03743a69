/** Observations of a simulated system from outside: every control message, every frame, and what fate does. */
import type { Verb } from '../vocabulary/envelope.ts';
import type { ToMaster, ToProcess } from '../wire/control.ts';

/** A control message between the master and a process; the parts beside its type are inner matters. */
export interface ControlMessage {
  /** `hold`, `table`, `transfer` and so on. */
  readonly type: string;
}

/** One entry of a frame, as its reader will see it. `process` and `number` name the ask that is answered. */
export type FrameEntry =
  | {
      type: 'mail';
      verb: Verb;
      to: string;
      sender: string | undefined;
      message: unknown;
      process?: string;
      number?: number;
    }
  | { type: 'reply' | 'failure'; process: string; number: number; value: unknown }
  | { type: 'signal'; to: string; signal: unknown }
  | { type: 'publish'; topic: string; sender: string | undefined; message: unknown }
  | { type: 'topic'; topic: string; isJoined: boolean; number: number }
  | { type: 'topic-ack'; number: number }
  | { type: 'topics'; topics: string[] }
  | { type: 'topic-barrier'; topic: string; number: number }
  | { type: 'topic-reached'; number: number }
  | { type: 'marker' | 'flush' | 'flushed'; move: number }
  | { type: 'transfer'; move: number; piece: unknown }
  | { type: 'credit'; count: number };

/** A frame on a link between two processes: entries that are written, and read, at once. */
export interface ObservedFrame {
  /** In the order of writing, on this link and in this direction, from 1. */
  readonly number: number;
  /** Of the writer's table. */
  readonly epoch: number;
  /** In the order in which they are read. */
  readonly entries: readonly FrameEntry[];
  /** `lost`: its link ended, or its reader died, before it was read. */
  status: 'in flight' | 'read' | 'lost' | 'refused';
}

/** `from`, `to`, `process`: the address of a process (`~1.2`: worker 1, forked for the second time), or `master`. */
export type ObservedEvent<M extends ControlMessage> =
  | {
      kind: 'control';
      step: 'sent' | 'received';
      at: number;
      from: string;
      to: string;
      message: M;
    }
  | { kind: 'frame'; step: 'written' | 'read'; at: number; from: string; to: string; frame: ObservedFrame }
  /** Nothing more is read on a link in this direction. */
  | { kind: 'link-end'; at: number; from: string; to: string; lost: readonly ObservedFrame[] }
  /** `crashed` by fate, `killed` by the master, `ended` by itself. */
  | {
      kind: 'process';
      step: 'forked' | 'crashed' | 'killed' | 'ended' | 'frozen' | 'thawed';
      at: number;
      process: string;
    }
  | { kind: 'network'; step: 'cut' | 'reset' | 'stalled' | 'unstalled'; at: number; from: string; to: string }
  | { kind: 'jump'; at: number; ms: number };

/** One of this project's own, which knows every control message. */
export type SimulationEvent = ObservedEvent<ToMaster | ToProcess>;

export type Observer = (event: SimulationEvent) => void;

/** Tells whoever looks on. */
export class Observers {
  /** Another one with each change: who is told meanwhile goes on with those that there were. */
  #observers: readonly Observer[] = [];

  /** Each once, however often it is added. */
  add(observer: Observer): () => void {
    if (!this.#observers.includes(observer)) this.#observers = [...this.#observers, observer];
    return () => {
      this.#observers = this.#observers.filter((other) => other !== observer);
    };
  }

  tell(event: SimulationEvent): void {
    for (const observer of this.#observers) observer(event);
  }
}

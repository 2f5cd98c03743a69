/** Which states a process can be in with one move, what can happen to it, and what follows: the words of the participant machine. */
import type { ActorId } from '../vocabulary/address.ts';
import type { MoveOrder, Unit } from '../wire/control.ts';

/** Addresses of processes. */
export type Processes = ReadonlySet<ActorId>;

/** `early`: markers of these came before the hold. `markers`, `flushes`: those of these have not come yet. */
export type MoveState =
  | { readonly state: 'none'; readonly early: Processes }
  | { readonly state: 'holding'; readonly order: MoveOrder }
  /** The old host looks whether an actor is there, before anybody holds. */
  | { readonly state: 'asked'; readonly order: MoveOrder; readonly early: Processes }
  | { readonly state: 'prepared'; readonly order: MoveOrder; readonly early: Processes }
  | { readonly state: 'quiescing'; readonly order: MoveOrder; readonly early: Processes }
  | {
      readonly state: 'quiescent';
      readonly order: MoveOrder;
      readonly early: Processes;
      readonly flushes: Processes;
    }
  | HeldState
  /** All markers are in: whether an actor has come to life meanwhile. `hasFlushed`: once more, behind the flushes. */
  | { readonly state: 'looking'; readonly order: MoveOrder; readonly hasFlushed: boolean }
  /** The actors that are left here are a copy. */
  | { readonly state: 'sent'; readonly order: MoveOrder }
  /** The old host has refused, and waits for the end. */
  | { readonly state: 'refused'; readonly order: MoveOrder }
  | { readonly state: 'awaiting'; readonly order: MoveOrder }
  | { readonly state: 'receiving'; readonly order: MoveOrder }
  /** All has come, and is made ready to run. */
  | { readonly state: 'installing'; readonly order: MoveOrder }
  | { readonly state: 'installed'; readonly order: MoveOrder };

export interface HeldState {
  readonly state: 'held';
  readonly order: MoveOrder;
  readonly markers: Processes;
  /** Undefined: the links are not flushed yet; of a place they are once the markers are in. */
  readonly flushes: Processes | undefined;
  /** Its actors go along; else it is a place, under which none may be. */
  readonly isQuiescent: boolean;
}

export type MoveEvent =
  | { readonly type: 'prepare'; readonly order: MoveOrder; readonly quiesceMs: number; readonly isLast: boolean }
  /** `peers`: all processes that this one has a link with. */
  | {
      readonly type: 'quiesced';
      readonly subtree: Unit[];
      readonly subscriptions: MoveOrder['subscriptions'];
      readonly peers: Processes;
    }
  | { readonly type: 'not-quiesced'; readonly error: Error; readonly isBusy: boolean }
  /** Of a look. */
  | { readonly type: 'vacant'; readonly peers: Processes }
  | { readonly type: 'occupied'; readonly error: Error }
  | { readonly type: 'hold'; readonly order: MoveOrder; readonly peers: Processes }
  | { readonly type: 'marker'; readonly peer: ActorId }
  /** All that was written to a peer before the flush has been read there. */
  | { readonly type: 'flushed'; readonly peer: ActorId }
  | { readonly type: 'not-packed'; readonly error: Error }
  /** A part of the transferred state; `piece` is for the shell. */
  | { readonly type: 'piece'; readonly piece: unknown }
  | { readonly type: 'last-piece' }
  | { readonly type: 'installed' }
  | { readonly type: 'not-installed'; readonly error: Error }
  /** A process was declared dead, and its link has been read to its end. */
  | { readonly type: 'peer-died'; readonly peer: ActorId }
  /** A link has ended; its peer may live, and have more to say once it is linked again. */
  | { readonly type: 'link-ended'; readonly peer: ActorId }
  /** A link is there again between two that live. */
  | { readonly type: 'linked-again'; readonly peer: ActorId }
  /** The units run at the new host, or stay where they are. */
  | { readonly type: 'end'; readonly hasMoved: boolean };

/** Of any process. */
type CommonEffect =
  /** Mail for the units, and what is published for their subscribers, waits from now on. */
  | { readonly type: 'hold'; readonly order: MoveOrder }
  | { readonly type: 'release-publishes'; readonly order: MoveOrder }
  | { readonly type: 'send-marker'; readonly to: ActorId }
  /** Where the units are, from now on. */
  | { readonly type: 'note-end'; readonly order: MoveOrder; readonly hasMoved: boolean }
  | { readonly type: 'tell-prepared'; readonly subtree: Unit[]; readonly subscriptions: MoveOrder['subscriptions'] }
  | { readonly type: 'tell-installed'; readonly order: MoveOrder }
  | { readonly type: 'tell-refused'; readonly error: Error; readonly isBusy: boolean };

type OldHostEffect =
  /** Stops the actors: `quiesced`, or `not-quiesced`. */
  | { readonly type: 'quiesce'; readonly order: MoveOrder; readonly quiesceMs: number; readonly isLast: boolean }
  /** Mail for the units goes along from now on, and mail of theirs. */
  | { readonly type: 'capture'; readonly order: MoveOrder }
  /** Mail that the units had sent, and that is held, goes along. */
  | { readonly type: 'take-sent'; readonly order: MoveOrder }
  | { readonly type: 'send-flush'; readonly to: ActorId }
  /** Whether an actor is there: `vacant`, or `occupied`. */
  | { readonly type: 'look'; readonly order: MoveOrder }
  /** Or `not-packed`. */
  | { readonly type: 'send-transfer'; readonly order: MoveOrder }
  /** The actors run elsewhere: nothing of them is left here. */
  | { readonly type: 'evict'; readonly order: MoveOrder }
  /** They go on here, with their mail. */
  | { readonly type: 'resume' };

type NewHostEffect =
  | { readonly type: 'keep-piece'; readonly piece: unknown }
  /** Makes ready to run: `installed`, or `not-installed`. */
  | { readonly type: 'install' }
  | { readonly type: 'discard-pieces' }
  /** The actors run here from now on. */
  | { readonly type: 'run'; readonly order: MoveOrder };

export type HostEffect = OldHostEffect | NewHostEffect;
export type MoveEffect = CommonEffect | HostEffect;

export interface Step {
  readonly state: MoveState;
  readonly effects: readonly MoveEffect[];
}

export const NONE: MoveState = Object.freeze({ state: 'none', early: new Set<ActorId>() });

/**
 * Where an ask is, as its asker's process knows it, and what becomes of it as things happen to the processes that have it:
 *
 *   local ─► written(p) ─► moved(q, via p)          local ─► in-transit ─► written(q), or local again
 *                 └──────────────┴─► lost: it fails, and nobody knows whether it was executed
 *
 * Pure: `afterEvent` is the whole table, and the test reads each of its cells.
 */
import type { ActorId } from '../vocabulary/address.ts';
import type { Fate } from '../vocabulary/errors.ts';

export type AskPlace =
  /** It has not left this process. */
  | { readonly state: 'local' }
  /** A link to that process has accepted it. */
  | { readonly state: 'written'; readonly to: ActorId }
  /** It goes along with an actor that leaves this process; whether it is there, the commit of the move says. */
  | { readonly state: 'in-transit' }
  /** It was written to the processes in `via`, and has moved on from there with the actor, unless one of them had answered before. */
  | { readonly state: 'moved'; readonly to: ActorId; readonly via: readonly ActorId[] };

export type AskEvent =
  /** A link has accepted it; or the move that it went along with is committed. */
  | { readonly type: 'written'; readonly to: ActorId }
  /** A link gives it back unwritten; or the move is aborted. */
  | { readonly type: 'taken-back' }
  | { readonly type: 'transferred' }
  /** Its actor has moved between two processes with all mail that waited for it. */
  | { readonly type: 'moved'; readonly from: ActorId; readonly to: ActorId }
  /** The link to a process has ended, be it dead or not: replies may have been on it. */
  | { readonly type: 'link-ended'; readonly peer: ActorId }
  /** A process was declared dead. */
  | { readonly type: 'died'; readonly peer: ActorId }
  /** The host of the actor is through with all that had moved on from a process which is dead. */
  | { readonly type: 'drained'; readonly from: ActorId };

export const LOCAL: AskPlace = Object.freeze({ state: 'local' });
export const IN_TRANSIT: AskPlace = Object.freeze({ state: 'in-transit' });

/** `'lost'`: nobody answers it any more. */
export function afterEvent(place: AskPlace, event: AskEvent): AskPlace | 'lost' {
  switch (event.type) {
    case 'written':
      return { state: 'written', to: event.to };
    case 'taken-back':
      return LOCAL;
    case 'transferred':
      return IN_TRANSIT;
    case 'moved':
      if (!isAt(place, event.from)) return place;
      return { state: 'moved', to: event.to, via: [...viaOf(place), event.from] };
    case 'link-ended':
    case 'died':
      // One that has moved on from there may have been answered before: only a drained host can tell.
      return isAt(place, event.peer) ? 'lost' : place;
    case 'drained':
      return isVia(place, event.from) ? 'lost' : place;
  }
}

/** Of an ask that is given up; `hasBegun`: its turn, in this process. */
export function fateOf({ state }: AskPlace, hasBegun: boolean): Fate {
  if (state !== 'local') return 'unknown';
  return hasBegun ? 'executed' : 'not-executed';
}

export function isAt(place: AskPlace, process: ActorId): boolean {
  return (place.state === 'written' || place.state === 'moved') && place.to === process;
}

/** It has moved on from there. */
export function isVia(place: AskPlace, process: ActorId): boolean {
  return viaOf(place).includes(process);
}

function viaOf(place: AskPlace): readonly ActorId[] {
  return place.state === 'moved' ? place.via : [];
}

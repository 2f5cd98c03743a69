/**
 * A process takes up a change of the placement table. One that declares another process dead waits until the link to that
 * one has been read to its end: nothing of the old comes after something of the new.
 */
import type { LocalActors } from '../actor/local-actors.ts';
import type { PlacementTable } from '../placement/placement-table.ts';
import type { Trace } from '../observe/trace.ts';
import { type ActorId, processAddress } from '../vocabulary/address.ts';
import { fromWire } from '../wire/codec.ts';
import type { TableChange, ToProcess } from '../wire/control.ts';
import type { HandoffParticipant } from '../handoff/handoff-participant.ts';
import type { PeerLoss } from './peer-loss.ts';
import { machinesOfWatched, watchesOfOthersNow } from './restored-watches.ts';
import type { Peers } from '../peer/peers.ts';
import type { OtherMachines } from '../machine-routing/other-machines.ts';
import type { Router } from '../routing/router.ts';

export type TableMessage = Extract<ToProcess, { type: 'table' }>;

export interface TableParts {
  /** Number of this process. */
  readonly worker: number;
  readonly table: PlacementTable;
  readonly actors: LocalActors;
  readonly router: Router;
  readonly peers: Peers;
  readonly handoffs: HandoffParticipant;
  toRef(id: ActorId): unknown;
  readonly loss: PeerLoss;
  /** Undefined: this machine is alone. */
  readonly others: OtherMachines | undefined;
  /** The change is taken up now. */
  noted(change: TableChange): void;
  /** Kinds that are new, have changed, or are gone (null). */
  kindsChanged(kinds: NonNullable<TableChange['kinds']>): void;
  /** Actors of other patterns are paused now. */
  pausesChanged(): void;
  /** Units may have come here: durable actors in them may have something to do. */
  takenOver(): void;
}

/** Undefined: it is taken up; else it is once the promise resolves, and no other one before. */
export function takeUpTable(message: TableMessage, parts: TableParts): Promise<void> | undefined {
  const { dead } = message.change;
  const isOwn = dead?.index === parts.worker;
  const wait = dead && !isOwn ? parts.peers.readToEnd(dead.index, dead.incarnation) : undefined;
  if (wait === undefined) return apply(message, parts);
  return wait.then(() => apply(message, parts));
}

function apply({ change, start }: TableMessage, parts: TableParts): undefined {
  const { table, actors, router, peers, handoffs, toRef } = parts;
  const death = parts.loss.declaredDead(change);
  const isOfMachines = parts.others !== undefined && Object.keys(change.columns).length > 0;
  const watched = isOfMachines ? machinesOfWatched(actors, router) : undefined;
  parts.others?.beforeTable(change);
  table.apply(change);
  noteTaken(change, actors.kernel.trace);
  parts.noted(change);
  death?.withTable();
  // Before anything comes to life here.
  if (change.pauses) parts.pausesChanged();
  if (change.kinds) parts.kindsChanged(change.kinds);
  const abortedMoves = new Set(change.abortedMoves);
  const respawn = (starting: TableMessage['start']): void => {
    for (const { id, args, deaths } of starting) actors.respawn(id, fromWire(args, toRef), deaths);
  };
  const moved = change.endedMoves.filter((move) => !abortedMoves.has(move));
  // Nearly always nobody starts, and those that arrive may be many.
  const incoming = new Set(start.length > 0 ? handoffs.actorsIn(moved) : []);
  // Before the moves, whose mail would bring it to life as one that nobody has spawned.
  respawn(start.filter(({ id }) => !incoming.has(id)));
  for (const move of change.endedMoves) handoffs.end(move, !abortedMoves.has(move));
  respawn(start.filter(({ id }) => incoming.has(id)));
  for (const move of change.endedMoves) handoffs.release(move);
  parts.others?.afterTable(change);
  death?.afterMoves();
  router.releaseUnhosted();
  death?.afterHeldMail();
  if (watched) for (const watch of watchesOfOthersNow(watched, actors, router)) actors.kernel.router.deliver(watch);
  parts.takenOver();
  peers.unpark();
  parts.others?.unpark();
}

function noteTaken({ epoch, dead }: TableChange, trace: Trace | undefined): void {
  const died = dead && processAddress(dead.index, dead.incarnation);
  trace?.note({ topic: 'table', step: 'taken-up', epoch, dead: died });
}

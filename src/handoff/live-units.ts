/** The actors of units, as an old host knows them. Claims and the release of ids move places only: one that is there keeps its unit. */
import { parseUnit } from '../placement/shard.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import type { Router } from '../routing/router.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { MoveOrder, Unit } from '../wire/control.ts';

/** Under which something is kept here: in memory, passivated, failed, watched or subscribed. */
export function* idsIn(
  units: ReadonlySet<Unit>,
  actors: LocalActors,
  router: Pick<Router, 'unitOf'>,
): Iterable<ActorId> {
  // An actor that moves alone is not its own unit yet.
  for (const unit of units) if (!parseUnit(unit)) yield unit;
  for (const id of actors.known()) if (units.has(router.unitOf(id) ?? '')) yield id;
}

/** A unit of the order under which an actor is here, be it passivated. */
export function liveUnit({ units }: MoveOrder, actors: LocalActors, router: Router): Unit | undefined {
  const wanted = new Set(units);
  for (const id of actors.living()) {
    // An id that is to have a pin is not its own unit yet.
    const unit = wanted.has(id) ? id : router.unitOf(id);
    if (unit !== undefined && wanted.has(unit)) return unit;
  }
  return undefined;
}

export function liveUnitRefusal({ purpose }: MoveOrder, unit: Unit): TroupeError {
  if (purpose === 'claim') {
    return new TroupeError(
      'ALREADY_EXISTS',
      `${unit} is already running elsewhere; it cannot be pinned to this worker`,
    );
  }
  return new TroupeError('ACTOR_UNAVAILABLE', `${unit} has an actor in memory; its place cannot be given back`);
}

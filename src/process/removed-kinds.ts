/** A reload brought code without some kinds: their actors end here, and nothing of them is kept in memory. */
import type { Behaviour } from '../actor/behaviour.ts';
import { endAfterTurn } from '../actor/children.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import { type ActorId, kindOf } from '../vocabulary/address.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import type { KindTerms } from '../wire/control.ts';
import type { Router } from '../routing/router.ts';

/** Milliseconds between two looks whether all have ended. */
const LOOK_MS = 5;

/** The table has other kinds. */
export function takeUpKinds(
  kinds: Readonly<Record<string, KindTerms | null>>,
  behaviours: Map<string, Behaviour>,
  router: Router,
  actors: LocalActors,
): void {
  router.located.forgetKinds(new Set(Object.keys(kinds)));
  endKinds(
    Object.keys(kinds).filter((kind) => kinds[kind] === null),
    behaviours,
    actors,
  );
}

/** Their mail is refused, each gets its `onStop`, its watchers are told. Records of durable ones stay. */
function endKinds(kinds: readonly string[], behaviours: Map<string, Behaviour>, actors: LocalActors): void {
  const gone = new Set(kinds);
  const ids = [...actors.known()].filter((id) => gone.has(kindOf(id)));
  for (const kind of gone) behaviours.delete(kind);
  for (const id of new Set(ids)) end(id, actors);
}

function end(id: ActorId, actors: LocalActors): void {
  const cell = actors.cellOf(id);
  actors.failed.forget(id);
  if (cell) endAfterTurn(cell, 'kind-removed');
  else actors.deliver(new Envelope('stop', id, 'kind-removed', undefined, undefined, 0));
}

/** Resolves when no actor is left whose kind is gone. */
export async function removedEnded({
  kernel,
  ids,
}: {
  kernel: LocalActors['kernel'];
  ids(): ActorId[];
}): Promise<void> {
  const isLeft = (): boolean => ids().some((id) => !kernel.behaviours.has(kindOf(id)));
  while (isLeft()) await new Promise<void>((resolve) => kernel.clock.setTimer(LOOK_MS, resolve));
}

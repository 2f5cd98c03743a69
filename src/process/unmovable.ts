/** Looks for an actor here whose state could not travel, before workers are replaced for whom it would have to. */
import type { Cell } from '../actor/cell.ts';
import { stateOf } from '../actor/transfer.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import { asError, type ErrorData, errorToData } from '../vocabulary/errors.ts';
import { notMovable } from '../handoff/outgoing.ts';
import { checkState } from '../handoff/transfer-codec.ts';

/** Milliseconds of looking after which others get their turn. */
const SLICE_MS = 5;

/** The fault of the first one found. An actor in the middle of its turn may change yet: its drain decides. */
export async function unmovable(actors: LocalActors, stateBytesMax?: number): Promise<ErrorData | undefined> {
  const { clock } = actors.kernel;
  let since = clock.now();
  for (const id of actors.ids()) {
    const cell = actors.cellOf(id);
    const fault = cell?.status === 'ready' ? faultOf(cell, stateBytesMax) : undefined;
    if (fault) return fault;
    if (clock.now() - since < SLICE_MS) continue;
    await new Promise<void>((resolve) => clock.defer(resolve));
    since = clock.now();
  }
  return undefined;
}

function faultOf(cell: Cell, stateBytesMax: number | undefined): ErrorData | undefined {
  try {
    checkState(stateOf(cell), stateBytesMax);
    return undefined;
  } catch (error) {
    return errorToData(notMovable(cell.id, asError(error)));
  }
}

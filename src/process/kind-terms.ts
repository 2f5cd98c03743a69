/** The terms of the kinds that a process has loaded, for the other processes. */
import type { Behaviour } from '../actor/behaviour.ts';
import type { PlacementTable } from '../placement/placement-table.ts';
import type { KindTerms } from '../wire/control.ts';
import type { ProcessParts } from './new-kernel.ts';

export function termsOf({ role, strategy, durable, capacity, pack }: Behaviour): KindTerms {
  const isMachine = pack !== undefined && ({ isMachine: true } as const);
  return { role, column: role, strategy, isDurable: durable !== undefined, capacity, ...isMachine };
}

export function termsOfAll(behaviours: ReadonlyMap<string, Behaviour>): Map<string, KindTerms> {
  return new Map([...behaviours].map(([kind, behaviour]) => [kind, termsOf(behaviour)]));
}

/** The table, as the kernel of a process knows it. */
export function partsOfTable(
  table: () => PlacementTable,
): Required<Pick<ProcessParts, 'kinds' | 'wasRemoved' | 'partitionEpochOf'>> {
  return {
    kinds: () => [...table().kinds()].map(([kind]) => kind),
    wasRemoved: (kind) => table().wasRemoved(kind),
    partitionEpochOf: (id) => table().partitionEpochOf(id),
  };
}

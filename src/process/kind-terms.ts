/** The terms of the kinds that a process has loaded, for the other processes. */
import type { Behaviour } from '../actor/behaviour.ts';
import type { PlacementTable } from '../placement/placement-table.ts';
import type { KindTerms } from '../wire/control.ts';

export function termsOf({ role, strategy, durable, capacity }: Behaviour): KindTerms {
  return { role, column: role, strategy, isDurable: durable !== undefined, capacity };
}

export function termsOfAll(behaviours: ReadonlyMap<string, Behaviour>): Map<string, KindTerms> {
  return new Map([...behaviours].map(([kind, behaviour]) => [kind, termsOf(behaviour)]));
}

/** The kinds of the system, as the kernel of a process must know them. */
export function kindsOf(table: () => PlacementTable): { kinds(): string[]; wasRemoved(kind: string): boolean } {
  return {
    kinds: () => [...table().kinds()].map(([kind]) => kind),
    wasRemoved: (kind) => table().wasRemoved(kind),
  };
}

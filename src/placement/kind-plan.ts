/** The plan of a reload for the kinds of a system, from what the table says and what the new code is. Pure. */
import type { KindTerms } from '../wire/control.ts';
import { didYouMean } from '../vocabulary/names.ts';
import { inspect } from '../plain-data/inspect.ts';
import { ownColumn } from './shard.ts';

export interface KindPlan {
  /** New kinds, and those that are placed in another way or have another mailbox, with their terms. */
  added: Record<string, KindTerms>;
  changed: Record<string, KindTerms>;
  removed: string[];
  /** Changes that cannot be made while the system runs, each naming its kind. */
  faults: string[];
}

/** `roles`: those that a kind may change to; undefined where workers elsewhere may have others. */
export function planKinds(
  present: Iterable<[string, KindTerms]>,
  loaded: Readonly<Record<string, KindTerms>>,
  roles?: readonly string[],
): KindPlan {
  const before = new Map(present);
  const plan: KindPlan = { added: {}, changed: {}, removed: [], faults: [] };
  for (const [kind, terms] of Object.entries(loaded)) {
    const known = before.get(kind);
    if (!known) plan.added[kind] = { ...terms, column: ownColumn(terms.role, kind) };
    else if (known.isDurable !== terms.isDurable) plan.faults.push(durableFault(kind, known.isDurable));
    else if (known.isMachine !== terms.isMachine) plan.faults.push(machineFault(kind, known.isMachine === true));
    else if (isNowhere(known, terms, roles)) plan.faults.push(roleFault(kind, terms.role, roles ?? []));
    else if (isOther(known, terms)) plan.changed[kind] = { ...terms, column: columnAfter(kind, known, terms) };
  }
  plan.removed = [...before.keys()].filter((kind) => !Object.hasOwn(loaded, kind));
  return plan;
}

function isOther(known: KindTerms, { role, strategy, capacity }: KindTerms): boolean {
  return known.role !== role || known.strategy !== strategy || known.capacity !== capacity;
}

/** Its actors would have to move, and no worker would take them. */
function isNowhere(known: KindTerms, { role }: KindTerms, roles: readonly string[] | undefined): boolean {
  return role !== known.role && role !== '' && roles !== undefined && !roles.includes(role);
}

/**
 * Where its shards were what decides, their hosts must not change with the terms: it keeps them, in a column that nobody
 * shares.
 */
function columnAfter(kind: string, known: KindTerms, { role, strategy }: KindTerms): string {
  const isPlacedAnew = known.role !== role || known.strategy !== strategy;
  if (known.strategy === 'hash') return isPlacedAnew ? ownColumn(role, kind) : known.column;
  return known.role === role ? known.column : role;
}

function durableFault(kind: string, isDurable: boolean): string {
  return (
    `${kind}.durable: expected ${isDurable ? 'a durable kind' : 'a kind that is not durable'}, as the one that runs, whose actors live on; ` +
    `got ${isDurable ? 'one that is not' : 'a durable one'}. Give it another name, or start the system again`
  );
}

function machineFault(kind: string, isMachine: boolean): string {
  return (
    `${kind}.machine: expected ${isMachine ? 'a machine' : 'a state of its own'}, as the kind that runs, whose actors live on; ` +
    `got ${isMachine ? 'a state of its own' : 'a machine'}. Give it another name, or start the system again`
  );
}

function roleFault(kind: string, role: string, roles: readonly string[]): string {
  const known = roles.join(', ');
  return `${kind}.placement.role: expected a role that a worker has, of ${known}; got ${inspect(role)}${didYouMean(role, roles)}`;
}

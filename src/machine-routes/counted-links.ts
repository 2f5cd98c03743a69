/** How many open links there are to each of the other machines, by its name: to its way in, and to workers there. */
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import { machineIndexOf } from '../vocabulary/host-index.ts';
import type { ForeignMachine } from '../wire/control.ts';

export function linksByMachine(
  others: readonly ForeignMachine[],
  links: Iterable<Pick<OutboundQueue, 'index' | 'link'>>,
): Map<string, number> {
  const names = new Map(others.map(({ index, machine }) => [index, machine]));
  const counts = new Map<string, number>();
  for (const { index, link } of links) {
    // Guests have numbers of their own.
    const name = names.get(machineIndexOf(index));
    if (link !== undefined && name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** The limits of a process, from the options of its system and the memory of its machine. */
import type { KernelLimits } from '../actor/kernel.ts';
import type { ResolvedOptions } from '../options.ts';
import { memorySupply, queueBytesOf } from '../worker/memory-budget.ts';

/** Of this process. */
export function limitsOf({
  askTimeoutMs,
  messageBytesMax,
  checkMessages,
  memory,
  groups,
  history,
}: ResolvedOptions): KernelLimits {
  const memoryBytes = memory ?? queueBytesOf(memorySupply(), processesOf(groups));
  return { askTimeoutMs, messageBytesMax, checkMessages, memoryBytes, history };
}

/** With the master; they share the memory of the machine or container. */
export function processesOf(groups: ResolvedOptions['groups']): number {
  return groups.reduce((sum, { count }) => sum + count, 1);
}

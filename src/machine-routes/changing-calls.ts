/** Calls of one machine to another that change something there: heard when their caller has given up, they are refused. */
import type { CallArgument } from '../wire/entry.ts';

/** The partition of an actor is to be on a machine; an actor is to be on a worker. */
export const WANT = 'want';
export const TO_WORKER = 'move-to-worker';

/** With how many arguments. Behind them stands the deadline, on the clock of the caller; a build of before writes none. */
const ARGUMENTS: ReadonlyMap<string, number> = new Map([
  [WANT, 2],
  [TO_WORKER, 2],
]);

export function withDeadline(name: string, args: readonly CallArgument[], deadline: number): readonly CallArgument[] {
  return ARGUMENTS.get(name) === args.length ? [...args, deadline] : args;
}

/** On the clock of the caller. Undefined: it has none. */
export function deadlineIn(name: string, args: readonly CallArgument[]): number | undefined {
  const count = ARGUMENTS.get(name);
  const deadline = count === undefined ? undefined : args[count];
  return typeof deadline === 'number' ? deadline : undefined;
}

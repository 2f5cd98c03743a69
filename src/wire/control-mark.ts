/**
 * The mark of control messages on the channel between a worker and its master. The channel is node:cluster's, and not
 * troupe's alone: programs and libraries (metrics, rate limits, logs) speak over it too. A message without the mark is theirs,
 * whatever it looks like. The message lies inside, so that nobody who looks at `type` takes one of ours for one of theirs.
 */
const MARK = 'troupe:control';

export function marked(message: object): object {
  return { [MARK]: message };
}

/** Goes with a connection of another machine; comes back from the worker that has it; and goes once more, when the master, which may have read, has let go of it. */
export type HandedConnection = { readonly type: 'handed-connection'; readonly number: number };

/** The message; undefined where it is somebody else's. */
export function unmarked<M extends object>(received: unknown): M | undefined {
  if (typeof received !== 'object' || received === null || !Object.hasOwn(received, MARK)) return undefined;
  const message: unknown = (received as Record<string, unknown>)[MARK];
  return typeof message === 'object' && message !== null ? (message as M) : undefined;
}

/** What would end a real process ends no run: it is a breach. */
import type { Breaches } from './breaches.ts';

/**
 * Runs to the end, and notes what nobody handles. Errors are made without their stacks, unless it `hasStacks`: they are part of what is sent and
 * weighed, and as long as the paths and the build that a run happens to have; so a seed gives the same run wherever it runs.
 */
export async function judged(breaches: Breaches, hasStacks: boolean, run: () => Promise<void>): Promise<void> {
  const rejected = (error: unknown): void => breaches.add('end', `nobody handles the rejection with ${told(error)}`);
  const told = (error: unknown): string => (hasStacks && error instanceof Error ? `${error.stack}` : `${error}`);
  const { stackTraceLimit } = Error;
  process.on('unhandledRejection', rejected);
  if (!hasStacks) Error.stackTraceLimit = 0;
  try {
    await run();
    // Node.js tells of them only once it has nothing else to do.
    await new Promise((resolve) => setImmediate(resolve));
  } catch (error) {
    // A state that is none, say.
    breaches.add('end', `the runtime threw ${told(error)}`);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    process.off('unhandledRejection', rejected);
  }
}

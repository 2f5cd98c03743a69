/** A trace that harms nothing: it is told in the middle of deliveries and turns, and reads parts of messages that may throw. */
import { asError } from '../vocabulary/errors.ts';
import type { Log } from './log.ts';
import type { Trace } from './trace.ts';

/** The first error is said: there may be one for each message. */
export function guardedTrace(trace: Trace | undefined, log: Log): Trace | undefined {
  if (trace === undefined) return undefined;
  let hasThrown = false;
  return {
    note: (event) => {
      try {
        trace.note(event);
      } catch (error) {
        if (!hasThrown)
          log.error({ err: asError(error), trace: event.topic }, 'a trace threw; its next errors are not told');
        hasThrown = true;
      }
    },
  };
}

/** The decision about a failure: it asks the `onFailure` of a policy and takes nothing but a directive for an answer. */
import { DIRECTIVES, type Directive, type OnFailure } from './supervision-options.ts';

/**
 * An `onFailure` that throws, or returns no directive, counts as 'escalate': the supervision itself is broken, so its
 * own rules cannot be trusted to mend that. 'restart' would run into the same fault again and again, 'resume' would
 * keep a state that nobody vouches for, 'stop' would hide it; the parent is the next one who may know what to do.
 */
export function decide(onFailure: OnFailure, error: Error, context: { id: string; restarts: number }): Directive {
  if (typeof onFailure !== 'function') return onFailure;
  try {
    const answer: unknown = onFailure(error, context);
    return DIRECTIVES.find((directive) => directive === answer) ?? 'escalate';
  } catch {
    return 'escalate';
  }
}

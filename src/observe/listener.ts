/** Listeners only observe: one that throws, now or later, is told to the log and harms nothing. */
import { onGround } from '../vocabulary/ground.ts';
import { isThenable } from '../vocabulary/thenable.ts';

export function callListener<T>(listener: (value: T) => unknown, value: T, threw: (error: unknown) => void): void {
  try {
    const result = onGround(() => listener(value));
    if (isThenable(result)) result.then(undefined, threw);
  } catch (error) {
    threw(error);
  }
}

/**
 * The async context of troupe itself. Work for many callers is done in one go: a slice of turns, a timer of many deadlines.
 * Begun in the context of whoever happened to set it going, it would show that one's `AsyncLocalStorage` to all the others.
 */
import { AsyncResource } from 'node:async_hooks';

const ground = new AsyncResource('troupe');

/** Calls `work` in it, and so all that `work` sets going. */
export function onGround<T>(work: () => T): T {
  return ground.runInAsyncScope(work);
}

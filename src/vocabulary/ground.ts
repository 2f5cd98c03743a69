/**
 * The async context of troupe itself. Work for many callers is done in one go: a slice of turns, a timer of many deadlines.
 * Begun in the context of whoever happened to set it going, it would show that one's `AsyncLocalStorage` to all the others.
 */
import { AsyncLocalStorage, AsyncResource, executionAsyncId } from 'node:async_hooks';

const ground = new AsyncResource('troupe');
/** Contexts go by async hooks, as up to Node.js 22: where those are off nobody has one. */
const IS_BY_HOOKS = '_enable' in AsyncLocalStorage.prototype;

/** Calls `work` in it, and so all that `work` sets going. A job of a promise has the id 0 where hooks are off: that is the ground already, and a tenth of an ask (S2). */
export function onGround<T>(work: () => T): T {
  return IS_BY_HOOKS && executionAsyncId() === 0 ? work() : ground.runInAsyncScope(work);
}

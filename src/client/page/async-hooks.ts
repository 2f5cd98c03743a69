/** `node:async_hooks` in a page: there is no context that could be lost. */
export class AsyncResource {
  runInAsyncScope<T>(work: () => T): T {
    return work();
  }
}

/** A page has no contexts to keep apart, and so no hooks. */
export class AsyncLocalStorage {}

export function executionAsyncId(): number {
  return 0;
}

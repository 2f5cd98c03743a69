/** `node:async_hooks` in a page: there is no context that could be lost. */
export class AsyncResource {
  runInAsyncScope<T>(work: () => T): T {
    return work();
  }
}

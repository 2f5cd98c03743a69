/**
 * The errors that an abort brings, by the names and codes that the platform and libraries give them. Exact ones: an error of the program itself
 * (`OrderCancelledError`) is none, though it may come as its asker gives up.
 */

const NAMES: ReadonlySet<unknown> = new Set([
  // Of the platform: DOMException, fetch, Node.js; undici, node-fetch, clients of AWS (v3) and Azure, abortable functions of all sorts.
  'AbortError',
  // AbortSignal.timeout(); got, p-timeout, the clients of Elasticsearch, bluebird.
  'TimeoutError',
  // axios
  'CanceledError',
  // p-cancelable, got
  'CancelError',
  // TanStack Query
  'CancelledError',
  // bluebird, workerpool
  'CancellationError',
  // cockatiel
  'TaskCancelledError',
  // Clients of Elasticsearch, OpenSearch, AWS (v2).
  'RequestAbortedError',
  // node-pkware; the usual name of a `throwIfAborted` that a program has written itself.
  'AbortedError',
  // Clients of OpenAI and Anthropic, by their class: the name stays `Error`.
  'APIUserAbortError',
  // Next.js
  'ResponseAborted',
]);
const CODES: ReadonlySet<unknown> = new Set([
  // Node.js
  'ABORT_ERR',
  // libuv, for a request that was taken back.
  'ECANCELED',
  // undici
  'UND_ERR_ABORT',
  'UND_ERR_ABORTED',
  // got
  'ERR_ABORTED',
  // axios, got
  'ERR_CANCELED',
]);

/** May throw, where the error throws as it is read. */
export function isAbortError(error: object): boolean {
  const { name, code } = error as Partial<Record<'name' | 'code', unknown>>;
  // Some libraries give their error a class and leave it the name `Error`.
  return CODES.has(code) || NAMES.has(name) || NAMES.has(error.constructor?.name);
}

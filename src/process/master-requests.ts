/** Requests of this process to the master, each answered once. */
import { type ErrorData, errorFromData } from '../vocabulary/errors.ts';
import type { MasterRequest, ToMaster } from '../wire/control.ts';

export interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class MasterRequests {
  readonly #tellMaster: (message: ToMaster) => void;
  readonly #open = new Map<number, Waiting>();
  #last = 0;

  constructor(tellMaster: (message: ToMaster) => void) {
    this.#tellMaster = tellMaster;
  }

  /** Callbacks, not a promise: what the answer lets happen happens before the next control message. */
  send(what: MasterRequest, waiting: Waiting): void {
    const request = ++this.#last;
    this.#open.set(request, waiting);
    this.#tellMaster({ type: 'request', request, what });
  }

  replied(request: number, value: unknown, error: ErrorData | undefined): void {
    const waiting = this.#open.get(request);
    this.#open.delete(request);
    if (error) waiting?.reject(errorFromData(error));
    else waiting?.resolve(value);
  }
}

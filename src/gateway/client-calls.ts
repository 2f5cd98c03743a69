/** The calls of a client about the system itself, carried out with its rights; see system-calls.ts for what there is. */
import type { Kernel } from '../actor/kernel.ts';
import type { SystemFacts } from '../observe/system-facts.ts';
import type { System } from '../system/system.ts';
import type { ReplyTo } from '../vocabulary/envelope.ts';
import { asError, TroupeError, wordsOf } from '../vocabulary/errors.ts';
import type { CallArgument } from '../wire/entry.ts';
import type { DirectSockets } from './direct-sockets.ts';
import { EventTail } from './event-tail.ts';
import type { Rights } from './rights.ts';
import { SYSTEM_CALLS, type SystemCall } from './system-calls.ts';

/** Calls of one client in flight, at most; one more fails with OVERLOADED. */
export const CLIENT_CALLS_MAX = 64;

export interface CallsParts {
  readonly kernel: Kernel;
  readonly system: System;
  readonly facts?: SystemFacts | undefined;
  readonly rights: Rights;
  /** Undefined: it is to come in here alone. */
  readonly direct?: DirectSockets | undefined;
}

export class ClientCalls {
  readonly #parts: CallsParts;
  #inFlight = 0;
  #tail: EventTail | undefined;

  constructor(parts: CallsParts) {
    this.#parts = parts;
  }

  take(name: string, args: readonly CallArgument[], replyTo: ReplyTo): void {
    const call = Object.hasOwn(SYSTEM_CALLS, name) ? (SYSTEM_CALLS[name] as SystemCall) : undefined;
    const fault = this.#faultOf(name, call, args);
    if (call === undefined || fault !== undefined) return replyTo.reject(fault as TroupeError);
    this.#inFlight++;
    this.#run(call, args)
      .then(
        (value) => replyTo.resolve(value),
        (error) => replyTo.reject(failure(error)),
      )
      .finally(() => this.#inFlight--);
  }

  close(): void {
    this.#tail?.close();
  }

  async #run(call: SystemCall, args: readonly CallArgument[]): Promise<unknown> {
    const { system, facts, rights, kernel, direct } = this.#parts;
    const tail = (): EventTail => (this.#tail ??= new EventTail(system, kernel.clock));
    return call.run({ system, facts, rights, direct, tail }, args);
  }

  #faultOf(name: string, call: SystemCall | undefined, args: readonly CallArgument[]): TroupeError | undefined {
    if (call === undefined) return refusal('INVALID_OPTIONS', `expected the name of a call; got '${name}'`);
    const { rights, kernel } = this.#parts;
    const forbidden = call.refusal(rights, args);
    if (forbidden !== undefined) return refusal('FORBIDDEN', forbidden);
    if (kernel.closing) return refusal('SHUTTING_DOWN', 'the system is shutting down: it takes no more calls');
    if (this.#inFlight < CLIENT_CALLS_MAX) return undefined;
    return refusal('OVERLOADED', `the client has ${CLIENT_CALLS_MAX} calls in flight, which is its limit`);
  }
}

function failure(error: unknown): TroupeError {
  if (error instanceof TroupeError) return error;
  return new TroupeError('HANDLER_FAILED', wordsOf(asError(error)), { fate: 'executed' });
}

function refusal(code: 'INVALID_OPTIONS' | 'FORBIDDEN' | 'SHUTTING_DOWN' | 'OVERLOADED', text: string): TroupeError {
  return new TroupeError(code, text, { fate: 'not-executed' });
}

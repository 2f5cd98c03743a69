/** Where the reply of an ask from another process goes: back to that process, by its number there. */
import type { ActorId } from '../vocabulary/address.ts';
import type { ReplyAddress, ReplyTo, Run } from '../vocabulary/envelope.ts';
import { type ErrorData, errorToData, type TroupeError } from '../vocabulary/errors.ts';

/** How replies leave this process. */
export interface ReplyRoute {
  sendReply(process: ActorId, correlation: number, value: unknown): void;
  sendFailure(process: ActorId, correlation: number, error: ErrorData): void;
}

export class RemoteReply implements ReplyTo {
  settled = false;
  readonly #route: ReplyRoute;
  readonly #process: ActorId;
  readonly #correlation: number;

  constructor(route: ReplyRoute, process: ActorId, correlation: number) {
    this.#route = route;
    this.#process = process;
    this.#correlation = correlation;
  }

  resolve(value: unknown): void {
    if (this.settled) return;
    this.settled = true;
    this.#route.sendReply(this.#process, this.#correlation, value);
  }

  reject(error: TroupeError): void {
    if (this.settled) return;
    this.settled = true;
    this.#route.sendFailure(this.#process, this.#correlation, errorToData(error));
  }

  leave(): void {
    this.settled = true;
  }

  /** Its asker counts the fate by what it wrote; the deadline is kept by both. */
  begin(_run: Run): void {}

  written(_peer: ActorId | undefined): void {}

  address(): ReplyAddress {
    return { process: this.#process, correlation: this.#correlation };
  }
}

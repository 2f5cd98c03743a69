/** Where the reply of a client's ask goes: back over its connection, by its number there. */
import { processAddress } from '../vocabulary/address.ts';
import type { ReplyAddress, ReplyTo, Run } from '../vocabulary/envelope.ts';
import type { TroupeError } from '../vocabulary/errors.ts';

export interface ClientReplyRoute {
  reply(correlation: number, value: unknown): void;
  fail(correlation: number, error: TroupeError): void;
}

const CLIENT = processAddress(0, 1);

export class ClientReply implements ReplyTo {
  settled = false;
  readonly #route: ClientReplyRoute;
  readonly #correlation: number;

  constructor(route: ClientReplyRoute, correlation: number) {
    this.#route = route;
    this.#correlation = correlation;
  }

  resolve(value: unknown): void {
    if (this.settled) return;
    this.settled = true;
    this.#route.reply(this.#correlation, value);
  }

  reject(error: TroupeError): void {
    if (this.settled) return;
    this.settled = true;
    this.#route.fail(this.#correlation, error);
  }

  begin(_run: Run): void {}

  written(_peer: string | undefined): void {}

  address(): ReplyAddress {
    return { process: CLIENT, correlation: this.#correlation };
  }
}

/** The reply of a turn, gated until its commit. */
import type { Cell } from '../actor/cell.ts';
import { servedReply } from '../actor/served-reply.ts';
import type { ReplyAddress, ReplyTo, Run } from '../vocabulary/envelope.ts';
import type { TroupeError } from '../vocabulary/errors.ts';

/** The turn that answers. */
export interface Answering {
  reply: GatedReply | undefined;
}

/** Without a turn nothing will be committed, and nothing is answered. */
export function gatedReply(cell: Cell, original: ReplyTo, turn: Answering | undefined): GatedReply {
  return new GatedReply(servedReply(cell, original), turn);
}

export class GatedReply implements ReplyTo {
  readonly original: ReplyTo;
  readonly #turn: Answering | undefined;
  #isTaken = false;
  value: unknown;
  error: TroupeError | undefined;

  constructor(original: ReplyTo, turn: Answering | undefined) {
    this.original = original;
    this.#turn = turn;
  }

  /** Also where its asker has given up: who asks again for the same gets this reply. */
  get settled(): boolean {
    return this.#isTaken;
  }

  resolve(value: unknown): void {
    this.#settle(value, undefined);
  }

  reject(error: TroupeError): void {
    this.#settle(undefined, error);
  }

  begin(run: Run): void {
    this.original.begin(run);
  }

  address(): ReplyAddress {
    return this.original.address();
  }

  written(peer: string | undefined): void {
    this.original.written(peer);
  }

  transferred(): void {
    this.original.transferred?.();
  }

  /** After the commit. */
  leave(): void {
    if (this.error) this.original.reject(this.error);
    else this.original.resolve(this.value);
  }

  #settle(value: unknown, error: TroupeError | undefined): void {
    if (this.#isTaken) return;
    this.#isTaken = true;
    this.value = value;
    this.error = error;
    if (this.#turn) this.#turn.reply = this;
  }
}

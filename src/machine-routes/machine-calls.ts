/**
 * Calls of processes of this machine to the way into another one, about that machine and not about an actor: answered there as an ask would
 * be, but past all mail, since mail may be what is wrong.
 */
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import { type ClockDifference, CLOCK_LOOK_MS } from './machine-clocks.ts';
import { deadlineIn, withDeadline } from './changing-calls.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import { asError, type ErrorData, errorFromData, errorToData, TroupeError } from '../vocabulary/errors.ts';
import { CALL, CALL_TEXT_LENGTH_MAX, type CallArgument } from '../wire/entry.ts';

/** Calls of other machines that are answered at once, at most; one more fails with OVERLOADED. */
export const MACHINE_CALLS_MAX = 256;

/** Rejects with what its caller is to be told. */
export type AnswerCall = (name: string, args: readonly CallArgument[]) => Promise<unknown>;

/** The time by the clock of a process. A build that does not know this call refuses it. */
const CLOCK = 'clock';

interface OpenCall {
  readonly timer: Timer;
  resolve(value: unknown): void;
  reject(error: TroupeError): void;
}

export class MachineCalls {
  readonly #clock: Clock;
  readonly #open = new Map<number, OpenCall>();
  readonly #answer: AnswerCall;
  #answering = 0;

  constructor(clock: Clock, answer: AnswerCall) {
    this.#clock = clock;
    this.#answer = answer;
  }

  /** `number`: of the row of this process's asks. Rejects ACTOR_UNAVAILABLE where there is no link, or no answer in time. */
  call(
    peer: OutboundQueue | undefined,
    machine: string,
    { number, name, args, withinMs }: { number: number; name: string; args: readonly CallArgument[]; withinMs: number },
  ): Promise<unknown> {
    const long = args.find((arg) => typeof arg === 'string' && arg.length > CALL_TEXT_LENGTH_MAX) as string | undefined;
    if (long !== undefined)
      throw new TroupeError(
        'INVALID_OPTIONS',
        `${name}: a call of another machine has texts of at most ${CALL_TEXT_LENGTH_MAX} characters; got ${long.length}`,
      );
    if (!peer?.link || peer.ended) return Promise.reject(unavailable(machine, name, 'there is no link to it now'));
    return new Promise((resolve, reject) => {
      const late = (): void => {
        this.#open.delete(number);
        reject(unavailable(machine, name, `no answer within ${withinMs} ms`));
      };
      this.#open.set(number, { timer: this.#clock.setTimer(withinMs, late), resolve, reject });
      peer.noteFirst(CALL, number, name, withDeadline(name, args, this.#clock.now() + withinMs));
    });
  }

  /** Asks a process for its clock, where that was not asked for lately. */
  lookAtClock(peer: OutboundQueue, clocks: ClockDifference, pending: { nextNumber(): number }): void {
    const since = this.#clock.now();
    if (since < clocks.lookAt) return;
    clocks.lookAt = since + CLOCK_LOOK_MS;
    const call = { number: pending.nextNumber(), name: CLOCK, args: [], withinMs: CLOCK_LOOK_MS };
    this.call(peer, peer.address, call).then(
      (theirs) => {
        if (Number.isFinite(theirs)) clocks.heard(theirs as number, since, this.#clock.now());
      },
      () => {},
    );
  }

  /** Whether that is the answer to a call. */
  replied(number: number, value: unknown): boolean {
    const open = this.#take(number);
    open?.resolve(value);
    return open !== undefined;
  }

  failed(number: number, error: ErrorData): boolean {
    const open = this.#take(number);
    open?.reject(errorFromData(error));
    return open !== undefined;
  }

  /** One of another machine's process, whose clock is known so well. */
  called(
    peer: OutboundQueue,
    number: number,
    { name, args }: { name: string; args: readonly CallArgument[] },
    clocks: ClockDifference,
  ): void {
    if (name === CLOCK) return peer.reply(number, this.#clock.now());
    const deadline = deadlineIn(name, args);
    if (deadline !== undefined && this.#clock.now() >= deadline + clocks.least) {
      const text = `${name} came after the deadline of its caller; not done`;
      return peer.fail(number, errorToData(new TroupeError('ACTOR_UNAVAILABLE', text, { fate: 'not-executed' })));
    }
    if (this.#answering >= MACHINE_CALLS_MAX) {
      const text = `the machine answers ${MACHINE_CALLS_MAX} calls of other machines, which is the limit; ${name} rejected`;
      return peer.fail(number, errorToData(new TroupeError('OVERLOADED', text, { fate: 'not-executed' })));
    }
    this.#answering++;
    this.#answer(name, args)
      .then(
        (value) => peer.reply(number, value),
        (error) => peer.fail(number, errorToData(known(error))),
      )
      .finally(() => void this.#answering--);
  }

  close(): void {
    for (const { timer } of this.#open.values()) timer.cancel();
    this.#open.clear();
  }

  #take(number: number): OpenCall | undefined {
    const open = this.#open.get(number);
    open?.timer.cancel();
    this.#open.delete(number);
    return open;
  }
}

function unavailable(machine: string, name: string, got: string): TroupeError {
  return new TroupeError('ACTOR_UNAVAILABLE', `the machine ${machine} gave no answer to ${name}: ${got}`);
}

function known(error: unknown): TroupeError {
  if (error instanceof TroupeError) return error;
  return new TroupeError('ACTOR_UNAVAILABLE', asError(error).message, { cause: error });
}

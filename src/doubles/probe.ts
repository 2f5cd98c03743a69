/**
 * An actor that a test plays: others tell and ask it like any actor, the test looks at what came, and answers. It takes
 * one message after the other, as every actor does: while an ask waits for `reply`, what comes behind it waits too.
 */
import { type Behaviour, behaviourOf } from '../actor/behaviour.ts';
import type { Context } from '../actor/context.ts';
import { defineActor } from '../actor/define-actor.ts';
import { type ActorId, actorId } from '../vocabulary/address.ts';
import type { Message } from '../vocabulary/envelope.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { inspect } from '../plain-data/inspect.ts';

/** Lets time pass until something is so, or for so many milliseconds. */
export type PassTime = (isSo: () => boolean, ms: number) => Promise<void>;

/** A message that a probe got. */
export interface ProbeMessage<M extends Message = Message> {
  /** The message. */
  readonly message: M;
  /** Id of the actor that sent it; undefined for a process. */
  readonly sender: ActorId | undefined;
  /** Whether its sender waits for `reply` or `fail`. */
  readonly isAsk: boolean;
}

/** Milliseconds on the clock of the test in which a message is expected. */
const EXPECT_MS = 1_000;

interface OpenAsk {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * An actor that a test plays, `probe/<name>`: others tell and ask it like any actor, the test looks at what came, and answers. While an ask waits
 * for its answer, what comes behind it waits too.
 *
 * @example
 * ```ts
 * const mailer = probe('mailer');
 * system.tell('order/7', { type: 'pay', notify: mailer.id });
 * const { message } = await mailer.expectMessage('paid');
 * ```
 */
export class Probe {
  /** Its id, `probe/<name>`. */
  readonly id: ActorId;
  readonly #passTime: PassTime;
  readonly #unseen: ProbeMessage[] = [];
  #open: OpenAsk | undefined;

  /** @internal */
  constructor(id: ActorId, passTime: PassTime) {
    this.id = id;
    this.#passTime = passTime;
  }

  /** Messages that came and were not looked at. */
  get waiting(): number {
    return this.#unseen.length;
  }

  /**
   * The next message, which must be of this type, by default of any, and come within `withinMs` milliseconds on the clock of the test, by default
   * 1 000. The wait moves that clock. Rejects with an Error that says what came instead.
   *
   * @example
   * ```ts
   * const { message, isAsk } = await mailer.expectMessage('send', { withinMs: 5_000 });
   * ```
   */
  async expectMessage<M extends Message = Message>(
    type?: M['type'],
    { withinMs = EXPECT_MS }: { withinMs?: number } = {},
  ): Promise<ProbeMessage<M>> {
    await this.#passTime(() => this.#unseen.length > 0, withinMs);
    const next = this.#unseen.shift();
    const wanted = type === undefined ? 'a message' : `a message of type '${type}'`;
    if (!next) throw new Error(`${this.id} gets ${wanted} within ${withinMs} ms; got none`);
    if (type !== undefined && next.message.type !== type)
      throw new Error(`${this.id} gets ${wanted} next; got ${inspect(next.message)}`);
    return next as ProbeMessage<M>;
  }

  /**
   * Waits for so many milliseconds on the clock of the test, by default 1 000. Rejects with an Error where a message comes.
   *
   * @example
   * ```ts
   * await mailer.expectNothing(60_000);
   * ```
   */
  async expectNothing(ms: number = EXPECT_MS): Promise<void> {
    await this.#passTime(() => this.#unseen.length > 0, ms);
    const [next] = this.#unseen;
    if (next) throw new Error(`${this.id} gets nothing for ${ms} ms; got ${inspect(next.message)}`);
  }

  /**
   * Answers the ask that waits, with plain data.
   *
   * @throws Error where none waits.
   * @example
   * ```ts
   * await lot.expectMessage('bid');
   * lot.reply(10);
   * ```
   */
  reply(value?: unknown): void {
    this.#takeOpen().resolve(value);
  }

  /**
   * Answers the ask that waits with an error, `new Refusal(…)` say. Any other one starts the probe again, as it would any actor.
   *
   * @throws Error where none waits.
   * @example
   * ```ts
   * lot.fail(new Refusal('closed'));
   * ```
   */
  fail(error: unknown): void {
    this.#takeOpen().reject(error);
  }

  /** @internal */
  receive(ctx: Context<unknown>, message: Message): unknown {
    const isAsk = ctx.deadline !== undefined;
    this.#unseen.push({ message, sender: ctx.sender, isAsk });
    if (!isAsk) return undefined;
    return new Promise((resolve, reject) => {
      this.#open = { resolve, reject };
    });
  }

  #takeOpen(): OpenAsk {
    const open = this.#open;
    if (!open) throw new Error(`${this.id} answers an ask that waits; got none`);
    this.#open = undefined;
    return open;
  }
}

/** The kind of all probes. */
export const PROBE_KIND = 'probe';

/** The probes of one test system. */
export class Probes {
  readonly #passTime: PassTime;
  readonly #probes = new Map<ActorId, Probe>();

  constructor(passTime: PassTime) {
    this.#passTime = passTime;
  }

  /** The probe of a name, the same one each time. */
  probe(name = `${this.#probes.size + 1}`): Probe {
    const id = actorId(PROBE_KIND, name);
    let probe = this.#probes.get(id);
    if (!probe) this.#probes.set(id, (probe = new Probe(id, this.#passTime)));
    return probe;
  }

  /** The behaviour of the cells of probes: a handler for whatever comes. */
  behaviour(): Behaviour {
    const receive = (ctx: Context<unknown>, message: unknown): unknown =>
      this.probe(ctx.key).receive(ctx, message as Message);
    return { ...behaviourOf(PROBE_KIND, defineActor({ receive: {} })), handlerOf: () => receive };
  }
}

/** Throws where the test has a kind of that name itself. */
export function withProbes<M extends ReadonlyMap<string, ReturnType<Probes['behaviour']>>>(
  behaviours: M,
  probes: Probes,
): Map<string, ReturnType<Probes['behaviour']>> {
  if (behaviours.has(PROBE_KIND)) {
    throw new TroupeError(
      'INVALID_OPTIONS',
      `actors: expected no kind '${PROBE_KIND}', which the probes have; got one`,
    );
  }
  return new Map([...behaviours, [PROBE_KIND, probes.behaviour()]]);
}

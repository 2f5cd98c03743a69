/**
 * The exchange actor: `exchange/<name>` publishes what it is told to the exchange of that name, in order, and counts a message as handled once
 * the broker has confirmed it. Until then the message is its sender's, or aside in its own record; so it is published again, under
 * the same id, whatever dies.
 *
 *   told ─► written ─► nothing else waits: confirmed within the turn
 *              └─► more waits: put aside (a commit), confirmed, brought back, done (a commit)
 */
import type { Cell } from '../actor/cell.ts';
import type { Context } from '../actor/context.ts';
import { cellOfContext } from '../actor/actor-context.ts';
import { defineActor, type PlacementOptions } from '../actor/define-actor.ts';
import type { ActorDefinition } from '../actor/definition.ts';
import { asError, TroupeError, Undeliverable } from '../vocabulary/errors.ts';
import { invalid } from './consume-options.ts';
import { contentOf, type ExchangeMessage, propertiesOf } from './exchange-message.ts';
import { type ExchangeOutlet, publicationId } from './exchange-outlet.ts';
import { ExchangeOutlets } from './exchange-outlets.ts';
import type { Outcome } from './publisher.ts';
import { checkRabbit, type RabbitOptions } from './rabbit-options.ts';
import { headersWithTrace } from './trace-headers.ts';

/** Milliseconds that a turn waits for a confirmation, or for room: no longer than a move waits for it. */
const TURN_MS = 1_000;
/** Milliseconds between two looks at what is aside, also after a crash of everything. */
const RESUME_MS = 1_000;
/** Messages aside beyond which a turn waits on instead. */
export const EXCHANGE_ASIDE_MAX = 5_000;

/** Options of `exchange`. */
export interface ExchangeOptions extends RabbitOptions {
  /**
   * Called on each new channel, before it publishes: the place to declare the exchange. The channel is amqplib's. Default: the exchange must be
   * there, and is waited for where it is not.
   *
   * @example
   * ```ts
   * exchange({ url: 'amqp://localhost', declare: (channel, name) => channel.assertExchange(name, 'topic', { durable: true }) });
   * ```
   */
  // biome-ignore lint/suspicious/noExplicitAny: amqplib's ConfirmChannel, whose types are not there without it
  declare?: ((channel: any, name: string) => Promise<unknown>) | undefined;
  /** Whether a message that the exchange routes to no queue is a dead letter, RETURNED. Default true; false: it is gone without a word. */
  mandatory?: boolean | undefined;
  /** On which workers these actors live. Default: any. */
  placement?: PlacementOptions | undefined;
}

/** The messages of an exchange actor. */
export interface ExchangeHandlers {
  /**
   * Publishes a message. An ask resolves once the broker has confirmed it.
   *
   * @example
   * ```ts
   * await ctx.ask('exchange/orders', { type: 'publish', routingKey: 'order.placed', content: { id: 7 } });
   * ```
   */
  publish(ctx: never, message: ExchangeMessage): Promise<void>;
}

/**
 * Defines the kind of actors that publish to the exchanges of a RabbitMQ broker: a file `actors/exchange.js` with it as its default export makes
 * `exchange/<name>` publish to the exchange of that name (`exchange/amq.default` to the default one). They are durable: what a durable actor tells one is
 * published whatever dies, in order, and again until the broker has confirmed it, under one message id. A message that the broker routes
 * to no queue, or does not take, is a dead letter: RETURNED, NACKED.
 *
 * Up to 128 messages of an exchange, or 4 MiB, are in flight to the broker at once; the others wait in its mailbox (100 000 messages by default).
 *
 * @throws TroupeError INVALID_OPTIONS.
 * @example
 * ```ts
 * export default exchange({ url: 'amqp://localhost', declare: (channel, name) => channel.assertExchange(name, 'topic') });
 * ```
 */
export function exchange(options: ExchangeOptions): ActorDefinition<object, ExchangeHandlers, unknown> {
  const { url, socket } = checkRabbit(options, ['declare', 'mandatory', 'placement']);
  const { declare, mandatory = true, placement } = options;
  if (declare !== undefined && typeof declare !== 'function') throw invalid('declare', 'a function', declare);
  if (typeof mandatory !== 'boolean') throw invalid('mandatory', 'true or false', mandatory);
  const outlets = new ExchangeOutlets({ url, socket, declare });
  return defineActor({
    durable: true,
    ...(placement && { placement }),
    state: () => ({}),
    async onStart(ctx: Context<object>) {
      await outlets.dial();
      const outlet = outlets.of(cellOf(ctx));
      outlet.isNew = false;
      if (outlet.hasAside) ctx.unstashAll();
    },
    onStop(ctx: Context<object>) {
      outlets.end(outlets.of(cellOf(ctx)));
    },
    receive: {
      publish: (ctx: Context<object>, message: ExchangeMessage) =>
        publish(ctx, outlets.of(cellOf(ctx)), message, mandatory),
      resume(ctx: Context<object>) {
        const outlet = outlets.of(cellOf(ctx));
        if (!outlet.publisher.isSettled) return;
        outlet.isNew = false;
        outlet.holdsUnsent = false;
        ctx.unstashAll();
      },
    },
  }) as unknown as ActorDefinition<object, ExchangeHandlers, unknown>;
}

async function publish(
  ctx: Context<object>,
  outlet: ExchangeOutlet,
  message: ExchangeMessage,
  isMandatory: boolean,
): Promise<void> {
  const { publisher, cell, isNew } = outlet;
  outlet.isNew = false;
  if (isNew && outlet.hasAside) {
    // It has moved here: what it has put aside elsewhere comes first.
    putAside(ctx, outlet);
    return outlet.bringBackNext();
  }
  const id = message.messageId ?? publicationId(cell);
  if (id === undefined) return underOwnNumber(ctx, outlet, message, isMandatory);
  try {
    await publishAs(ctx, outlet, message, id, isMandatory);
  } finally {
    if (publisher.isSettled && outlet.hasAside && !outlet.waits) outlet.bringBackNext();
  }
}

/** Its sender keeps no number: told to itself it has one, and so the same id after a crash. An asker goes with the process. */
async function underOwnNumber(
  ctx: Context<object>,
  outlet: ExchangeOutlet,
  message: ExchangeMessage,
  isMandatory: boolean,
): Promise<void> {
  if (outlet.cell.current?.replyTo) return publishAs(ctx, outlet, message, outlet.cell.kernel.newKey(), isMandatory);
  ctx.tell(ctx.id, { ...message, type: 'publish' });
}

async function publishAs(
  ctx: Context<object>,
  outlet: ExchangeOutlet,
  message: ExchangeMessage,
  id: string,
  isMandatory: boolean,
): Promise<void> {
  const { publisher } = outlet;
  if (publisher.stateOf(id) === undefined) {
    if (!publisher.hasRoom) await waitForRoom(outlet);
    if (!publisher.hasRoom || outlet.holdsUnsent) return waitAside(ctx, outlet);
    send(outlet, message, id, isMandatory);
  }
  if (!outlet.waits) await publisher.settled(TURN_MS);
  const { outcome, why } = publisher.stateOf(id) ?? { outcome: undefined, why: '' };
  if (outcome === undefined) return putAside(ctx, outlet);
  publisher.forget(id);
  outlet.done();
  if (!outlet.hasAside) ctx.forget('resume');
  checkOutcome(ctx, outcome, message, why);
}

/** The part of an outlet that says whether there is room. */
export interface RoomOf {
  readonly publisher: Pick<ExchangeOutlet['publisher'], 'settled' | 'isSettled'>;
  readonly cell: { readonly mailbox: { readonly asideLength: number } };
}

/** There is room once what is in flight has an outcome, and was brought back. Beyond the bound of what is aside it is waited for on and on. */
export async function waitForRoom({ publisher, cell }: RoomOf): Promise<void> {
  do await publisher.settled(TURN_MS);
  while (!publisher.isSettled && cell.mailbox.asideLength >= EXCHANGE_ASIDE_MAX);
}

function waitAside(ctx: Context<object>, outlet: ExchangeOutlet): void {
  putAside(ctx, outlet);
  if (outlet.publisher.isSettled) outlet.bringBackNext();
  else outlet.holdsUnsent = true;
}

function send({ publisher, cell }: ExchangeOutlet, message: ExchangeMessage, id: string, isMandatory: boolean): void {
  const { bytes, type } = contentOf(message);
  const plain = propertiesOf(message, type, isMandatory);
  // Its reader goes on in the trace of the turn that publishes it.
  const trace = cell.kernel.spans?.kept(cell, false);
  const properties = trace === undefined ? plain : { ...plain, headers: headersWithTrace(plain.headers, trace) };
  try {
    publisher.send({ id, routingKey: message.routingKey ?? '', content: bytes, properties });
  } catch (error) {
    // A header of a kind that the protocol does not know.
    throw new Undeliverable('INVALID_MESSAGE', `the message cannot be written: ${asError(error).message}`);
  }
}

/** In the record, and looked at after a crash of everything. */
function putAside(ctx: Context<object>, outlet: ExchangeOutlet): void {
  if (!outlet.hasAside) ctx.remind('resume', { everyMs: RESUME_MS }, { type: 'resume' });
  ctx.stash();
  outlet.putAside();
}

function checkOutcome(ctx: Context<object>, outcome: Outcome, { routingKey = '' }: ExchangeMessage, why: string): void {
  if (outcome === 'confirmed') return;
  if (outcome === 'returned')
    throw new Undeliverable('RETURNED', `${ctx.id} has no queue for the routing key '${routingKey}'`);
  throw new Undeliverable('NACKED', `${ctx.id}: the broker did not take the message: ${why}`);
}

function cellOf(ctx: Context<object>): Cell {
  const cell = cellOfContext(ctx);
  if (cell) return cell;
  const text = 'exchange() comes from another copy of troupe than the one that runs its actors';
  throw new TroupeError('INVALID_OPTIONS', text);
}

/** A program as users write it, for each of the compilers: what is inferred, and what must not compile. */
import {
  type ActorLocation,
  type ActorRef,
  createSystem,
  defineActor,
  type MessageOf,
  Refusal,
  type RefTo,
  type ReplyOf,
  type StandardSchemaV1,
  type System,
  TroupeError,
  type UntypedRef,
} from 'troupe';
import { type ConsumeOptions, exchange, type RabbitGateway, rabbitmq } from 'troupe/rabbitmq';
import { createTestSystem, type Probe, type ProbeMessage, Simulation, traceLine, VirtualClock } from 'troupe/testkit';
import { publish, reply, tell } from 'troupe/xstate';
import { assign, createMachine, setup } from 'xstate';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const isSame = <A, B>(_same: Same<A, B>): void => {};

interface Item {
  sku: string;
  count: number;
}

declare const schema: StandardSchemaV1;

const cart = defineActor({
  state: (key: string, args?: { limit: number }) => ({ owner: key, limit: args?.limit ?? 10, items: [] as Item[] }),
  durable: { version: 2, migrate: { 1: (old) => ({ ...old, limit: 10 }) } },
  messages: schema,
  supervision: { onFailure: (_error, { restarts }) => (restarts > 3 ? 'stop' : 'restart'), backoff: { initialMs: 10 } },
  placement: { role: 'web', strategy: 'least-loaded' },
  onStart: (ctx) => ctx.subscribe('prices'),
  onTerminated: (ctx, { id }) => ctx.log.info({ id }, 'gone'),
  receive: {
    add(ctx, message: { item: Item }) {
      if (ctx.state.items.length >= ctx.state.limit) throw new Refusal('full', 'no room', { limit: ctx.state.limit });
      ctx.state.items.push(message.item);
      ctx.remind('empty', { atMs: ctx.now() + 86_400_000 }, { type: 'clear' });
    },
    size: (ctx) => ctx.state.items.length,
    first: async (ctx) => ctx.state.items[0],
    clear(ctx) {
      ctx.state.items = [];
      ctx.forget('empty');
    },
  },
});
const echo = defineActor({ receive: { echo: (_ctx, { text }: { text: string }) => text } });

type OrderEvent = { type: 'pay'; amount: number } | { type: 'ship' };
const order = defineActor({
  machine: setup({
    types: {} as { context: { paid: number }; events: OrderEvent; input: { key: string; args: unknown } },
  }).createMachine({
    context: { paid: 0 },
    initial: 'open',
    states: {
      open: {
        on: {
          pay: {
            target: 'paid',
            actions: [
              assign({ paid: ({ event }) => event.amount }),
              tell('ledger/main', ({ context }) => ({ type: 'note', amount: context.paid })),
              publish('orders', { type: 'paid' }),
              reply(({ context }) => context.paid),
            ],
          },
        },
      },
      paid: {},
    },
  }),
});
const lamp = defineActor({ machine: createMachine({ on: { press: { actions: reply('click') } } }) });

export async function main(): Promise<void> {
  const system: System = await createSystem({
    actors: { cart, echo, order, lamp },
    workers: 0,
    log: 'silent',
    signals: false,
  });
  const ann = system.ref(cart, 'ann');
  isSame<typeof ann, RefTo<typeof cart>>(true);
  const taken: boolean = ann.tell({ type: 'add', item: { sku: 'a', count: 1 } });
  if (!taken) await system.drained();
  const size = await ann.ask({ type: 'size' }, { timeoutMs: 500, signal: AbortSignal.timeout(1_000) });
  isSame<typeof size, number>(true);
  const first = await ann.ask({ type: 'first' });
  isSame<typeof first, Item | undefined>(true);
  const text = await system.ref(echo, 'a').ask({ type: 'echo', text: 'hello' });
  isSame<typeof text, string>(true);
  system.ref(order, '7').tell({ type: 'pay', amount: 3 });

  // @ts-expect-error No handler has this type.
  ann.tell({ type: 'remove' });
  // @ts-expect-error The item is missing.
  ann.tell({ type: 'add' });
  // @ts-expect-error The amount is a number.
  system.ref(order, '7').tell({ type: 'pay', amount: 'three' });
  // @ts-expect-error No such option.
  await createSystem({ workerz: 1 });
  // @ts-expect-error A message has a type.
  system.tell('cart/ann', { item: 1 });

  const untyped: UntypedRef = await system.spawn('cart', { key: 'bob', args: { limit: 2 } });
  const location: ActorLocation = await system.where(untyped.id);
  const unwatch = system.watch(untyped.id, ({ id, reason }) => console.log(id, reason.length));
  const off = system.on('actor-failed', ({ id, error }) => console.log(id, error.message));
  const unsubscribe = await system.subscribe('orders', (message) => console.log(message));
  for (const letter of system.deadLetters()) console.log(letter.reason === 'MAILBOX_FULL', location.worker);
  await system.deadLetters.resend('1').catch((error: unknown) => {
    if (error instanceof TroupeError && error.code === 'ASK_TIMEOUT' && error.fate === 'unknown')
      console.log(error.data);
  });
  unwatch();
  off();
  await unsubscribe();
  await system.shutdown({ timeoutMs: 1_000 });
}

/** Without amqplib: no type of it is needed. */
export async function broker(system: System): Promise<void> {
  const orders = exchange({
    url: 'amqp://localhost',
    declare: (channel, name) => channel.assertExchange(name, 'topic'),
  });
  const ref: RefTo<typeof orders> = system.ref(orders, 'orders');
  await ref.ask({ type: 'publish', routingKey: 'placed', content: { id: 1 } });
  // @ts-expect-error There is nothing to publish.
  ref.tell({ type: 'publish', routingKey: 'placed' });
  const gateway: RabbitGateway = await rabbitmq(system, { url: 'amqp://localhost' });
  const options: ConsumeOptions = {
    to: ({ fields }) => `order/${fields.routingKey}`,
    message: ({ content, properties }) => ({ type: 'placed', id: properties.messageId, text: content.toString() }),
    once: ({ properties }) => properties.headers?.key as string | undefined,
  };
  const { queue, close } = gateway.consume('orders', options);
  // @ts-expect-error Whose the message is has to be said.
  gateway.consume('others', { message: () => ({ type: 'placed' }) });
  const { gateways } = await system.metrics();
  for (const { state, queues } of gateways) console.log(state === 'blocked', queues[0]?.acknowledged, queue);
  await close();
}

export type Add = MessageOf<{ add(ctx: never, message: { by: number }): void }, 'add'>;
isSame<Add['by'], number>(true);
isSame<ReplyOf<{ get(): Promise<number> }, 'get'>, number>(true);
export type Ref = ActorRef<{ get(): number }>;

export async function test(): Promise<void> {
  const { system, probe, advance, disk, shutdown } = createTestSystem({
    actors: { cart, echo },
    clock: new VirtualClock({ wall: 0 }),
  });
  const size = await system.ref(cart, 'ann').ask({ type: 'size' });
  isSame<typeof size, number>(true);
  const user: Probe = probe('user');
  const { message }: ProbeMessage<{ type: 'ring'; at: number }> = await user.expectMessage('ring');
  isSame<typeof message.at, number>(true);
  await advance(1_000 + disk.size);
  await shutdown();
  const simulation = await Simulation.start({ seed: 1, workers: 2, actors: { cart } });
  simulation.observers.add((event) => console.log(traceLine(event)));
  simulation.when(
    (event) => event.kind === 'control' && event.message.type === 'hold',
    () => simulation.crash(1),
  );
  await simulation.until(simulation.system.shutdown());
}

/** The client itself: one sender, one session, and one connection after another. */
import type { AnyMessage } from '../actor/actor-ref.ts';
import type { AskOptions } from '../actor/ask-options.ts';
import type { ActorLocation } from '../actor/context.ts';
import type { Kernel } from '../actor/kernel.ts';
import { checkId, Sender } from '../actor/sender.ts';
import { SenderRef } from '../actor/sender-ref.ts';
import { type TerminatedListener, Watching } from '../actor/watchers.ts';
import { callListener } from '../observe/listener.ts';
import type { Spans } from '../observe/spans.ts';
import { checkTopic, LocalTopics } from '../pubsub/local-topics.ts';
import { backoffMs } from '../supervision/backoff.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import { inspect } from '../plain-data/inspect.ts';
import { QUEUE_SHARE, QueueMemory } from '../vocabulary/queue-memory.ts';
import type { Signal } from '../vocabulary/signal.ts';
import { BEAT_MS, newSession } from '../client-wire/client-greeting.ts';
import type { CallArgument } from '../wire/entry.ts';
import { Calls } from './calls.ts';
import type { Client, ClientEventName, ClientEvents, ClientRef } from './client.ts';
import { clientKernel, NO_LOG } from './client-kernel.ts';
import { Connection } from '../client-links/connection.ts';
import type { Dial, Dialled } from './dial.ts';
import { DirectRoutes } from '../client-links/direct-routes.ts';
import { FollowedTopics } from './followed-topics.ts';
import { KEPT_BYTES_MAX, KeptMail } from './kept-mail.ts';

/** Between two tries to connect again. */
const BACKOFF = { initialMs: 50, maxMs: 5_000, factor: 2, jitter: 0.2 };
/** Milliseconds that `close()` waits, unless it is told otherwise. */
export const CLOSE_MS = 5_000;
export const CLOSE_MS_MAX = 86_400_000;
const CLOSE_LOOK_MS = 2;
const EVENT_NAMES: readonly ClientEventName[] = ['connected', 'disconnected', 'gap', 'refused', 'dead-letter'];

export class ConnectedClient implements Client {
  readonly #clock: Clock;
  readonly #dial: Dial;
  readonly #kernel: Kernel;
  readonly #sender: Sender;
  readonly #mail: KeptMail;
  readonly #topics: FollowedTopics;
  readonly #calls: Calls;
  readonly #watching: Watching;
  readonly #session = newSession();
  readonly #listeners = new Map<ClientEventName, Set<(event: never) => void>>();
  #connection: Connection | undefined;
  #server: string | undefined;
  #attempt = 0;
  #retry: Timer | undefined;
  #beat: Timer | undefined;
  /** The process lives as long as the client: while it is not connected, nothing else holds it. */
  readonly #alive = setInterval(() => {}, 2 ** 30);
  #closed: Promise<void> | undefined;
  #isOver = false;

  /** `spans`: undefined where nobody traces. */
  constructor(clock: Clock, dial: Dial, spans?: Spans) {
    this.#clock = clock;
    this.#dial = dial;
    const memory = new QueueMemory(KEPT_BYTES_MAX * QUEUE_SHARE);
    const local = new LocalTopics(clock, NO_LOG);
    let mail!: KeptMail;
    let topics!: FollowedTopics;
    this.#kernel = clientKernel({
      ...{ clock, log: NO_LOG, memory, spans },
      router: (deadLetters, pending) => (mail = new KeptMail(memory, deadLetters, pending)),
      topics: (kernel) => (topics = new FollowedTopics(kernel, mail, local)),
    });
    this.#mail = mail;
    this.#topics = topics;
    this.#calls = new Calls(this.#kernel);
    this.#sender = new Sender(this.#kernel, undefined);
    mail.direct = this.#directRoutes();
    this.#watching = new Watching(this.#kernel.address);
    this.#kernel.events.on('dead-letter', (letter) => this.#emit('dead-letter', letter));
    this.#beatLater();
  }

  /** The first connection. Rejects where there is none to be had; the client is closed then. */
  async begin(): Promise<void> {
    try {
      this.#joined(await this.#dial(this.#session));
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  tell(id: ActorId, message: AnyMessage): boolean {
    return this.#sender.tell(id, message);
  }

  /** No `async` function: it would make a second promise for each (clients). */
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows what it asked for
  ask<R = any>(id: ActorId, message: AnyMessage, options?: AskOptions): Promise<R> {
    try {
      this.#checkOpen();
      return this.#sender.ask(id, message, options) as Promise<R>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  ref(id: ActorId | { readonly id: ActorId }): ClientRef {
    return new SenderRef(
      this.#kernel,
      this.#sender,
      checkId(typeof id === 'string' ? id : id?.id),
    ) as unknown as ClientRef;
  }

  publish(topic: string, message: AnyMessage): boolean {
    return this.#sender.publish(topic, message);
  }

  async subscribe(topic: string, subscriber: ActorId | ((message: unknown) => void)): Promise<() => Promise<void>> {
    this.#checkOpen();
    checkTopic(topic);
    if (typeof subscriber === 'function') return this.#topics.listen(topic, subscriber);
    const id = checkId(subscriber);
    await this.#sender.request('subscribe', id, topic).promise;
    return async () => {
      await this.#sender.request('unsubscribe', id, topic).promise;
    };
  }

  watch(id: ActorId, listener: TerminatedListener): () => void {
    checkId(id);
    checkListener(listener);
    this.#checkOpen();
    // An entry of its own for each call, so that one function may watch twice.
    const entry: TerminatedListener = (ended) => listener(ended);
    this.#mailWatch('watch', id, this.#watching.addListener(id, entry));
    return () => this.#mailWatch('unwatch', id, this.#watching.removeListener(id, entry));
  }

  async where(id: ActorId): Promise<ActorLocation> {
    this.#checkOpen();
    return (await this.#sender.request('where', checkId(id), undefined).promise) as ActorLocation;
  }

  /** Resolves once the system has taken over all that was told so far. Rejects ASK_TIMEOUT. */
  async accepted(timeoutMs: number): Promise<void> {
    let timer: Timer | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const text = `the system has not taken over what was told within ${timeoutMs} ms`;
      timer = this.#clock.setTimer(timeoutMs, () => reject(new TroupeError('ASK_TIMEOUT', text, { fate: 'unknown' })));
    });
    await Promise.race([late, this.#mail.untilAccepted()]).finally(() => timer?.cancel());
  }

  /** Of the table `SYSTEM_CALLS` of the gateway. `timeoutMs`: 0 for none. */
  async call(name: string, args: readonly CallArgument[] = [], timeoutMs?: number): Promise<unknown> {
    this.#checkOpen();
    return this.#calls.call(name, args, timeoutMs);
  }

  on<E extends ClientEventName>(event: E, listener: (event: ClientEvents[E]) => void): () => void {
    if (!EVENT_NAMES.includes(event))
      throw new TroupeError('INVALID_OPTIONS', `an event is one of ${EVENT_NAMES.join(', ')}; got ${inspect(event)}`);
    checkListener(listener);
    const entry = (payload: ClientEvents[E]): void => listener(payload);
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(entry));
    return () => listeners.delete(entry);
  }

  drained(): Promise<void> {
    return this.#sender.drained();
  }

  close(options: { timeoutMs?: number } = {}): Promise<void> {
    const { timeoutMs = CLOSE_MS, ...rest } = options ?? {};
    const isTime = typeof timeoutMs === 'number' && timeoutMs >= 0 && timeoutMs <= CLOSE_MS_MAX;
    if (typeof options !== 'object' || options === null || Object.keys(rest).length > 0 || !isTime) {
      const text = `close() takes { timeoutMs }, milliseconds from 0 to ${CLOSE_MS_MAX}; got ${inspect(options)}`;
      throw new TroupeError('INVALID_OPTIONS', text);
    }
    this.#closed ??= this.#close(timeoutMs);
    return this.#closed;
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#kernel.closing = true;
    const until = this.#clock.now() + timeoutMs;
    while (this.#mail.size > 0 && this.#clock.now() < until) await this.#moment();
    this.#isOver = true;
    this.#connection?.close();
    while (this.#connection !== undefined && this.#clock.now() < until) await this.#moment();
    this.#end();
  }

  #moment(): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimer(CLOSE_LOOK_MS, resolve));
  }

  #end(): void {
    this.#isOver = true;
    this.#retry?.cancel();
    this.#beat?.cancel();
    clearInterval(this.#alive);
    this.#connection?.destroy();
    this.#mail.direct?.close();
    this.#kernel.closing = true;
    this.#kernel.pending.rejectAll('SHUTTING_DOWN', 'the client was closed before a reply came');
    this.#kernel.pending.close();
  }

  /** Undefined where the way to the system leads to no sockets of its workers. */
  #directRoutes(): DirectRoutes | undefined {
    const { direct } = this.#dial;
    if (direct === undefined) return undefined;
    const mail = this.#mail;
    return new DirectRoutes({
      kernel: () => this.#kernel,
      toRef: (id) => this.ref(id),
      offer: (id) => this.#calls.call('direct', [id]),
      dial: direct,
      back: (envelope) => mail.back(envelope),
      allTaken: () => mail.goOn(),
      settled: (number, asks) => mail.settledDirectly(number, asks),
    });
  }

  #joined({ link, welcome }: Dialled): void {
    const { limits } = this.#kernel;
    limits.askTimeoutMs = welcome.askTimeoutMs;
    limits.messageBytesMax = welcome.messageBytesMax;
    const connection = new Connection(link, this.#kernel, {
      toRef: (id) => this.ref(id),
      accepted: (number) => this.#mail.accepted(number),
      signal: (signal) => this.#signal(signal),
      published: ({ topic, message }) => this.#topics.arrived(topic, message),
      refused: (error) => this.#emit('refused', { error }),
      ended: (error) => this.#lost(error),
    });
    const isAgain = this.#server !== undefined;
    const isSameServer = !isAgain || this.#server === welcome.server;
    this.#server = welcome.server;
    this.#connection = connection;
    this.#attempt = 0;
    this.#calls.attach(connection.queue);
    const topics = this.#topics.attach(connection.queue, (error) => this.#emit('refused', { error }));
    const repeated = this.#mail.attach(connection.queue, welcome.acknowledged, isSameServer);
    const watches = this.#watching.targets();
    for (const id of watches) for (const watch of this.#watching.watchesOf(id)) this.#mailWatch('watch', id, watch);
    this.#emit('connected', { system: welcome.system, isAgain });
    const reason = welcome.cut;
    if (isAgain && (topics.length > 0 || watches.length > 0 || repeated > 0 || reason !== undefined))
      this.#emit('gap', { topics, watches, repeated, reason });
  }

  #lost(error: Error | undefined): void {
    this.#connection = undefined;
    this.#topics.detach();
    this.#calls.detach();
    this.#mail.detach('the connection ended before a reply came');
    this.#emit('disconnected', { error });
    this.#retryLater();
  }

  #retryLater(): void {
    if (this.#isOver) return;
    const waitMs = backoffMs(BACKOFF, ++this.#attempt, this.#kernel.random());
    this.#retry = this.#clock.setTimer(waitMs, () => {
      this.#dial(this.#session).then(
        (dialled) => (this.#isOver ? dialled.link.destroy() : this.#joined(dialled)),
        (error) => this.#notJoined(error),
      );
    });
  }

  /** An answer that says no is told: whoever waits for a network that comes back need not know each try. */
  #notJoined(error: unknown): void {
    if (error instanceof TroupeError && error.code !== 'ACTOR_UNAVAILABLE' && !this.#isOver)
      this.#emit('refused', { error });
    this.#retryLater();
  }

  #signal(signal: Signal): void {
    if (signal.type !== 'terminated') return;
    const { id, reason, watch } = signal;
    for (const listener of this.#watching.takeListeners(id, watch)) callListener(listener, { id, reason }, uncaught);
  }

  /** Where there is no connection, all watches go out with the next one. */
  #mailWatch(verb: 'watch' | 'unwatch', id: ActorId, watch: string | undefined): void {
    if (watch !== undefined) this.#mail.deliver(new Envelope(verb, id, watch, undefined, undefined, 0));
  }

  #emit<E extends ClientEventName>(event: E, payload: ClientEvents[E]): void {
    const listeners = [...(this.#listeners.get(event) ?? [])] as ((event: ClientEvents[E]) => void)[];
    for (const listener of listeners) callListener(listener, payload, uncaught);
  }

  #beatLater(): void {
    this.#beat = this.#clock.setTimer(BEAT_MS, () => {
      this.#connection?.look();
      this.#mail.direct?.beat();
      this.#beatLater();
    });
  }

  #checkOpen(): void {
    if (!this.#kernel.closing) return;
    const text = 'the client is closed: it takes no more calls';
    throw new TroupeError('SHUTTING_DOWN', text, { fate: 'not-executed' });
  }
}

function checkListener(listener: unknown): void {
  if (typeof listener !== 'function')
    throw new TroupeError('INVALID_OPTIONS', `a listener is a function; got ${inspect(listener)}`);
}

/** A client has no log: what a listener throws is an uncaught exception, as in any callback of its program. */
function uncaught(error: unknown): void {
  queueMicrotask(() => {
    throw asError(error);
  });
}

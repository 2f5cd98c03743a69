/**
 * Spans by OpenTelemetry, named after its conventions for messaging: what is sent is a producer (an ask: a client), what handles it a consumer (of an ask:
 * a server), and a commit of several turns has a link to each. A turn of a trace that the sampler has left out makes no spans, nor does what it sends: all
 * of it has the context that the turn came with.
 */
import type { AskSpan, CommitSpan, SpanOwner, Spans } from '../observe/spans.ts';
import { type TraceFields, traceParts, traceText } from '../observe/trace-context.ts';
import { type ActorId, kindOf } from '../vocabulary/address.ts';
import type { Envelope, Message } from '../vocabulary/envelope.ts';
import type {
  Attributes,
  Context,
  Link,
  OpenTelemetry,
  Span,
  SpanContext,
  SpanOptions,
  Tracer,
} from './open-telemetry.ts';
import { type Unsampled, UnsampledTraces } from './unsampled-traces.ts';

const SYSTEM = 'troupe';
const UNSAMPLED_COMMIT: CommitSpan = { ends: () => {} };

export class OtelSpans implements Spans {
  readonly #api: OpenTelemetry;
  readonly #tracer: Tracer;
  readonly #worker: { readonly 'troupe.worker'?: number };
  readonly #unsampled: UnsampledTraces;
  /** Turns that run, by the context of their incarnation: for code that has no context of its own. */
  readonly #turns = new WeakMap<object, Span>();
  /** The context that `within` was given, while its work runs: an SDK without async hooks has none that is active. */
  #given: Context | undefined;

  /** `worker`: undefined in a client, which is none. */
  constructor(api: OpenTelemetry, worker: number | undefined, version: string) {
    this.#api = api;
    this.#tracer = api.trace.getTracer('troupe', version);
    this.#worker = worker === undefined ? {} : { 'troupe.worker': worker };
    this.#unsampled = new UnsampledTraces(api, this.#tracer);
  }

  told(sender: SpanOwner, to: ActorId, type: string): string | undefined {
    const unsampled = this.#unsampledOf(sender);
    if (unsampled !== undefined) return unsampled.text;
    return this.#sent(sender, `send ${kindOf(to)}`, { ...toActor(to, type), 'messaging.operation.name': 'tell' });
  }

  published(sender: SpanOwner, topic: string, type: string): string | undefined {
    const unsampled = this.#unsampledOf(sender);
    if (unsampled !== undefined) return unsampled.text;
    const attributes = { 'messaging.destination.name': topic, 'troupe.message.type': type };
    return this.#sent(sender, 'send topic', { ...attributes, 'messaging.operation.name': 'publish' });
  }

  asked(sender: SpanOwner, envelope: Envelope, type: string): AskSpan {
    const unsampled = this.#unsampledOf(sender);
    if (unsampled !== undefined) {
      envelope.trace = unsampled.text;
      return unsampled;
    }
    const kind = this.#api.SpanKind.CLIENT;
    const own = { 'messaging.operation.name': 'ask', 'messaging.operation.type': 'send' };
    const attributes = { ...this.#of(sender), ...toActor(envelope.to, type), ...own };
    const span = this.#begun(`ask ${kindOf(envelope.to)}`, { kind, attributes }, this.#parent(sender));
    envelope.trace = this.#text(span);
    return { fields: fieldsOf(span), ends: (error) => this.#end(span, error) };
  }

  kept(sender: SpanOwner, isLink: boolean): string | undefined {
    const span = this.#spanOf(sender);
    return span && this.#text(span, isLink);
  }

  within<T>(text: string | undefined, work: () => T): T {
    const remote = text === undefined ? undefined : this.#remote(text);
    if (remote === undefined) return work();
    const { trace, context, ROOT_CONTEXT } = this.#api;
    const before = this.#given;
    this.#given = trace.setSpanContext(ROOT_CONTEXT, remote.context);
    try {
      return context.with(this.#given, work);
    } finally {
      this.#given = before;
    }
  }

  runs<C extends object, M, R>(context: C, envelope: Envelope, handler: (context: C, message: M) => R, message: M): R {
    const work = (): R => handler(context, message);
    const { to, sender, replyTo, trace } = envelope;
    const { SpanKind, ROOT_CONTEXT, context: contexts } = this.#api;
    const unsampled = trace === undefined ? undefined : this.#unsampled.of(trace);
    if (unsampled !== undefined) {
      this.#turns.set(context, unsampled.span);
      return contexts.with(unsampled.context, work);
    }
    const attributes = {
      ...toActor(to, (envelope.message as Message).type),
      ...{ 'messaging.operation.name': 'handle', 'messaging.operation.type': 'process' },
      ...{ ...this.#worker, ...(sender !== undefined && { 'troupe.sender': sender }) },
    };
    const remote = trace === undefined ? undefined : this.#remote(trace);
    const options: SpanOptions = {
      kind: replyTo === undefined ? SpanKind.CONSUMER : SpanKind.SERVER,
      attributes,
      ...(remote?.isLink && { links: [{ context: remote.context }] }),
    };
    // Never what is active here: that is of whoever happened to wake the actor.
    const parent =
      remote && !remote.isLink ? this.#api.trace.setSpanContext(ROOT_CONTEXT, remote.context) : ROOT_CONTEXT;
    const span = this.#begun(`process ${kindOf(to)}`, options, parent);
    this.#turns.set(context, span);
    return contexts.with(this.#api.trace.setSpan(parent, span), work);
  }

  ends(context: object, error: unknown): void {
    const span = this.#turns.get(context);
    if (span === undefined) return;
    this.#turns.delete(context);
    this.#end(span, error);
  }

  commits(turns: readonly string[], records: number): CommitSpan {
    const { SpanKind, ROOT_CONTEXT } = this.#api;
    const sampled = turns.filter((text) => this.#unsampled.of(text) === undefined);
    if (sampled.length === 0 && turns.length > 0) return UNSAMPLED_COMMIT;
    const found = sampled.flatMap((text) => this.#remote(text) ?? []);
    const links: Link[] = found.slice(1).map(({ context }) => ({ context }));
    const [first] = found;
    const parent = first ? this.#api.trace.setSpanContext(ROOT_CONTEXT, first.context) : ROOT_CONTEXT;
    const attributes = {
      'db.operation.name': 'commit',
      'db.operation.batch.size': records,
      ...this.#worker,
    };
    const span = this.#begun('commit', { kind: SpanKind.CLIENT, attributes, links }, parent);
    return { ends: (error) => this.#end(span, error) };
  }

  turn(context: object): TraceFields | undefined {
    const span = this.#turns.get(context);
    return span && fieldsOf(span);
  }

  current(sender: SpanOwner): TraceFields | undefined {
    const span = this.#spanOf(sender);
    return span && fieldsOf(span);
  }

  /** Of the turn that sends, where the sampler has left its trace out. */
  #unsampledOf({ context }: SpanOwner): Unsampled | undefined {
    const turn = context && this.#turns.get(context);
    return turn && this.#unsampled.ofTurn(turn);
  }

  #sent(sender: SpanOwner, name: string, attributes: Attributes): string {
    const kind = this.#api.SpanKind.PRODUCER;
    const all = { ...this.#of(sender), ...attributes, 'messaging.operation.type': 'send' };
    const span = this.#begun(name, { kind, attributes: all }, this.#parent(sender));
    span.end();
    return this.#text(span);
  }

  #begun(name: string, options: SpanOptions, parent: Context): Span {
    const attributes = { 'messaging.system': SYSTEM, ...options.attributes };
    return this.#tracer.startSpan(name, { ...options, attributes }, parent);
  }

  #end(span: Span, error: unknown): void {
    if (error !== undefined) {
      const { name, code, message }: Error & { code?: unknown } =
        error instanceof Error ? error : new Error(String(error));
      span.setAttribute('error.type', typeof code === 'string' ? code : name);
      span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: String(message).slice(0, 1_024) });
    }
    span.end();
  }

  #of({ id }: SpanOwner): Attributes {
    return { ...this.#worker, ...(id !== undefined && { 'troupe.sender': id }) };
  }

  #parent(sender: SpanOwner): Context {
    const span = this.#spanOf(sender);
    const { trace, context } = this.#api;
    return span === undefined ? context.active() : trace.setSpan(context.active(), span);
  }

  /**
   * The span that the code runs in. Of an actor: its turn, or a span inside it. A span that is active while a turn ends, or where an SDK has no async
   * hooks, may be somebody else's.
   */
  #spanOf({ context }: SpanOwner): Span | undefined {
    const { trace, context: contexts } = this.#api;
    const active = trace.getSpan(contexts.active()) ?? (this.#given && trace.getSpan(this.#given));
    const turn = context && this.#turns.get(context);
    if (turn === undefined) return active;
    return active?.spanContext().traceId === turn.spanContext().traceId ? active : turn;
  }

  #text(span: Span, isLink = false): string {
    const { traceId, spanId, traceFlags, traceState } = span.spanContext();
    return traceText({ traceId, spanId, flags: traceFlags, state: traceState?.serialize(), isLink });
  }

  #remote(text: string): { context: SpanContext; isLink: boolean } | undefined {
    const parts = traceParts(text);
    if (parts === undefined) return undefined;
    const { traceId, spanId, flags: traceFlags, state, isLink } = parts;
    const traceState = state === undefined ? undefined : this.#api.createTraceState(state);
    return { context: { traceId, spanId, traceFlags, isRemote: true, ...(traceState && { traceState }) }, isLink };
  }
}

function fieldsOf(span: Span): TraceFields {
  const { traceId, spanId } = span.spanContext();
  return { trace_id: traceId, span_id: spanId };
}

function toActor(to: ActorId, type: string): Attributes {
  return {
    'messaging.destination.name': to,
    'messaging.destination.template': `${kindOf(to)}/{key}`,
    'troupe.message.type': type,
  };
}

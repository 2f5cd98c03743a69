/**
 * Traces that the sampler of the SDK has left out: what belongs to them costs no spans, no attributes and no new ids. The context goes on as it is, so that
 * nobody begins a trace of its own in the middle, and spans of other libraries inside a turn are left out as well.
 */
import type { AskSpan } from '../observe/spans.ts';
import { type TraceFields, traceParts } from '../observe/trace-context.ts';
import type { Context, OpenTelemetry, Span, Tracer } from './open-telemetry.ts';

/** Contexts that are remembered by their text; then all are forgotten. */
export const UNSAMPLED_MAX = 256;
/** Where a text of W3C has the digit whose last bit says that the trace is sampled. */
const FLAG_AT = 54;
const SAMPLED_DIGITS = '13579bdf';
const SOME_PARENT = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', isRemote: true };

/** The context of one: of a turn, of what it sends, and of an ask, which nobody sees end. */
export class Unsampled implements AskSpan {
  readonly text: string;
  readonly span: Span;
  readonly context: Context;

  constructor(text: string, span: Span, context: Context) {
    this.text = text;
    this.span = span;
    this.context = context;
  }

  get fields(): TraceFields {
    const { traceId, spanId } = this.span.spanContext();
    return { trace_id: traceId, span_id: spanId };
  }

  ends(): void {}
}

export class UnsampledTraces {
  readonly #api: OpenTelemetry;
  /** The sampler goes by the decision of the parent, as the usual ones do. Else each span is its own question. */
  readonly #isInherited: boolean;
  readonly #byText = new Map<string, Unsampled>();
  readonly #bySpan = new WeakMap<Span, Unsampled>();

  constructor(api: OpenTelemetry, tracer: Tracer) {
    this.#api = api;
    const { trace, ROOT_CONTEXT, TraceFlags } = api;
    const parent = trace.setSpanContext(ROOT_CONTEXT, { ...SOME_PARENT, traceFlags: TraceFlags.NONE });
    // One that is recorded is never ended, so that nobody is shown it.
    this.#isInherited = !tracer.startSpan('unsampled', {}, parent).isRecording();
  }

  /** By the context that a message came with. Undefined: it is sampled, a link, or none. */
  of(text: string): Unsampled | undefined {
    if (!this.#isInherited || SAMPLED_DIGITS.includes(text.charAt(FLAG_AT))) return undefined;
    return this.#byText.get(text) ?? this.#read(text);
  }

  /** By the span of a turn. */
  ofTurn(span: Span): Unsampled | undefined {
    return this.#bySpan.get(span);
  }

  #read(text: string): Unsampled | undefined {
    const parts = traceParts(text);
    if (parts === undefined || parts.isLink) return undefined;
    const { traceId, spanId, flags: traceFlags, state } = parts;
    const { trace, ROOT_CONTEXT, createTraceState } = this.#api;
    const traceState = state === undefined ? undefined : createTraceState(state);
    const span = trace.wrapSpanContext({
      traceId,
      spanId,
      traceFlags,
      isRemote: true,
      ...(traceState && { traceState }),
    });
    const unsampled = new Unsampled(text, span, trace.setSpan(ROOT_CONTEXT, span));
    if (this.#byText.size >= UNSAMPLED_MAX) this.#byText.clear();
    this.#byText.set(text, unsampled);
    this.#bySpan.set(span, unsampled);
    return unsampled;
  }
}

/**
 * The context of a trace, as W3C writes it: a message takes it along as a text, by which the turn that handles it knows its parent, in whatever
 * process and however late.
 */
import { TroupeError } from '../vocabulary/errors.ts';

/** Characters of a trace state, beyond which it is left behind; W3C asks for as many at least. */
export const TRACE_STATE_MAX = 512;
/** As W3C writes a parent in version 00. */
const PARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const STATE = /^[\x20-\x7e]{1,512}$/;
const PARENT_LENGTH = 55;
/** Before a context that is told of by a link only: what fires again and again belongs to no one trace. */
const LINK_MARK = '~';

/** The parts of a context. */
export interface TraceParts {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
  readonly state: string | undefined;
  readonly isLink: boolean;
}

/** The fields of a line in the log about something that is in a trace. */
export interface TraceFields {
  readonly trace_id: string;
  readonly span_id: string;
}

/** Undefined where it is none. */
export function traceParts(text: string): TraceParts | undefined {
  const isLink = text.startsWith(LINK_MARK);
  const from = isLink ? 1 : 0;
  const parent = text.slice(from, from + PARENT_LENGTH);
  if (!PARENT.test(parent)) return undefined;
  const rest = text.slice(from + PARENT_LENGTH);
  if (rest !== '' && !(rest.startsWith('\n') && STATE.test(rest.slice(1)))) return undefined;
  const [, traceId = '', spanId = '', flags = ''] = parent.split('-');
  return { traceId, spanId, flags: Number.parseInt(flags, 16), state: rest.slice(1) || undefined, isLink };
}

export function traceText({ traceId, spanId, flags, state, isLink }: TraceParts): string {
  const parent = `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;
  const fits = state !== undefined && state.length <= TRACE_STATE_MAX && STATE.test(state);
  return `${isLink ? LINK_MARK : ''}${parent}${fits ? `\n${state}` : ''}`;
}

/** Of a message, by the context that it came with. */
export function traceFields(text: string | undefined): TraceFields | undefined {
  const parts = text === undefined ? undefined : traceParts(text);
  return parts && { trace_id: parts.traceId, span_id: parts.spanId };
}

/** From a link, a client or a record. Throws INVALID_MESSAGE. */
export function checkTrace(part: unknown): string {
  if (typeof part === 'string' && traceParts(part) !== undefined) return part;
  throw new TroupeError('INVALID_MESSAGE', 'the context of a trace is as W3C writes it');
}

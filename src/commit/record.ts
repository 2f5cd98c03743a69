/**
 * The parts of a durable actor's record: their names, and what each holds. Small things have parts of their own, so that a turn
 * writes what it changed and nothing else.
 *
 *   state · meta · m:<stream> handled up to, with the reply to the last one (mark-bytes.ts) · r:<n> another kept reply · o:<number> told, not yet acknowledged ·
 *   a:<name> reminder · s:<n> put aside · y:<n> handled from outside, some to a page (outside-page.ts) · x:<name> one of these in a part of its own, in older records · probation of older versions, which counted deaths here
 */
import type { ActorId } from '../vocabulary/address.ts';
import type { ErrorCode, ErrorData } from '../vocabulary/errors.ts';
import { decodeValue, encodeValue } from '../wire/codec.ts';
import type { Parts } from '../store/store.ts';
import { type OutsideMark, readOutsidePage } from './outside-page.ts';
import { isMarkBytes, type Mark, type MarkedReply, readMark } from './mark-bytes.ts';

export const STATE = 'state';
export const META = 'meta';
export const PROBATION = 'probation';

export interface Meta {
  /** Of the state's shape. */
  readonly stateVersion: number;
  /** The last number given to a message of its own. */
  readonly lastNumber: number;
}

/** The meta part of a record that has none. */
export const NO_META: Meta = Object.freeze({ stateVersion: 1, lastNumber: 0 });

/** Of a record that is not there. */
export const NO_PARTS: Parts = new Map();

/** A message from outside that is handled, and the part that says so. */
export interface OutsideEntry {
  readonly name: string;
  readonly mark: OutsideMark;
  readonly part: string;
}

export interface KeptReply extends MarkedReply {
  /** Of its part, which is that of its stream's mark while no later message of the stream is handled. */
  name: string;
  readonly stream: string;
  readonly number: number;
  readonly at: number;
  /** Encoded, as it lies in the record. */
  bytes: number;
}

export interface OutgoingMessage {
  readonly number: number;
  readonly to: ActorId;
  readonly message: unknown;
  readonly trace?: string | undefined;
}

export interface ReminderRecord {
  readonly atMs: number;
  readonly everyMs: number | undefined;
  readonly message: unknown;
  readonly trace?: string | undefined;
}

export interface StashedMessage {
  readonly name: string;
  readonly message: unknown;
  readonly sender: ActorId | undefined;
  readonly stream: string;
  readonly number: number;
  readonly turn: string | undefined;
  readonly trace: string | undefined;
}

export interface RecordContent {
  state: Uint8Array | undefined;
  meta: Meta;
  marks: Map<string, Mark>;
  replies: KeptReply[];
  outgoing: OutgoingMessage[];
  reminders: Map<string, ReminderRecord>;
  stashed: StashedMessage[];
  outside: OutsideEntry[];
  hasProbation: boolean;
}

/** A process hears few streams at a time, and a name that is made anew is hashed anew, too (D1). */
export function markPart(stream: string): string {
  if (stream === lastStream) return lastMarkPart;
  lastStream = stream;
  return (lastMarkPart = `m:${stream}`);
}
let lastStream = '';
let lastMarkPart = 'm:';
/** Whether a part is the mark of a stream. */
export const isMarkPart = (name: string): boolean => name.startsWith('m:');
export const replyPart = (n: number): string => `r:${padded(n)}`;
export const outgoingPart = (number: number): string => `o:${padded(number)}`;
export const reminderPart = (name: string): string => `a:${name}`;
export const outsidePagePart = (n: number): string => `y:${padded(n)}`;
export const isOutsidePage = (name: string): boolean => name.startsWith('y:');
export const stashPart = (n: number): string => `s:${padded(n)}`;

/** The number in the name of a reply or of what was put aside. */
export function numberOfPart(name: string): number {
  return Number(name.slice(2));
}

export function writeReply(
  { stream, number, turn, at, value, error }: Omit<KeptReply, 'bytes'>,
  bytesMax: number,
): Uint8Array {
  return encodeValue([stream, number, turn, at, value, error], bytesMax);
}

export function writeStashed({ message, sender, stream, number, turn, trace }: StashedMessage): Uint8Array {
  const parts = [message, sender, stream, number, turn];
  return encodeValue(trace === undefined ? parts : [...parts, trace]);
}

/** Takes a record apart, each list in its order. Throws on parts that make no sense. */
export function readRecord(parts: Parts, toRef: (id: ActorId) => unknown): RecordContent {
  const content: RecordContent = {
    state: parts.get(STATE),
    meta: NO_META,
    marks: new Map(),
    replies: [],
    outgoing: [],
    reminders: new Map(),
    stashed: [],
    outside: [],
    hasProbation: false,
  };
  for (const name of [...parts.keys()].sort()) {
    const bytes = parts.get(name) as Uint8Array;
    if (isMarkPart(name) && isMarkBytes(bytes)) readMarkPart(content, name, bytes, toRef);
    else if (isOutsidePage(name)) readPage(content, name, bytes);
    else if (name !== STATE) readPart(content, name, decodeValue(bytes, toRef), bytes.byteLength);
  }
  // By age: those that stand with their marks came first.
  content.replies.sort((one, other) => one.at - other.at);
  return content;
}

function readPage({ outside }: RecordContent, part: string, bytes: Uint8Array): void {
  for (const [name, mark] of readOutsidePage(bytes)) outside.push({ name, mark, part });
}

function readMarkPart(
  { marks, replies }: RecordContent,
  name: string,
  bytes: Uint8Array,
  toRef: (id: ActorId) => unknown,
): void {
  const stream = name.slice(2);
  const { mark, reply } = readMark(bytes, toRef);
  marks.set(stream, mark);
  if (reply) replies.push({ name, stream, ...mark, ...reply, bytes: bytes.byteLength });
}

function readPart(content: RecordContent, name: string, value: unknown, bytes: number): void {
  const rest = name.slice(2);
  switch (name.slice(0, 2)) {
    case 'm:':
      content.marks.set(rest, value as Mark);
      break;
    case 'r:':
      content.replies.push(replyOf(name, value as [string, number, string?, number?, unknown?, ErrorData?], bytes));
      break;
    case 'o:': {
      const [to, message, trace] = value as [ActorId, unknown, string?];
      content.outgoing.push({ number: Number(rest), to, message, trace });
      break;
    }
    case 'a:':
      content.reminders.set(rest, value as ReminderRecord);
      break;
    case 's:': {
      const [message, sender, stream, number, turn, trace] = value as [
        ...[message: unknown, sender?: ActorId, stream?: string, number?: number, turn?: string, trace?: string],
      ];
      content.stashed.push({ name, message, sender, stream: stream ?? '', number: number ?? 0, turn, trace });
      break;
    }
    case 'x:':
      content.outside.push({ name: rest, mark: outsideMarkOf(value as OldOutsideMark), part: name });
      break;
    default:
      if (name === META) content.meta = value as Meta;
      else if (name === PROBATION) content.hasProbation = true;
      else throw new Error(`a part of a record has a known name; got '${name}'`);
  }
}

function replyOf(
  name: string,
  [stream, number, turn, at, value, error]: [string, number, string?, number?, unknown?, ErrorData?],
  bytes: number,
): KeptReply {
  return { name, stream, number, turn, at: at ?? 0, value, error, bytes };
}

type OldOutsideMark = [at: number, life: number, code?: ErrorCode, text?: string, reason?: string];

function outsideMarkOf([at, life, code, text = '', reason]: OldOutsideMark): OutsideMark {
  return { at, life, failure: code && { code, text, reason } };
}

function padded(number: number): string {
  return String(number).padStart(16, '0');
}

/**
 * A frame is made of entries: a flat array of an epoch, a reset mark, and then entry after entry, each a kind and its parts.
 * Flat, because one array with records inside costs a third of what an array of objects costs to encode.
 *
 *   message  to sender message                            topic      topic isJoined number
 *   ask      to sender message process number deadline    topic-ack  number
 *   request  verb to sender payload process number dead.  topics     [topic …]
 *   reply    number value                                 marker     move
 *   failure  number error                                 state      move transfer
 *   signal   to signal                                    flush      move
 *   credit   count                                        flushed    move
 *   publish  topic sender message epoch [id …]
 *   some-topics  [topic …], and more to come
 *   topic-barrier  topic number
 *   topic-reached  number capacity
 *   acknowledged  number                                      to a client: what it told up to there is the system's now
 *   call  number name [argument …]                            of a client, about the system and not an actor; answered as an ask
 *   hail  now                                                 between machines, first of all: the clock of the one that writes
 *   arrival  move part                                        between machines, and on to a worker: what lived in partitions that change hands
 *   resend                                                    between machines: what durable actors have not acknowledged may be lost
 *   host-died  epoch                                         between machines: a worker has died, by the table of that epoch
 *   traced  context                                           before a message, an ask, one that is stamped, or one that is published
 *   stamped  to sender message process number deadline stream number previous floor turn isSuspect
 *   handled  of a compact frame only (frames/compact-writer.ts): what the signal 'acknowledged' says
 *
 * `to` is the id where a link sees it for the first time, after that its number in the order of first sight; in a frame that
 * is cut into pieces it is [id], since frames with later numbers may pass it.
 */
import type { Verb } from '../vocabulary/envelope.ts';

export const MESSAGE = 1;
export const ASK = 2;
export const REQUEST = 3;
export const REPLY = 4;
export const FAILURE = 5;
export const SIGNAL = 6;
export const PUBLISH = 7;
export const TOPIC = 8;
export const TOPIC_ACK = 9;
export const TOPICS = 10;
export const MARKER = 11;
export const STATE = 12;
export const CREDIT = 13;
export const FLUSH = 14;
export const FLUSHED = 15;
export const STAMPED = 16;
export const SOME_TOPICS = 17;
export const TOPIC_BARRIER = 18;
export const TOPIC_REACHED = 19;
export const ACKNOWLEDGED = 20;
export const CALL = 21;
export const TRACED = 22;
export const HAIL = 23;
export const RESEND = 24;
export const HANDLED = 25;
export const HOST_DIED = 26;
export const ARRIVAL = 27;

/** Flags of a delivery id in a compact frame. */
export const HAS_TURN = 1;
export const IS_SUSPECT = 2;

/** Of a call: characters of its name, arguments, and characters of one of them. */
export const CALL_NAME_LENGTH_MAX = 64;
export const CALL_ARGUMENTS_MAX = 4;
export const CALL_TEXT_LENGTH_MAX = 4_096;

/** Of a call: nothing that could be deep, or large. */
export type CallArgument = string | number | boolean | null;

/** Ids numbered per link and direction; when all are taken, both ends forget them together. */
export const LINK_IDS_MAX = 65_536;

/** The verbs that cross; their place is their code. */
export const VERBS: readonly Verb[] = [
  ...([
    'stop',
    'barrier',
    'kill',
    'spawn',
    'watch',
    'unwatch',
    'rewatch',
    'where',
    'subscribe',
    'unsubscribe',
    'wake',
    'remove',
  ] as const),
];

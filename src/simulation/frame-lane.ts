/** One direction of one link, as an onlooker sees it: frames written, frames read, and those that never arrive. */
import type { Envelope } from '../vocabulary/envelope.ts';
import { errorFromData } from '../vocabulary/errors.ts';
import { type Ingress, FrameReader } from '../frames/frame-reader.ts';
import { RemoteReply } from '../process/remote-reply.ts';
import type { FrameEntry, ObservedFrame } from './observation.ts';

export class FrameLane {
  readonly from: string;
  readonly to: string;
  readonly #reader: FrameReader;
  readonly #inFlight: ObservedFrame[] = [];
  #entries: FrameEntry[] = [];
  #number = 0;
  #isEnded = false;
  /** Of the writing end: frames that have left its process. */
  flushed: () => number = () => Number.POSITIVE_INFINITY;

  constructor(from: string, to: string) {
    this.from = from;
    this.to = to;
    this.#reader = new FrameReader(onlooker(to, (entry) => this.#entries.push(entry)));
  }

  /** Just now. `bytes`: without the length in front. */
  written(bytes: Uint8Array, epoch: number): ObservedFrame {
    this.#entries = [];
    this.#reader.read(bytes);
    const frame: ObservedFrame = { number: ++this.#number, epoch, entries: this.#entries, status: 'in flight' };
    if (this.#isEnded) this.#lose(frame);
    else this.#inFlight.push(frame);
    return frame;
  }

  /** The next one has been read: links are in order. */
  read(): ObservedFrame | undefined {
    const frame = this.#inFlight.shift();
    if (frame) frame.status = 'read';
    return frame;
  }

  /** Nothing more is read. Frames in flight are lost; those that had not left their process, and are written from now on, are still there. */
  end(): ObservedFrame[] {
    this.#isEnded = true;
    const lost = this.#inFlight.splice(0);
    for (const frame of lost) this.#lose(frame);
    return lost;
  }

  #lose(frame: ObservedFrame): void {
    frame.status = frame.number > this.flushed() ? 'refused' : 'lost';
  }
}

/** The parts of the real reader, which notes what it sees instead of acting on it. */
function onlooker(reader: string, note: (entry: FrameEntry) => void): Ingress {
  const noRoute = { sendReply: () => {}, sendFailure: () => {} };
  return {
    epoch: () => Number.POSITIVE_INFINITY,
    toRef: (id) => ({ id }),
    envelope: (envelope) => note(mailEntry(envelope)),
    replyTo: (process, correlation) => new RemoteReply(noRoute, process, correlation),
    replied: (number, value) => note({ type: 'reply', process: reader, number, value }),
    failed: (number, error) => note({ type: 'failure', process: reader, number, value: errorFromData(error) }),
    unreadable: (envelope) => note(mailEntry(envelope)),
    signal: (to, signal) => note({ type: 'signal', to, signal }),
    published: ({ topic, message, sender }) => note({ type: 'publish', topic, message, sender }),
    topicChanged: (topic, isJoined, number) => note({ type: 'topic', topic, isJoined, number }),
    topicAcknowledged: (number) => note({ type: 'topic-ack', number }),
    topicBarrier: (topic, number) => note({ type: 'topic-barrier', topic, number }),
    topicReached: (number) => note({ type: 'topic-reached', number }),
    topicsLearned: (topics) => note({ type: 'topics', topics }),
    marker: (move) => note({ type: 'marker', move }),
    flush: (move) => note({ type: 'flush', move }),
    flushed: (move) => note({ type: 'flushed', move }),
    transfer: (move, piece) => note({ type: 'transfer', move, piece }),
    arrival: (move, piece) => note({ type: 'transfer', move, piece }),
    credit: (count) => note({ type: 'credit', count }),
    frameRead: () => {},
  };
}

function mailEntry({ verb, to, sender, message, replyTo }: Envelope): FrameEntry {
  const entry: FrameEntry = { type: 'mail', verb, to, sender, message };
  if (!replyTo) return entry;
  const { process, correlation } = replyTo.address();
  return { ...entry, process, number: correlation };
}

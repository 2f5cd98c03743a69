/** The lane that passes waiting mail on its way to one other process: replies, signals, credits. */
import { TroupeError } from '../vocabulary/errors.ts';
import type { QueueMemory } from '../vocabulary/queue-memory.ts';
import { MailLane } from './mail-lane.ts';
import type { CreditNote, Note, ReplyNote, SignalNote } from '../frames/outbound.ts';

/** Entries beyond which a reply is refused; the refusal itself, and all else, is small and goes. */
export const PRIORITY_MAX = 100_000;

export class PriorityLane extends MailLane<Note | ReplyNote | SignalNote | CreditNote> {
  readonly #memory: QueueMemory;
  readonly #index: number;

  constructor(memory: QueueMemory, index: number) {
    super(memory, PRIORITY_MAX);
    this.#memory = memory;
    this.#index = index;
  }

  /** Why a reply finds no room beside those that wait: its asker hears that instead. */
  refusalOf(note: ReplyNote): TroupeError | undefined {
    this.#memory.weigh(note, note.value);
    if (this.hasRoomFor(note)) return undefined;
    const text = this.fullText(note, `as replies to worker ${this.#index}`);
    return new TroupeError('OVERLOADED', text, { fate: 'executed' });
  }
}

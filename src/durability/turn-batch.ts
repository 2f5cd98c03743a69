/** What one or several turns of an actor change together, and what may leave once that is committed. */
import type { KeptBack } from '../actor/durable-side.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { outgoingPart } from './record.ts';
import type { ReminderChanges } from './reminders.ts';
import type { StoreChange } from './store.ts';

/** The names of such parts begin with it. */
const OUTGOING = outgoingPart(0).slice(0, 2);

export class TurnBatch {
  readonly put: Map<string, Uint8Array> = new Map();
  readonly remove: Set<string> = new Set();
  /** Records of their own that come with it. */
  readonly others: StoreChange[] = [];
  /** In order; run after the commit. */
  readonly outputs: (() => void)[] = [];
  /** Stream → the last number handled. */
  readonly acknowledges: Map<string, number> = new Map();
  /** The messages of these turns, to be handled again if it fails. */
  readonly envelopes: Envelope[] = [];

  get isEmpty(): boolean {
    return this.put.size === 0 && this.remove.size === 0 && this.others.length === 0;
  }

  /** It has messages for others. */
  get tells(): boolean {
    for (const name of this.put.keys()) if (name.startsWith(OUTGOING)) return true;
    return false;
  }

  write(name: string, bytes: Uint8Array): void {
    this.remove.delete(name);
    this.put.set(name, bytes);
  }

  erase(name: string): void {
    this.put.delete(name);
    this.remove.add(name);
  }
}

/** A turn under way: everything it does waits here for its end. */
export class Turn {
  /** Undefined for hooks. */
  readonly envelope: Envelope | undefined;
  /** In order; each writes its part of the batch. */
  actions: ((batch: TurnBatch) => void)[] = [];
  /** The state after it, encoded. */
  state: Uint8Array | undefined;
  /** The envelope was put aside. */
  isPutAside = false;
  /** What goes, or is taken back, with the turn. */
  keptBack: KeptBack[] = [];
  #reminders: ReminderChanges | undefined;
  /** Its handler did not run: the message was refused, or came too late. */
  isSkipped = false;
  /** Asks made so far. */
  asks = 0;

  constructor(envelope: Envelope | undefined) {
    this.envelope = envelope;
  }

  /** Few turns have any. */
  get reminders(): ReminderChanges {
    this.#reminders ??= { fresh: new Set(), forgotten: new Set() };
    return this.#reminders;
  }
}

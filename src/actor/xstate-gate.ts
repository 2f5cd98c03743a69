/**
 * The gate of a machine: its state changes in turns only. Events of an invoked promise, callback, observable or child machine
 * come at any time; outside a turn an event is mail of the actor to itself, and is played in a turn of its own, which a
 * durable actor commits like any other.
 *
 *   event ─► inside a turn: on to its target · outside: a turn of its own ─► on to its target, if both ends still live
 */
import type { Message } from '../vocabulary/envelope.ts';
import type { MachineHost } from './xstate-delays.ts';

interface GatedActor {
  getSnapshot(): { status?: string } | undefined;
}

/** Every event of an XState system, from and to whichever of its actors, goes this way. */
type Relay = (source: GatedActor | undefined, target: GatedActor, event: Message) => void;

/** The event by which an observable gives one value of many. */
const OBSERVED = 'xstate.observable.next';
/** Tells a parent how a child stands now. */
const STANDING = 'xstate.snapshot.';

export class MachineGate {
  readonly #host: MachineHost;
  readonly #check: () => void;
  #isInside = false;
  #isRestoring = false;
  #isClosed = false;

  /** `check` throws where the machine has failed in the turn. */
  constructor(host: MachineHost, check: () => void) {
    this.#host = host;
    this.#check = check;
  }

  /** Before the system's root starts. */
  guard(system: object): void {
    const relaying = system as { _relay: Relay };
    const relay = relaying._relay;
    if (typeof relay !== 'function')
      throw new Error('a machine runs on XState 5.33; got one without a relay of events');
    relaying._relay = (source, target, event) => {
      if (this.#isInside) return relay(source, target, event);
      if (this.#isClosed || (this.#isRestoring && event.type.startsWith(STANDING))) return;
      const play = (): void => {
        // The machine has left what was invoked, or the invoked one was ended: its last words are for nobody.
        if (source?.getSnapshot()?.status !== 'stopped' && isActive(target)) relay(source, target, event);
      };
      this.#host.runInTurn(() => this.turn(play), boundedEvent(source, target, event));
    };
  }

  /**
   * Starts a machine from its record. Activities that begin again in it may send events at once, but this is no turn: the events
   * wait for one. Its children repeat how they stand, too, which their parent has heard in a turn that is committed.
   */
  restore(work: () => void): void {
    this.#isRestoring = true;
    try {
      work();
    } finally {
      this.#isRestoring = false;
    }
  }

  /** Part of a turn: what its events set going is, too. */
  inside(work: () => void): void {
    const before = this.#isInside;
    this.#isInside = true;
    try {
      work();
    } finally {
      this.#isInside = before;
    }
  }

  /** A whole turn of the machine's own. */
  turn(work: () => void): void {
    if (this.#isClosed) return;
    this.inside(work);
    this.#check();
  }

  /** The incarnation is over. */
  close(): void {
    this.#isClosed = true;
  }
}

function isActive(actor: GatedActor): boolean {
  return (actor.getSnapshot()?.status ?? 'active') === 'active';
}

/** The end of an invoked actor comes once, and has room always; of what it may send without end, a mailbox holds so much. */
function boundedEvent(source: unknown, target: unknown, event: Message): Message | undefined {
  return source === target && event.type !== OBSERVED ? undefined : event;
}

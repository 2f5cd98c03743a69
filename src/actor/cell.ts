/**
 * A cell: one actor in memory. It keeps the mailbox and the status, and decides when a turn may run; turn.ts runs one,
 * lifecycle.ts begins and ends incarnations, ask-cycle.ts finds the rings that its asks close. The ways between its states
 * are drawn in cell-status.ts:
 *
 *   starting ─► ready ◄─► busy (a turn)                 pausing: between two incarnations
 *      └──────► pausing ─► starting …                   any ─► stopping ─► ended
 *   ready, pausing ◄─► quiescent (it waits to be moved)    quiescent ─► ended (it has migrated)
 */
import { Ring } from '../structures/ring.ts';
import { type ActorId, keyOf } from '../vocabulary/address.ts';
import type { Timer } from '../vocabulary/clock.ts';
import { Envelope, type Message, type ReplyTo, type Run } from '../vocabulary/envelope.ts';
import type { ExitReason } from '../vocabulary/exit-reason.ts';
import type { Signal } from '../vocabulary/signal.ts';
import { breakCycle, passProbe, refuseIfCycle, type Wait } from './ask-cycle.ts';
import type { Behaviour } from './behaviour.ts';
import { type CellExtras, type Ending, NO_EXTRAS } from './cell-extras.ts';
import { assertTransition, type CellStatus, CHECKS_TRANSITIONS } from './cell-status.ts';
import type { Context } from './context.ts';
import type { DurableSide } from './durable-side.ts';
import type { Kernel } from './kernel.ts';
import { askGivenUp, GivenUp } from './ask-cancellation.ts';
import { holdOwnTurns } from './held-turns.ts';
import { Mailbox, MailboxBounds } from './mailbox.ts';
import type { Runnable } from './scheduler.ts';
import { Sender } from './sender.ts';
import type { Watching } from './watchers.ts';

/** Where cells live. */
export interface CellHost {
  readonly kernel: Kernel;
  readonly watching: Watching;
  /** Runs one envelope, from the mailbox to its reply. */
  runEnvelope(cell: Cell, envelope: Envelope): void;
  runTerminated(cell: Cell, ended: { id: ActorId; reason: ExitReason }): void;
  /** A start that was held, or mail. */
  goOnAfterPause(cell: Cell): void;
  /** For a new incarnation; with `before`, for the rest of one whose context is in hands that must not act any more. */
  newContext(cell: Cell, before?: Context<unknown>): Context<unknown>;
  createCell(id: ActorId, behaviour: Behaviour, origin: CellOrigin): Cell;
  /** Of a new cell of a durable kind. */
  durableSideOf: ((cell: Cell) => DurableSide) | undefined;
  /** An actor that its first message had activated counts as spawned from now on. */
  becameSpawned(cell: Cell): void;
  cellOf(id: ActorId): Cell | undefined;
  /** The cell has ended: forget it, tell who must know, and see to the mail that is left. */
  ended(cell: Cell, ending: Ending): void;
}

export interface CellOrigin {
  args: unknown;
  /** By `spawn`, not by its first message. */
  spawned: boolean;
  parent: Cell | undefined;
}

export class Cell extends Sender implements Runnable, Run {
  declare readonly id: ActorId;
  readonly host: CellHost;
  readonly behaviour: Behaviour;
  origin: CellOrigin;
  readonly mailbox: Mailbox;
  #status: CellStatus = 'starting';
  /** In the run queue. */
  queued = false;
  /** Of the present incarnation. */
  context: Context<unknown>;
  /** The envelope whose turn runs. */
  current: Envelope | undefined;
  /** Set by ctx.stop() during a turn. */
  stopping: ExitReason | undefined;
  /** Set by ctx.stash() during a turn. */
  stashing = false;
  /** onStart is done and onStop is still to come. */
  begun = false;
  /** Grows with each incarnation and each ending: what an older one awaited is ignored. */
  phase = 0;
  /** The end of the last turn, or the begin of what goes on: a turn, a start, a pause, an end. Whole milliseconds of `Clock.now()`, which cost no number on the heap. */
  lastActiveAt = 0;
  /** When it came into memory: whole seconds of `Clock.now()`, which cost no number on the heap. */
  bornAt = 0;
  /** The epoch in which it came to life, here or where it moved from. */
  epoch: number;
  #extras: CellExtras<Cell> = NO_EXTRAS;

  constructor(host: CellHost, id: ActorId, behaviour: Behaviour, origin: CellOrigin) {
    super(host.kernel, id);
    this.host = host;
    this.mailbox = new Mailbox(boundsIn(host.kernel, behaviour));
    this.behaviour = behaviour;
    this.origin = origin;
    this.epoch = host.kernel.epoch();
    this.context = host.newContext(this);
    if (behaviour.durable !== undefined) this.durable = host.durableSideOf?.(this);
  }

  get status(): CellStatus {
    return this.#status;
  }

  /** The one way to another status. Outside production it throws where cell-status.ts draws none. */
  transition(to: CellStatus): void {
    if (CHECKS_TRANSITIONS) assertTransition(this.id, this.#status, to);
    this.#status = to;
  }

  get key(): string {
    return keyOf(this.id);
  }

  /**
   * No turn runs, nothing waits, and it has no extras: told without its mailbox, which takes longer to read than the cell itself where there are a
   * million (`observe`). False where something may wait that is not in the run queue.
   */
  get isQuiet(): boolean {
    if (this.#status !== 'ready' || this.queued || this.#extras !== NO_EXTRAS || this.durable !== undefined)
      return false;
    const { pauses, serving } = this.kernel;
    return pauses === undefined && serving === undefined;
  }

  get extras(): Readonly<CellExtras<Cell>> {
    return this.#extras;
  }

  /** In memory from now on; `at`: on `Clock.now()`. */
  begins(at: number): void {
    this.activeAt(at);
    this.bornAt = Math.floor(at / 1_000);
  }

  /** Incarnations before this one that have failed. */
  get restarts(): number {
    return this.#extras.restarts;
  }

  set restarts(count: number) {
    if (count !== this.#extras.restarts) this.own.restarts = count;
  }

  /** `at`: on `Clock.now()`. */
  activeAt(at: number): void {
    this.lastActiveAt = Math.floor(at);
  }

  /** The extras, to change. */
  get own(): CellExtras<Cell> {
    if (this.#extras === NO_EXTRAS) this.#extras = { ...NO_EXTRAS };
    return this.#extras;
  }

  /** Actors go on talking while the system winds down. */
  protected override get isClosed(): boolean {
    return false;
  }

  override get deadlineAt(): number {
    return this.current?.deadline ?? 0;
  }

  deliver(envelope: Envelope): boolean {
    const { mailbox, behaviour } = this;
    const isOfFew = mailbox.pushOfFew(envelope, behaviour.scales);
    if (!isOfFew && !this.#weighIn(envelope)) return false;
    if (behaviour.timings?.isArrivalDue()) behaviour.timings.arrives(envelope);
    const { pauses, serving } = this.kernel;
    if (pauses !== undefined && envelope.replyTo !== undefined) pauses.asked(this, envelope);
    if (serving !== undefined) serving.asked(this, envelope);
    if (this.#extras.waits !== undefined) refuseIfCycle(this, envelope);
    this.wake();
    // Half full is the sign to slow down: a sender that then waits leaves room for the others.
    return isOfFew || mailbox.isClear;
  }

  /** False: there is no room for it. */
  #weighIn(envelope: Envelope): boolean {
    const { mailbox, behaviour } = this;
    if (envelope.verb === 'message') {
      if (envelope.heavy === undefined && behaviour.scales.isDue()) mailbox.weigh(envelope, behaviour.scales);
      if (!mailbox.hasRoomFor(envelope)) {
        mailbox.refuse(envelope, this.kernel.deadLetters);
        return false;
      }
    }
    mailbox.push(envelope);
    return true;
  }

  signal(signal: Signal): void {
    switch (signal.type) {
      case 'terminated':
        this.#terminated(signal);
        break;
      case 'ask-probe':
        passProbe(this, signal.path);
        break;
      case 'ask-cycle':
        breakCycle(this, signal.ring);
        break;
      case 'acknowledged':
        this.durable?.acknowledged(signal);
        break;
      case 'ask-given-up':
        askGivenUp(this, signal.process, signal.correlation);
        break;
    }
  }

  wake(): void {
    if (this.queued || this.#status !== 'ready') return;
    const { quiescing, ownTurns } = this.#extras;
    if (quiescing !== undefined && ownTurns === 0) {
      // Its turns are on disk before the actor goes on elsewhere; the commit wakes the cell again.
      if (this.durable?.isSettled !== false) quiescing();
      return;
    }
    if (this.mailbox.length === 0 && !this.#extras.terminated?.length) return;
    if (this.durable?.room.mayBegin() === false) return;
    const { pauses, serving } = this.kernel;
    if (pauses?.holdsBack(this) || serving?.holdsBack(this)) return this.#heldBack();
    this.queued = true;
    this.kernel.scheduler.enqueue(this);
  }

  run(turns: number): number {
    this.queued = false;
    const { pauses } = this.kernel;
    if (pauses === undefined) return this.#run(turns);
    const granted = pauses.take(this, turns);
    if (granted === 0) {
      this.#heldBack();
      return 0;
    }
    const ran = this.#run(granted);
    pauses.giveBack(this, granted - ran);
    return ran;
  }

  /** Without turns of its own in the mailbox it may move. */
  #heldBack(): void {
    if (this.#extras.ownTurns === 0 && this.#extras.quiescing === undefined) return;
    holdOwnTurns(this);
    if (this.#extras.quiescing !== undefined) this.wake();
  }

  #run(turns: number): number {
    const { serving } = this.kernel;
    let ran = 0;
    while (ran < turns && this.#status === 'ready') {
      if (serving !== undefined && !serving.mayBegin) break;
      if (this.durable?.room.mayBegin() === false) break;
      const ended = this.#extras.terminated?.shift();
      if (ended) {
        this.host.runTerminated(this, ended);
      } else {
        const envelope = this.mailbox.shift();
        if (!envelope) break;
        this.host.runEnvelope(this, envelope);
      }
      ran++;
    }
    this.activeAt(this.kernel.scheduler.now);
    this.wake();
    return ran;
  }

  goOn(): void {
    this.host.goOnAfterPause(this);
  }

  now(): number {
    return this.kernel.clock.now();
  }

  /** From itself, by a timer or a reminder: of each one waits at most, so that it needs no room in the mailbox. */
  deliverOwn(envelope: Envelope): void {
    this.mailbox.push(envelope);
    this.wake();
  }

  /**
   * Work of the incarnation itself, as a turn: what its clock or an invoked actor brings. `event`: what is played in it, a
   * dead letter where as many turns wait as the mailbox may hold messages.
   */
  runInTurn(work: () => void, event?: Message): void {
    if (this.#status === 'ended') return;
    const { phase, kernel, behaviour, id } = this;
    if (event && this.#extras.ownTurns + (this.#extras.heldTurns?.length ?? 0) >= behaviour.capacity)
      return kernel.deadLetters.add(id, { type: event.type }, id, 'MAILBOX_FULL');
    const guarded = (): void => {
      if (this.phase === phase) work();
    };
    const envelope = new Envelope('run', id, guarded, undefined, undefined, 0);
    // Where the actor is paused it does not stay among the mail: `wake` holds it at the gate, which gives it back.
    this.own.ownTurns++;
    this.deliverOwn(envelope);
  }

  /** A timer of the incarnation; gone with it. */
  setTimer(ms: number, run: () => void): () => void {
    const own = this.own;
    const timers = (own.timers ??= new Set());
    const timer = this.kernel.clock.setTimer(ms, () => {
      timers.delete(entry);
      run();
    });
    const cancel = (): void => {
      timer.cancel();
      timers.delete(entry);
    };
    const entry: Timer = { cancel };
    timers.add(entry);
    return cancel;
  }

  /** Stashed messages go back in front of the mail, in order. */
  unstashAll(): void {
    if (this.mailbox.bringBack()) this.wake();
  }

  /** Between turns an actor waits for nothing: what is asked then keeps no mail from being handled. */
  override waits(wait: Wait): void {
    if (this.#status === 'ready') return;
    const own = this.own;
    own.waits ??= new Set();
    own.waits.add(wait);
  }

  override waitsNoMore(wait: Wait): void {
    this.#extras.waits?.delete(wait);
  }

  /** The asker of the present turn has given up. */
  givenUp(reply: ReplyTo): void {
    if (this.current?.replyTo !== reply) return;
    // Made where the handler has not asked for it: it may do so later, and its end is judged by it.
    const own = this.own;
    own.abort ??= new AbortController();
    own.abort.abort(new GivenUp('AbortError'));
  }

  /** As `ctx.stop()` does: it ends once the turn that runs is over. */
  endWithTurn(reason: ExitReason): void {
    this.stopping = reason;
  }

  /** The turn counts as not begun, and its message comes again: the asker of it gives up no turn of this cell. */
  forgetTurn(): void {
    this.current = undefined;
  }

  /** Parts of the cell that end with every turn. */
  clearTurn(): void {
    this.current = undefined;
    const extras = this.#extras;
    if (extras === NO_EXTRAS) return;
    extras.waits = undefined;
    extras.abort = undefined;
    extras.abortTimer?.();
    extras.abortTimer = undefined;
  }

  #terminated({ id, reason, watch }: Signal & { type: 'terminated' }): void {
    const { watching } = this.#extras;
    if (watching?.get(id) !== watch) return;
    watching.delete(id);
    this.host.watching.removeActor(id, watch);
    const own = this.own;
    own.terminated ??= new Ring();
    own.terminated.push({ id, reason });
    this.wake();
  }
}

/** All cells of a kind in a process share them. */
function boundsIn({ memory }: Kernel, behaviour: Behaviour): MailboxBounds {
  const known = behaviour.mailboxes;
  if (known !== undefined && known.memory === memory) return known;
  return (behaviour.mailboxes = new MailboxBounds(memory, behaviour.capacity));
}

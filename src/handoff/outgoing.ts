/**
 * The old host's part in one move: it stops the actors of the units between two turns, keeps what comes for them and
 * what they had sent and not got away, and packs it all once nothing older can come.
 *
 *   quiescing ─► quiescent (the links are flushed) ─► held (the markers arrive) ─► sent
 */
import { checkTransferable, subtreeOf, evict, mailOf, packActor, stateOf } from '../actor/transfer.ts';
import type { Cell } from '../actor/cell.ts';
import { quiesce, resume } from '../actor/quiescence.ts';
import { endCell } from '../actor/lifecycle.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Timer } from '../vocabulary/clock.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import type { MoveId, MoveOrder, Unit } from '../wire/control.ts';
import { MailLane } from '../peer/mail-lane.ts';
import type { Router } from '../routing/router.ts';
import { idsIn } from './live-units.ts';
import { actorPieces, encodeState, mailPieces, type WeighedPiece } from './transfer-codec.ts';

/** Messages for one move that arrive while it is quiescent, and one queue's bytes; one more is refused. */
export const BUFFERED_MAIL_MAX = 100_000;
/** Milliseconds between `ctx.signal` and the kill of a handler that does not end by the deadline of its drain. */
export const ABORT_GRACE_MS = 200;
/** Milliseconds between two looks whether all that they told durable actors is committed. */
const KEPT_LOOK_MS = 5;

export interface OutgoingParts {
  readonly actors: LocalActors;
  readonly router: Pick<Router, 'unitOf'>;
  /** All its actors are quiescent. */
  quiesced(outgoing: OutgoingHandoff): void;
  /** They do not, or cannot move. */
  refused(error: TroupeError, isBusy: boolean): void;
  /** Default: `STATE_BYTES_MAX`. */
  readonly stateBytesMax?: number;
}

export class OutgoingHandoff {
  readonly move: MoveId;
  readonly units: Set<Unit>;
  isSent = false;
  /** All transferred state, once it is packed: should a link break under it, it is sent again. */
  pieces: WeighedPiece[] | undefined;
  /** Mail that these actors sent and the links had not taken yet. */
  readonly outbound: MailLane<Envelope>;
  /** Mail that arrived for the units while they were quiescent. */
  readonly buffered: MailLane<Envelope>;
  readonly #parts: OutgoingParts;
  /** Encoded, of those that have one in memory. */
  readonly #states = new Map<ActorId, Uint8Array>();
  /** Mail that cannot travel: refused once its actors have moved. */
  #unfit: [envelope: Envelope, error: unknown][] = [];
  #ids = new Set<ActorId>();
  #members: Cell[] = [];
  #isQuiescent = false;
  #cancelTimers: (() => void) | undefined;
  #keptLook: Timer | undefined;
  /** The deadline has passed: what is not over now is left behind. */
  #isLate = false;

  constructor(parts: OutgoingParts, { id, units }: MoveOrder) {
    this.#parts = parts;
    this.move = id;
    this.units = new Set(units);
    const { memory } = parts.actors.kernel;
    this.outbound = new MailLane(memory, BUFFERED_MAIL_MAX);
    this.buffered = new MailLane(memory, BUFFERED_MAIL_MAX);
  }

  get isQuiescent(): boolean {
    return this.#isQuiescent;
  }

  /** Ids of the actors that go along, in memory or not. */
  get ids(): ReadonlySet<ActorId> {
    return this.#ids;
  }

  /** The children that go along: their places move with that of their parent. */
  get subtree(): ActorId[] {
    return this.#members.filter(({ origin }) => origin.parent).map(({ id }) => id);
  }

  get subscriptions(): [topic: string, id: ActorId][] {
    const { topics } = this.#parts.actors.kernel;
    return [...this.#ids].flatMap((id) => topics.topicsOf(id).map((topic): [string, ActorId] => [topic, id]));
  }

  /** Stops them, each when its turn ends. `isLast`: one that takes longer is aborted, then killed. */
  stop(quiesceMs: number, isLast: boolean): void {
    const { clock } = this.#parts.actors.kernel;
    const look = clock.setTimer(quiesceMs / 2, () => this.#look());
    const end = clock.setTimer(quiesceMs, () => (isLast ? this.#abort() : this.#tooBusy()));
    this.#cancelTimers = () => {
      look.cancel();
      end.cancel();
    };
    this.#look();
  }

  /** They stay: everything goes on here. */
  resume(): void {
    this.#cancelTimers?.();
    this.#keptLook?.cancel();
    this.#isQuiescent = false;
    for (const cell of this.#members) resume(cell);
  }

  /** They live elsewhere now. */
  evict(): void {
    for (const id of this.#ids) evict(this.#parts.actors, id);
    this.outbound.clear();
    this.buffered.clear();
  }

  /** All transferred state, in the order in which it is to arrive. */
  pack(): WeighedPiece[] {
    const { actors } = this.#parts;
    this.#unfit = [];
    const refused = (envelope: Envelope, error: unknown): void => void this.#unfit.push([envelope, error]);
    const { messageBytesMax } = actors.kernel.limits;
    const pieces = mailPieces('outbound', this.outbound, messageBytesMax, refused);
    for (const id of this.#ids) {
      const cell = actors.cellOf(id);
      pieces.push(...actorPieces(packActor(actors, id, undefined), this.#states.get(id)));
      if (!cell) continue;
      const { mail, stash } = mailOf(cell);
      pieces.push(...mailPieces('stash', stash, messageBytesMax, refused));
      pieces.push(...mailPieces('mail', mail, messageBytesMax, refused));
    }
    this.#note('transferred');
    return [...pieces, ...mailPieces('mail', this.buffered, messageBytesMax, refused)];
  }

  /** Mail that could not go along. Not before the move is committed: where its actors stay, they handle it. */
  refuseUnfit(): void {
    const { deadLetters } = this.#parts.actors.kernel;
    for (const [envelope, error] of this.#unfit) {
      const code = error instanceof TroupeError ? error.code : 'INVALID_MESSAGE';
      deadLetters.refuseUnlessResent(envelope, code, asError(error).message);
    }
  }

  /** An asker learns from there whether the ask was executed. */
  noteWritten(to: ActorId | undefined): void {
    for (const { replyTo } of this.allMail()) replyTo?.written(to);
  }

  /**
   * Until the move ends, they may be here or there. An ask that waits at a pause may be let go there, so nobody here says any more that it was not
   * executed; should they stay, it waits at the pause again.
   */
  noteTransferred(): void {
    for (const { replyTo } of this.allMail()) replyTo?.transferred?.();
    for (const cell of this.#members) this.#parts.actors.pauses.forget(cell);
  }

  /** Everything that goes along: what these actors had sent, and what waits for them. */
  *allMail(): Iterable<Envelope> {
    yield* this.outbound;
    for (const cell of this.#members) {
      const { mail, stash } = mailOf(cell);
      yield* stash;
      yield* mail;
    }
    yield* this.buffered;
  }

  #note(step: 'quiesced' | 'transferred'): void {
    const { trace } = this.#parts.actors.kernel;
    trace?.note({ topic: 'handoff', step, move: this.move, units: [...this.units], ids: [...this.#ids] });
  }

  #look(): void {
    if (this.#isQuiescent) return;
    if (!this.#gather()) return;
    let moving = 0;
    const quiesced = (): void => {
      if (--moving === 0) this.#look();
    };
    for (const cell of this.#members) if (!quiesce(cell, quiesced)) moving++;
    if (moving === 0) this.#whenNothingIsKept();
  }

  /** The members of the units now. False: it cannot move. */
  #gather(): boolean {
    const { actors, router } = this.#parts;
    const members: Cell[] = [];
    const ids = new Set<ActorId>();
    for (const id of idsIn(this.units, actors, router)) {
      if (ids.has(id)) continue;
      const cell = actors.cellOf(id);
      if (cell?.origin.parent) {
        this.#parts.refused(childMoves(id, cell.origin.parent.id), false);
        return false;
      }
      const subtree = cell ? subtreeOf(cell) : [];
      for (const member of subtree) ids.add(member.id);
      members.push(...subtree);
      ids.add(id);
    }
    this.#members = members;
    this.#ids = ids;
    return true;
  }

  /** Mail that this process would have to send again could be overtaken by what they tell from elsewhere. */
  #whenNothingIsKept(): void {
    const { clock, durability } = this.#parts.actors.kernel;
    if (this.#isLate || !durability?.keepsOf(this.#ids)) return this.#allQuiescent();
    this.#keptLook?.cancel();
    this.#keptLook = clock.setTimer(KEPT_LOOK_MS, () => this.#look());
  }

  #allQuiescent(): void {
    this.#cancelTimers?.();
    this.#keptLook?.cancel();
    for (const cell of this.#members) {
      try {
        checkTransferable(cell);
        this.#states.set(cell.id, encodeState(stateOf(cell), this.#parts.stateBytesMax));
      } catch (error) {
        return this.#parts.refused(notMovable(cell.id, asError(error)), false);
      }
    }
    this.#isQuiescent = true;
    this.#note('quiesced');
    this.#parts.quiesced(this);
  }

  #tooBusy(): void {
    const busy = this.#members.find(({ status }) => status !== 'quiescent');
    const text = busy
      ? `${busy.id} did not end its turn in time; it cannot move now`
      : 'what an actor told durable ones was not committed in time; it cannot move now';
    this.#parts.refused(new TroupeError('ACTOR_UNAVAILABLE', text), true);
  }

  /** The deadline of the drain: first the signal, a little later the end. Their mail goes along all the same. */
  #abort(): void {
    const { kernel } = this.#parts.actors;
    const late = this.#members.filter(({ status }) => status !== 'quiescent' && status !== 'ended');
    for (const cell of late) cell.extras.abort?.abort(new Error('the deadline of the drain has passed'));
    const timer = kernel.clock.setTimer(ABORT_GRACE_MS, () => {
      this.#isLate = true;
      for (const cell of late) this.#kill(cell);
      this.#look();
      if (!this.#isQuiescent) this.#tooBusy();
    });
    this.#cancelTimers = () => timer.cancel();
  }

  #kill(cell: Cell): void {
    if (cell.status === 'quiescent' || cell.status === 'ended') return;
    const { actors } = this.#parts;
    actors.kernel.log.error(
      { actor: cell.id },
      'a handler did not end by the deadline of its drain; its actor is killed',
    );
    for (const envelope of cell.mailbox.takeAll()) if (envelope.verb !== 'run') this.buffered.push(envelope);
    endCell(cell, { reason: 'killed', mail: 'deliver-again' }, 'released');
  }
}

function childMoves(id: ActorId, parent: ActorId): TroupeError {
  return new TroupeError('INVALID_OPTIONS', `a child moves with its parent; got ${id}, a child of ${parent}`);
}

export function notMovable(id: ActorId, error: Error): TroupeError {
  const code = error instanceof TroupeError ? error.code : 'INVALID_MESSAGE';
  const text = `${id} moves with its state, and stays where it is; ${error.message.replace(/\bmessage\b(?=[.[])/, 'state')}`;
  return new TroupeError(code, text, { cause: error });
}

/**
 * The processes that the master speaks with: its own data plane (index 0) and the workers. The membership says who is
 * welcomed, in which order, and who must be told of whom.
 */
import type { ControlChannel, PeerInfo, ToMaster, ToProcess } from '../wire/control.ts';

export interface Participant {
  readonly index: number;
  readonly incarnation: number;
  readonly role: string;
  readonly pid: number;
  readonly channel: ControlChannel<ToProcess, ToMaster>;
  /** Where its link server listens; undefined before it does. */
  path: string | undefined;
  /** It has the table, and links to all that were welcomed before it. */
  isLinked: boolean;
}

export class Membership {
  /** In the order of their welcome. */
  readonly #welcomed = new Map<number, Participant>();
  /** Of the machine's lease; 0: it has none. */
  #servesUntil = 0;

  *[Symbol.iterator](): Iterator<Participant> {
    yield* this.#welcomed.values();
  }

  get(index: number): Participant | undefined {
    return this.#welcomed.get(index);
  }

  isPresent(participant: Participant): boolean {
    return this.#welcomed.get(participant.index) === participant;
  }

  peers(): PeerInfo[] {
    return [...this.#welcomed.values()].map(peerInfo);
  }

  /** From now on it gets what all get; those welcomed earlier hear that it will link. */
  add(participant: Participant): void {
    const peer = peerInfo(participant);
    this.tell({ type: 'peer', peer });
    this.#welcomed.set(participant.index, participant);
  }

  remove(participant: Participant): boolean {
    return this.isPresent(participant) && this.#welcomed.delete(participant.index);
  }

  /** On `Clock.now()`: those to come hear it with their welcome. */
  serve(until: number): void {
    this.#servesUntil = until;
    this.tell({ type: 'serve', until });
  }

  get servesUntil(): number {
    return this.#servesUntil;
  }

  tell(message: ToProcess): void {
    for (const participant of this.#welcomed.values()) participant.channel.send(message);
  }
}

function peerInfo({ index, incarnation, role, pid, path }: Participant): PeerInfo {
  return { index, incarnation, role, pid, path: path as string };
}

/**
 * Partitions that somebody wants on another machine, or to stay on this one: asked for of their owner again and again, for as long as somebody waits.
 * An owner that dies so leaves nothing behind: its next owner is asked.
 */
import type { MachineAgent } from '../machines/machine-agent.ts';
import type { MachineCommand } from '../machines/machine-command.ts';
import type { MachineId } from '../machines/machine-row.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import type { WantAnswer } from '../observe/machine-info.ts';

/** Milliseconds after which somebody who waits is told that it is not there yet, and asks again. */
export const WANT_ANSWER_MS = 1_000;
/** Milliseconds without a question after which nobody waits any more. */
export const WANT_MS = 3_000;

interface Wanted {
  readonly machine: MachineId;
  until: number;
  readonly waiting: Set<(answer: WantAnswer) => void>;
}

export class PartitionRequests {
  readonly #clock: Clock;
  readonly #agent: () => MachineAgent;
  readonly #perform: (commands: readonly MachineCommand[]) => void;
  /** At most as many as there are partitions; those that wait for one are calls and requests, which have bounds of their own. */
  readonly #wanted = new Map<number, Wanted>();

  constructor(clock: Clock, agent: () => MachineAgent, perform: (commands: readonly MachineCommand[]) => void) {
    this.#clock = clock;
    this.#agent = agent;
    this.#perform = perform;
  }

  /** Resolves within `WANT_ANSWER_MS`. Where another machine is asked for meanwhile, that one counts. */
  want(partition: number, machine: MachineId): Promise<WantAnswer> {
    let wanted = this.#wanted.get(partition);
    if (wanted && wanted.machine !== machine) {
      this.#end(partition, wanted, 'overtaken');
      wanted = undefined;
    }
    const now = this.#stateOf(partition, machine);
    if (now !== 'not-yet') return Promise.resolve(now);
    wanted ??= { machine, until: 0, waiting: new Set() };
    this.#wanted.set(partition, wanted);
    wanted.until = this.#clock.now() + WANT_MS;
    const { waiting } = wanted;
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      const answered = (answer: WantAnswer): void => {
        timer?.cancel();
        waiting.delete(answered);
        resolve(answer);
      };
      timer = this.#clock.setTimer(WANT_ANSWER_MS, () => answered('not-yet'));
      waiting.add(answered);
      this.#perform(this.#agent().want(this.#clock.now(), partition, machine));
      this.look();
    });
  }

  /** Time has passed, or another table was read. */
  look(): void {
    for (const [partition, wanted] of this.#wanted) {
      const now = this.#stateOf(partition, wanted.machine);
      const isOver = this.#clock.now() >= wanted.until;
      if (now !== 'not-yet' || isOver) this.#end(partition, wanted, now);
    }
  }

  #end(partition: number, { waiting }: Wanted, answer: WantAnswer): void {
    this.#wanted.delete(partition);
    this.#agent().owner.unwant(partition);
    for (const answered of [...waiting]) answered(answer);
  }

  /** One that is just being handed over, as an earlier mover wanted it, may be gone in a moment: its next owner is asked then. */
  #stateOf(partition: number, machine: MachineId): WantAnswer {
    const { state, owner } = this.#agent();
    const { table } = state.owner.read ?? {};
    const owned = table?.owners[partition];
    if (owned === machine && table?.pinned.includes(partition) && !owner.isHeld(partition)) return 'there';
    return owned !== state.id || state.phase !== 'member' ? 'elsewhere' : 'not-yet';
  }
}

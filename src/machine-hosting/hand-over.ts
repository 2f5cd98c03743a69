/**
 * The master's part in handing partitions over to another machine, with all that lives in them:
 *
 *   stand     every process stops the actors of the partitions between two turns; where they do not in time, the partition goes on
 *   hold      the rest is put on hold, by a table: mail for it waits in every process
 *   flush     what was sent before has arrived everywhere: nothing older than the hold is on its way to these actors, or from them
 *   transfer  each process sends what it has, and hears that the other machine has it
 *
 * Then it is the machine's word to the directory that counts: until that is made, and known, everything stays on hold.
 */
import type { HandedOver } from '../machines/machine-command.ts';
import type { MachineId } from '../machines/machine-row.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { ProcessQuery, TransferAnswer } from '../wire/process-query.ts';

/** Milliseconds for the turns of actors at first; twice as many with each try that finds none that stands. */
export const STAND_MS = 50;
/** Milliseconds of trying; then a machine that leaves ends what still runs, and another one tries again later. */
export const STAND_MS_MAX = 2_000;
/** Milliseconds for all processes to do one step, beyond the turns of actors. */
export const HAND_OVER_MS_MAX = 4_000;
/** Tries of a machine that leaves to send the states along; then they begin anew, or from their records. */
export const TRANSFERS_MAX = 3;
/** Milliseconds between two of them. */
const AGAIN_MS = 100;

export interface HandOverPorts {
  readonly clock: Clock;
  /** Answers of all processes of this machine; undefined for one that does not answer in time. */
  ask(what: ProcessQuery, withinMs: number): Promise<unknown[]>;
  /**
   * No move among the workers begins for these partitions, and those that are open end; others may begin. For fewer partitions than before it is
   * told behind what lets the actors of the rest go on in their processes: a move that finds them standing takes them for its own.
   */
  standing(partitions: ReadonlySet<number>): void;
  /** Publishes that these are on hold, and that those of before which are not among them go on. */
  hold(partitions: ReadonlySet<number>): void;
  /** The index of that machine, where it takes the states of actors. */
  taker(): number | undefined;
  /** Numbers what is sent: one that is greater than all before. */
  nextMove(): number;
  /** The partition is still this machine's. */
  isOurs(partition: number): boolean;
  /** With so many partitions it comes to that step now. */
  begins(step: HandOverStep, count: number): void;
}

/** `commit`: the other machine has all; the rest is the word of the directory. */
export type HandOverStep = 'stand' | 'hold' | 'flush' | 'transfer' | 'commit';

export interface Handing {
  readonly to: MachineId;
  readonly partitions: ReadonlySet<number>;
  readonly isLive: boolean;
}

const NONE: HandedOver = { partitions: [], isLive: false };

export class HandOver {
  readonly #ports: HandOverPorts;

  constructor(ports: HandOverPorts) {
    this.#ports = ports;
  }

  /** Resolves to what may be committed; it stays on hold. */
  async run(partitions: readonly number[], isLast: boolean): Promise<HandedOver> {
    const { clock } = this.#ports;
    for (let tries = 1; ; tries++) {
      const isLive = this.#ports.taker() !== undefined && tries <= TRANSFERS_MAX;
      const done = await this.#try(partitions, isLast, isLive);
      if (done !== 'failed') return done;
      this.#goOn();
      if (!isLast || tries > TRANSFERS_MAX) return NONE;
      await new Promise<void>((resolve) => clock.setTimer(AGAIN_MS, resolve));
    }
  }

  async #try(partitions: readonly number[], isLast: boolean, isLive: boolean): Promise<HandedOver | 'failed'> {
    this.#ports.begins('stand', partitions.length);
    this.#ports.standing(new Set(partitions));
    const standing = await this.#stand(partitions, isLast);
    if (standing === 'failed' || standing.size === 0) return standing === 'failed' ? standing : this.#giveUp();
    this.#ports.begins('hold', standing.size);
    this.#ports.hold(standing);
    this.#ports.standing(standing);
    if (!isLive) return { partitions: [...standing], isLive };
    this.#ports.begins('flush', standing.size);
    if (!(await this.#flush())) return 'failed';
    this.#ports.begins('transfer', standing.size);
    const left = await this.#transfer();
    if (left === 'failed') return left;
    const handed = [...standing].filter((partition) => !left.has(partition) && this.#ports.isOurs(partition));
    if (left.size > 0) this.#ports.hold(new Set(handed));
    this.#ports.begins('commit', handed.length);
    return { partitions: handed, isLive };
  }

  /** Those whose actors all stand; as long as there are none, it is tried again. */
  async #stand(partitions: readonly number[], isLast: boolean): Promise<Set<number> | 'failed'> {
    const { clock, ask } = this.#ports;
    const from = clock.now();
    for (let quiesceMs = STAND_MS; ; quiesceMs *= 2) {
      const isLate = clock.now() - from + quiesceMs > STAND_MS_MAX;
      const what: ProcessQuery = { stand: [...partitions], quiesceMs, isLast: isLast && isLate };
      const answers = await ask(what, quiesceMs + HAND_OVER_MS_MAX);
      if (!answers.every(isList)) return 'failed';
      const busy = new Set(answers.flat());
      const standing = partitions.filter((partition) => !busy.has(partition) && this.#ports.isOurs(partition));
      if (standing.length > 0 || isLate) return new Set(standing);
    }
  }

  async #flush(): Promise<boolean> {
    const answers = await this.#ports.ask('flush-everywhere', HAND_OVER_MS_MAX);
    return answers.every((answer) => answer === true);
  }

  /** Those that were too much for once. */
  async #transfer(): Promise<Set<number> | 'failed'> {
    const taker = this.#ports.taker();
    if (taker === undefined) return 'failed';
    const what: ProcessQuery = { transfer: taker, move: this.#ports.nextMove() };
    const answers = (await this.#ports.ask(what, HAND_OVER_MS_MAX * 2)) as TransferAnswer[];
    return answers.every(isList) ? new Set(answers.flat()) : 'failed';
  }

  #giveUp(): HandedOver {
    this.#goOn();
    return NONE;
  }

  /** Everything goes on here. */
  #goOn(): void {
    this.#ports.hold(new Set());
    void this.#ports.ask({ stand: [], quiesceMs: 0, isLast: false }, HAND_OVER_MS_MAX);
    this.#ports.standing(new Set());
  }
}

function isList(answer: unknown): answer is number[] {
  return Array.isArray(answer);
}

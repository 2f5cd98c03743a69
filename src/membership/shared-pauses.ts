/**
 * The pauses of a system of several machines: one entry of the directory, changed by compare-and-set. Each machine takes up what it reads there;
 * the page docs/decisions/0098 says who may die at which step, and what then holds.
 */
import type { Directory, Entry } from '../directory/directory.ts';
import type { MachineId } from '../machines/machine-row.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { faultOfPattern, PAUSE_REASON_MAX, PAUSES_MAX, type Pause } from '../vocabulary/pause.ts';
import { decodeRow, PAUSES_KEY, ROW_PREFIX } from './cluster-entries.ts';

/** Milliseconds for the directory to take a change, or to say how things stand. */
export const PAUSES_MS_MAX = 10_000;
/** Milliseconds between two tries at the directory, and at a machine that has not said that it has taken a pause up. */
export const TRY_MS = 100;
/** Milliseconds for the answer of one. */
const ANSWER_MS = 5_000;
const FORM = 1;

export interface SharedPausesParts {
  readonly directory: Directory;
  readonly clock: Clock;
  /** Of this machine; undefined: it is none. */
  self(): MachineId | undefined;
  /** Resolves once the machine has taken up what the directory says by then. */
  takenUpBy(machine: MachineId, withinMs: number): Promise<unknown>;
  /** Machines that serve, about. */
  count(): number;
}

export class SharedPauses {
  readonly #parts: SharedPausesParts;

  constructor(parts: SharedPausesParts) {
    this.#parts = parts;
  }

  /** So many machines share a rate. */
  get machines(): number {
    return Math.max(1, this.#parts.count());
  }

  /** With all changes that were made before it was called. Rejects STORE_FAILED. */
  async read(): Promise<readonly Pause[]> {
    return decodePauses(await this.#entry(this.#until()));
  }

  /** Resolves to what holds now; undefined where `make` has nothing to change. Rejects STORE_FAILED, with the fate `unknown`, and as `make` throws. */
  async change(
    make: (pauses: readonly Pause[]) => readonly Pause[] | undefined,
  ): Promise<readonly Pause[] | undefined> {
    const { directory } = this.#parts;
    const until = this.#until();
    for (;;) {
      const entry = await this.#entry(until);
      const next = make(decodePauses(entry));
      if (next === undefined) return undefined;
      const value = encodePauses(next);
      const written = await (entry
        ? directory.update(PAUSES_KEY, value, entry.revision)
        : directory.create(PAUSES_KEY, value));
      if (written.is === 'done') return next;
      // Another machine was first, or nobody knows: made again on what is there then, it comes to the same.
      if (written.is !== 'conflict') await this.#again(until);
    }
  }

  /**
   * Resolves to the machines that may begin turns without heeding what was written before: none of those that have said so, nor of those that are
   * lost or gone, which read it before they serve again.
   */
  async silent(withinMs: number): Promise<MachineId[]> {
    const { clock } = this.#parts;
    const until = clock.now() + withinMs;
    const done = new Set<MachineId>();
    for (;;) {
      const present = await this.#present();
      const open = present?.filter((machine) => !done.has(machine));
      if (open?.length === 0) return [];
      await Promise.all(
        (open ?? []).map((machine) =>
          this.#parts.takenUpBy(machine, Math.max(1, Math.min(ANSWER_MS, until - clock.now()))).then(
            () => done.add(machine),
            () => {},
          ),
        ),
      );
      if (present?.every((machine) => done.has(machine))) return [];
      if (clock.now() >= until)
        return open?.filter((machine) => !done.has(machine)) ?? ['(the directory gives no answer)'];
      await new Promise<void>((resolve) => clock.setTimer(TRY_MS, resolve));
    }
  }

  /** The others, by a look that begins now; undefined: the directory says nothing. One that begins to take part later reads the pauses behind that. */
  #present(): Promise<MachineId[] | undefined> {
    const { directory, clock } = this.#parts;
    const self = this.#parts.self();
    const rows = new Map<MachineId, string>();
    return new Promise((resolve) => {
      const end = (machines: MachineId[] | undefined): void => {
        timer.cancel();
        // It may say so while it is being made.
        clock.defer(() => watch.close());
        resolve(machines);
      };
      const timer = clock.setTimer(ANSWER_MS, () => end(undefined));
      const watch = directory.watch(ROW_PREFIX, {
        changed: ({ key, value }) => void rows.set(key.slice(ROW_PREFIX.length), decodeRow(value)?.state ?? 'live'),
        removed: (key) => void rows.delete(key.slice(ROW_PREFIX.length)),
        synced: () => end([...rows].flatMap(([id, state]) => (state === 'lost' || id === self ? [] : [id]))),
        gap: () => end(undefined),
      });
      watch.look();
    });
  }

  #until(): number {
    return this.#parts.clock.now() + PAUSES_MS_MAX;
  }

  async #entry(until: number): Promise<Entry | undefined> {
    for (;;) {
      const entry = await this.#parts.directory.readLinearizable(PAUSES_KEY);
      if (entry !== 'unavailable') return entry;
      await this.#again(until);
    }
  }

  async #again(until: number): Promise<void> {
    const { clock } = this.#parts;
    if (clock.now() >= until) {
      const text = `the database gave no answer on the pauses of the system within ${PAUSES_MS_MAX} ms`;
      throw new TroupeError('STORE_FAILED', text, { fate: 'unknown' });
    }
    await new Promise<void>((resolve) => clock.setTimer(TRY_MS, resolve));
  }
}

function encodePauses(pauses: readonly Pause[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ form: FORM, pauses }));
}

/** Parts that are no pauses are left out: bytes of other builds are not trusted. */
export function decodePauses(entry: Entry | undefined): Pause[] {
  if (entry === undefined) return [];
  try {
    const { form, pauses } = JSON.parse(new TextDecoder().decode(entry.value)) as Record<string, unknown>;
    return form === FORM && Array.isArray(pauses) ? pauses.flatMap(pauseOf).slice(0, PAUSES_MAX) : [];
  } catch {
    return [];
  }
}

function pauseOf(value: unknown): Pause[] {
  const { pattern, reason, since, perSecond } = (value ?? {}) as Record<string, unknown>;
  if (faultOfPattern(pattern) !== undefined || typeof since !== 'number') return [];
  return [
    {
      ...{ pattern: pattern as string, since },
      reason: typeof reason === 'string' ? reason.slice(0, PAUSE_REASON_MAX) : undefined,
      perSecond: typeof perSecond === 'number' && perSecond > 0 ? perSecond : undefined,
    },
  ];
}

/**
 * Which worker hosts what, told between the ways in of two machines: each asks the other for what is newer than it knows, and the answer waits until
 * there is something. So mail can go from worker to worker. These are hints: whoever gets mail routes it by its own table.
 */
import type { PlacementTable } from '../placement/placement-table.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { MachinePlaces } from '../vocabulary/host-index.ts';
import { type ForeignMachine, NOWHERE } from '../wire/control.ts';
import type { CallArgument } from '../wire/entry.ts';

/** The name of the call. Its argument: the version that is known. */
export const PLACES = 'places';
/** Milliseconds that an answer waits for something new. */
const ANSWER_MS = 10_000;
/** Milliseconds before a machine is asked again that gave an answer, and one that gave none. */
export const PLACES_PAUSE_MS = 50;
const RETRY_MS = 1_000;
/** Machines whose calls wait here at once; one more is refused, and its mail goes by the ways in. */
export const PLACES_WAITING_MAX = 128;

export class OwnPlaces {
  readonly #clock: Clock;
  readonly #workers: () => MachinePlaces['workers'];
  #places: MachinePlaces = { version: 0, workers: [], columns: {} };
  #text = '';
  readonly #waiting = new Set<() => void>();

  /** `workers`: those that no table has declared dead. */
  constructor(clock: Clock, workers: () => MachinePlaces['workers']) {
    this.#clock = clock;
    this.#workers = workers;
  }

  /** The table has changed. */
  take(table: PlacementTable): void {
    const workers = this.#workers();
    const known = new Set(workers.map(([process]) => process));
    const columns = Object.fromEntries(
      table.roles().map((role) => [role, table.column(role).map((host) => (known.has(host) ? host : 0))]),
    );
    const text = JSON.stringify([workers, columns]);
    if (text === this.#text) return;
    this.#text = text;
    this.#places = { version: this.#places.version + 1, workers, columns };
    for (const tell of [...this.#waiting]) tell();
  }

  /** Undefined: nothing is newer than that version. Rejects OVERLOADED. */
  async newerThan(version: number): Promise<MachinePlaces | undefined> {
    if (this.#places.version <= version) await this.#change();
    return this.#places.version > version ? this.#places : undefined;
  }

  close(): void {
    for (const tell of [...this.#waiting]) tell();
  }

  #change(): Promise<void> {
    if (this.#waiting.size >= PLACES_WAITING_MAX) {
      const text = `${PLACES_WAITING_MAX} machines wait for the places here, which is the limit; one more rejected`;
      return Promise.reject(new TroupeError('OVERLOADED', text, { fate: 'not-executed' }));
    }
    return new Promise((resolve) => {
      const tell = (): void => {
        timer.cancel();
        this.#waiting.delete(tell);
        resolve();
      };
      const timer = this.#clock.setTimer(ANSWER_MS, tell);
      this.#waiting.add(tell);
    });
  }
}

export interface FollowedPlacesParts {
  readonly clock: Clock;
  others(): readonly ForeignMachine[];
  isLinked(index: number): boolean;
  call(machine: ForeignMachine, name: string, args: readonly CallArgument[], withinMs: number): Promise<unknown>;
  told(machine: string, places: MachinePlaces): void;
}

interface Followed {
  /** The one that is known. */
  version: number;
}

export class FollowedPlaces {
  readonly #parts: FollowedPlacesParts;
  /** By the index of its machine. */
  readonly #followed = new Map<number, Followed>();
  readonly #timers = new Set<Timer>();
  #isClosed = false;

  constructor(parts: FollowedPlacesParts) {
    this.#parts = parts;
  }

  /** There is a link to that machine's way in, perhaps again: what was asked on the one before has no answer. */
  follow(index: number): void {
    const followed: Followed = { version: this.#followed.get(index)?.version ?? 0 };
    this.#followed.set(index, followed);
    void this.#ask(index, followed);
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  async #ask(index: number, followed: Followed): Promise<void> {
    const { others, call, told, isLinked } = this.#parts;
    if (this.#followed.get(index) !== followed) return;
    const machine = others().find((other) => other.index === index);
    if (machine === undefined) this.#followed.delete(index);
    // Its next link goes on with it.
    if (machine === undefined || !isLinked(index)) return;
    let pauseMs = PLACES_PAUSE_MS;
    try {
      const places = await call(machine, PLACES, [followed.version], 2 * ANSWER_MS);
      if (this.#followed.get(index) !== followed) return;
      if (isPlaces(places)) {
        followed.version = places.version;
        told(machine.machine, places);
      }
    } catch (error) {
      // Of an older build.
      if (error instanceof TroupeError && error.code === 'INVALID_OPTIONS') return;
      pauseMs = RETRY_MS;
    }
    if (this.#isClosed) return;
    const timer = this.#parts.clock.setTimer(pauseMs, () => {
      this.#timers.delete(timer);
      void this.#ask(index, followed);
    });
    this.#timers.add(timer);
  }
}

function isPlaces(answer: unknown): answer is MachinePlaces {
  const { version, workers, columns } = (answer ?? {}) as Partial<Record<keyof MachinePlaces, unknown>>;
  if (!Number.isSafeInteger(version) || !Array.isArray(workers) || typeof columns !== 'object' || columns === null)
    return false;
  const isPair = (pair: unknown): boolean =>
    Array.isArray(pair) && pair.length === 2 && pair.every(Number.isSafeInteger);
  const isHost = (host: unknown): boolean => Number.isSafeInteger(host) && (host as number) >= NOWHERE;
  const isColumn = (column: unknown): boolean => Array.isArray(column) && column.every(isHost);
  return workers.every(isPair) && Object.values(columns).every(isColumn);
}

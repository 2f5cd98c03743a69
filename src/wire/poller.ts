/**
 * Keeps a process awake for a moment after its links were active: the event loop asks for more instead of sleeping until
 * more comes. Waking up costs tens of microseconds on a virtual CPU, more than all else that an ask between two processes
 * costs (S5). Now and then it is judged, and rests where it does not help or where others want the CPUs:
 *
 *   nothing came while it polled, nearly always          it burns a CPU for nothing, or the other end cannot run beside it
 *   it waits for a CPU, and hardly any of them is idle   others want them
 *   it waits for a CPU, and some are idle                it goes on: the kernel moves it to one of them in a while
 */
import type { Clock } from '../vocabulary/clock.ts';
import { type CpuSupply, cpuSupply } from './cpu-supply.ts';

export const POLL_MICROS_MAX = 10_000;
/** Rounds between two looks at how long it has polled. */
const ROUNDS_PER_LOOK = 32;
/** Milliseconds of polling after which it is judged: the kernel needs some tens of them to see that two poll on one CPU. */
export const JUDGED_MS = 100;
/** CPUs are short where it has waited for one for more than this part of the time … */
const WAITED_MAX = 0.2;
/** … while they were idle, all together, for less than this part. */
const IDLE_MIN = 0.2;
/** Milliseconds without polling after a bad judgement; twice as long after each that follows, up to the longest. */
export const POLL_REST_MS = 200;
export const POLL_REST_MS_MAX = 6_400;

export class Poller {
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #supply: CpuSupply | undefined;
  #until = 0;
  #restsUntil = 0;
  #restMs = POLL_REST_MS;
  #isPolling = false;
  /** All that it polled for has come. */
  #isOver = false;
  #rounds = 0;
  #pollsSince = 0;
  /** Since the last judgement, or since the end of the rest that it brought. */
  #polledMs = 0;
  #hits = 0;
  #misses = 0;
  #judgedAt: number | undefined;
  #waitedMs = 0;
  #idleMs = 0;

  constructor(clock: Clock, pollMicros: number, supply: CpuSupply | undefined = undefined) {
    this.#clock = clock;
    this.#pollMs = pollMicros / 1_000;
    this.#supply = pollMicros === 0 ? undefined : (supply ?? cpuSupply());
  }

  /** A link was active just now; `isRead`: something came. */
  poke(isRead: boolean): void {
    if (this.#supply === undefined) return;
    const now = this.#clock.now();
    this.#until = now + this.#pollMs;
    this.#isOver = false;
    if (this.#isPolling) {
      if (isRead && this.#rounds > 0) this.#hits++;
      return;
    }
    if (now < this.#restsUntil) return;
    if (this.#judgedAt === undefined) this.#beginAnew(now, this.#supply);
    this.#isPolling = true;
    this.#rounds = 0;
    this.#pollsSince = now;
    this.#clock.defer(this.#round);
  }

  /** All that was waited for has come. */
  over(): void {
    if (!this.#isPolling || this.#isOver) return;
    this.#isOver = true;
    if (this.#rounds > 0) this.#hits++;
  }

  readonly #round = (): void => {
    const now = this.#clock.now();
    const isOver = this.#isOver || now >= this.#until;
    if (isOver && !this.#isOver) this.#misses++;
    const isLook = isOver || ++this.#rounds % ROUNDS_PER_LOOK === 0;
    // A callback that waits for the next round keeps the loop from sleeping in between.
    if ((isLook && this.#rests(now)) || isOver) this.#isPolling = false;
    else this.#clock.defer(this.#round);
  };

  #rests(now: number): boolean {
    this.#polledMs += now - this.#pollsSince;
    this.#pollsSince = now;
    if (this.#polledMs < JUDGED_MS || this.#supply === undefined) return false;
    const isBad = this.#misses > this.#hits || this.#isShort(now, this.#supply);
    if (isBad) {
      this.#restsUntil = now + this.#restMs;
      this.#restMs = Math.min(this.#restMs * 2, POLL_REST_MS_MAX);
      // Frames of a rest say nothing about polling.
      this.#judgedAt = undefined;
    } else {
      this.#restMs = POLL_REST_MS;
      this.#beginAnew(now, this.#supply);
    }
    return isBad;
  }

  #isShort(now: number, supply: CpuSupply): boolean {
    const passed = now - (this.#judgedAt ?? now);
    const idle = supply.idleMs() - this.#idleMs;
    if (idle >= passed * IDLE_MIN) return false;
    const waitedMs = supply.waitedMs();
    return !Number.isFinite(waitedMs) || waitedMs - this.#waitedMs > passed * WAITED_MAX;
  }

  #beginAnew(now: number, supply: CpuSupply): void {
    this.#judgedAt = now;
    this.#polledMs = 0;
    this.#hits = 0;
    this.#misses = 0;
    this.#waitedMs = supply.waitedMs();
    this.#idleMs = supply.idleMs();
  }
}

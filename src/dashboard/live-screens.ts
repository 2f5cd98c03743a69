/**
 * Live screens: a screen is looked at again and again as long as a page shows it, once for all pages that show the same. With the last one
 * that closes it ends. A look that is much work is made seldom: at most one part in 250 of the time of a process goes into it.
 *
 *   stream ──► sampling of this screen and these parameters ──► look, write to all, wait ──► … ──► nobody is left
 */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../vocabulary/clock.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import type { Ground } from './ground.ts';
import { SCREENS, type Screen } from './screens.ts';

/** Streams at once. */
export const STREAMS_MAX = 64;
/** A look is followed by so many times the work that a process had with it without one, up to so many milliseconds. The time in which it has waited says nothing. */
export const REST_FACTOR = 249;
export const REST_MS_MAX = 30_000;
/** Milliseconds for which a page may take nothing of what is written to it; then it is cut. */
export const UNREAD_MS_MAX = 30_000;

interface Stream {
  readonly response: ServerResponse;
  unreadSince: number | undefined;
}

export class LiveScreens {
  readonly #ground: Ground;
  readonly #samplings = new Map<string, Sampling>();
  #streams = 0;

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /** Screens that are looked at now. */
  get size(): number {
    return this.#samplings.size;
  }

  /** Throws INVALID_OPTIONS, OVERLOADED. */
  check(name: string): Screen {
    const screen = Object.hasOwn(SCREENS, name) ? SCREENS[name] : undefined;
    if (screen === undefined)
      throw new TroupeError('INVALID_OPTIONS', `screen: expected one of ${Object.keys(SCREENS).join(', ')}`);
    if (this.#streams >= STREAMS_MAX)
      throw new TroupeError(
        'OVERLOADED',
        `${STREAMS_MAX} screens are looked at, which is the limit; one more rejected`,
      );
    return screen;
  }

  /** Until the signal is aborted. */
  open(name: string, params: URLSearchParams, response: ServerResponse, signal: AbortSignal): void {
    const key = `${name}?${params}`;
    const screen = SCREENS[name] as Screen;
    let sampling = this.#samplings.get(key);
    if (sampling === undefined) {
      sampling = new Sampling(this.#ground.clock, screen, () => screen.look(this.#ground, params));
      this.#samplings.set(key, sampling);
    }
    const stream = sampling.add(response);
    this.#streams++;
    const ended = (): void => {
      this.#streams--;
      sampling.remove(stream);
      if (sampling.isEmpty && this.#samplings.get(key) === sampling) this.#samplings.delete(key);
      response.end();
    };
    if (signal.aborted) ended();
    else signal.addEventListener('abort', ended, { once: true });
  }
}

class Sampling {
  readonly #clock: Clock;
  readonly #screen: Screen;
  readonly #look: () => Promise<unknown>;
  readonly #streams = new Set<Stream>();
  #latest: string | undefined;
  #isRunning = false;

  constructor(clock: Clock, screen: Screen, look: () => Promise<unknown>) {
    this.#clock = clock;
    this.#screen = screen;
    this.#look = look;
  }

  get isEmpty(): boolean {
    return this.#streams.size === 0;
  }

  add(response: ServerResponse): Stream {
    const stream: Stream = { response, unreadSince: undefined };
    this.#streams.add(stream);
    if (this.#latest !== undefined) response.write(this.#latest);
    else response.flushHeaders();
    if (!this.#isRunning) void this.#run();
    return stream;
  }

  remove(stream: Stream): void {
    this.#streams.delete(stream);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    const clock = this.#clock;
    while (!this.isEmpty) {
      const { text, workMs } = await this.#sample();
      const now = clock.now();
      this.#latest = text;
      for (const stream of this.#streams) write(stream, text, now);
      const ms = Math.min(REST_MS_MAX, workMs * REST_FACTOR);
      await new Promise<void>((resolve) => clock.setTimer(Math.max(this.#screen.everyMs, ms), resolve));
    }
    this.#isRunning = false;
  }

  async #sample(): Promise<{ text: string; workMs: number }> {
    try {
      const answer = (await this.#look()) ?? null;
      const { workMs = 0 } = (answer ?? {}) as { workMs?: number };
      return { text: `data: ${JSON.stringify(answer)}\n\n`, workMs: this.#screen.isDear ? workMs : 0 };
    } catch (error) {
      const { message } = asError(error);
      const code = error instanceof TroupeError ? error.code : undefined;
      return { text: `event: fault\ndata: ${JSON.stringify({ code, error: message })}\n\n`, workMs: 0 };
    }
  }
}

/** A page that does not read is given nothing more until it has taken what there is, or is cut. */
function write(stream: Stream, text: string, now: number): void {
  const { response } = stream;
  if (!response.writableNeedDrain) {
    stream.unreadSince = undefined;
    response.write(text);
    return;
  }
  stream.unreadSince ??= now;
  if (now - stream.unreadSince > UNREAD_MS_MAX) response.destroy();
}

/** The health of a system, as a load balancer, Kubernetes or systemd asks: started, ready, alive. */
import type { Clock, Timer } from '../vocabulary/clock.ts';
import type { WorkerInfo } from '../wire/control.ts';
import { type Answer, json, type Route, type WebRequest } from './route.ts';

/** Milliseconds for the store to answer a read. */
export const STORE_ANSWER_MS = 1_000;
/** Milliseconds that an answer of the store holds, however often it is asked for. */
export const STORE_LOOK_MS = 1_000;

export interface HealthParts {
  readonly clock: Clock;
  readonly workers: () => readonly WorkerInfo[];
  /** No new calls are taken. */
  readonly isClosing: () => boolean;
  /** A read of the store; undefined where no kind is durable. */
  readonly readStore: () => Promise<unknown> | undefined;
}

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly text: string;
}

export class Health {
  readonly #parts: HealthParts;
  #isStarted = false;
  #isDraining = false;
  #store: { at: number; check: Promise<Check> } | undefined;

  constructor(parts: HealthParts) {
    this.#parts = parts;
  }

  started(): void {
    this.#isStarted = true;
  }

  /** From now on and for good it is not ready. */
  drains(): void {
    this.#isDraining = true;
  }

  routes(): Route[] {
    const route = (path: string, handle: Route['handle']): Route => ({ method: 'GET', path, needs: 'none', handle });
    return [
      route('/livez', () => json({ status: 'alive' })),
      route('/startupz', () => statusOf('started', [this.#started()])),
      route('/readyz', async (request) => statusOf('ready', await this.#ready(request))),
    ];
  }

  async #ready({ query }: WebRequest): Promise<Check[]> {
    const isClosing = this.#isDraining || this.#parts.isClosing();
    const draining = { name: 'draining', ok: !isClosing, text: isClosing ? 'the system ends' : 'no' };
    const workers = checkWorkers(this.#parts.workers(), query.has('all'));
    return [this.#started(), draining, workers, ...(isClosing ? [] : await this.#stores())];
  }

  #started(): Check {
    return { name: 'started', ok: this.#isStarted, text: this.#isStarted ? 'yes' : 'not every worker is ready yet' };
  }

  /** Many probes, one look. */
  async #stores(): Promise<Check[]> {
    const { clock, readStore } = this.#parts;
    const now = clock.now();
    if (this.#store === undefined || now - this.#store.at >= STORE_LOOK_MS) {
      const answered = readStore();
      if (answered === undefined) return [];
      this.#store = { at: now, check: this.#checkStore(answered) };
    }
    return [await this.#store.check];
  }

  #checkStore(answered: Promise<unknown>): Promise<Check> {
    const { clock } = this.#parts;
    let timer: Timer | undefined;
    const late = new Promise<Check>((resolve) => {
      const text = `no answer within ${STORE_ANSWER_MS} ms`;
      timer = clock.setTimer(STORE_ANSWER_MS, () => resolve({ name: 'store', ok: false, text }));
    });
    const check = answered.then(
      () => ({ name: 'store', ok: true, text: 'answers' }),
      () => ({ name: 'store', ok: false, text: 'a read has failed' }),
    );
    return Promise.race([check, late]).finally(() => timer?.cancel());
  }
}

/**
 * Each role needs a worker: where one of several is replaced, the others host its actors meanwhile, and to take the whole system out of
 * traffic would do the harm that the replacement avoids. `all`: each worker that is not given up.
 */
export function checkWorkers(workers: readonly WorkerInfo[], all: boolean): Check {
  const isReady = ({ state }: WorkerInfo): boolean => state === 'ready';
  const ready = workers.filter(isReady).length;
  const text = workers.length === 0 ? 'none, all is in one process' : `${ready} of ${workers.length} ready`;
  const roles = [...new Set(workers.map(({ role }) => role))];
  const lacking = roles.filter((role) => !workers.some((one) => one.role === role && isReady(one)));
  const ok = all ? ready === workers.length : lacking.length === 0;
  return { name: 'workers', ok, text: lacking.length > 0 ? `${text}; no ${lacking.join(', no ')}` : text };
}

function statusOf(status: string, checks: readonly Check[]): Answer {
  const ok = checks.every((check) => check.ok);
  return json({ status: ok ? status : `not ${status}`, checks }, ok ? 200 : 503);
}

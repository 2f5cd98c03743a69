/** The sessions of one store: a few for what it writes, others for what it reads, opened when they are needed. */
import { Connection, type Row, type SessionOptions } from './connection.ts';
import { EngineError } from './engine-error.ts';

/** Statements that change something, at once. */
export const WRITE_SESSIONS = 4;
/** Statements that read, or settle, at once; others wait for their turn. */
export const READ_SESSIONS = 4;

/** The answer of a pooler, or of an old server, to the settings of a session; it is asked without them then. */
const NO_SETTINGS = /unsupported startup parameter|unrecognized configuration parameter/i;

export type Lane = 'write' | 'read';

export class Sessions {
  readonly #options: SessionOptions;
  readonly #idle: Record<Lane, Connection[]> = { write: [], read: [] };
  readonly #busy = new Set<Connection>();
  readonly #room: Record<Lane, number> = { write: WRITE_SESSIONS, read: READ_SESSIONS };
  readonly #waiting: Record<Lane, (() => void)[]> = { write: [], read: [] };
  #hasPooler = false;
  #isClosed = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** A pooler in between takes no settings of a session. */
  get hasPooler(): boolean {
    return this.#hasPooler;
  }

  /** One statement in a session of its own. Rejects with an EngineError. */
  async query(lane: Lane, text: string, values?: readonly unknown[]): Promise<Row[]> {
    if (this.#room[lane] === 0) await new Promise<void>((resolve) => this.#waiting[lane].push(resolve));
    else this.#room[lane]--;
    try {
      const session = await this.#take(lane);
      this.#busy.add(session);
      try {
        return await session.query(text, values);
      } finally {
        this.#busy.delete(session);
        if (session.isOpen && !this.#isClosed) this.#idle[lane].push(session);
        else if (this.#isClosed) void session.close();
      }
    } finally {
      const next = this.#waiting[lane].shift();
      if (next) next();
      else this.#room[lane]++;
    }
  }

  /** Idle sessions end in order, those that are busy at once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const session of this.#busy) session.destroy();
    const idle = [...this.#idle.write.splice(0), ...this.#idle.read.splice(0)];
    await Promise.all(idle.map((session) => session.close()));
  }

  async #take(lane: Lane): Promise<Connection> {
    for (;;) {
      if (this.#isClosed) throw new EngineError('the store is closed', 'not-applied', '', false);
      const idle = this.#idle[lane].pop();
      if (idle === undefined) return this.#open();
      if (idle.isOpen) return idle;
    }
  }

  async #open(): Promise<Connection> {
    try {
      return await Connection.open(this.#options, this.#hasPooler);
    } catch (error) {
      if (this.#hasPooler || !NO_SETTINGS.test((error as Error).message)) throw error;
      this.#hasPooler = true;
      return Connection.open(this.#options, true);
    }
  }
}

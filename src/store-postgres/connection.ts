/** One session with the server, and a deadline of our own for each statement; the one importer of pg. */
import { Buffer } from 'node:buffer';
import { Socket } from 'node:net';
import type pg from 'pg';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import { connectError, EngineError, statementError } from './engine-error.ts';

/** Milliseconds for a session to begin. */
export const CONNECT_MS_MAX = 5_000;
/** Milliseconds in which the server gives a statement up by itself, beyond our own deadline: for when nobody is there any more. */
export const SERVER_EXTRA_MS = 5_000;

/** Columns of a row as the engine writes them in text: pg reads its binary form as if it were text, and loses bytes. */
export type Row = readonly (string | null)[];

export interface SessionOptions {
  readonly url: string;
  /** Milliseconds for one statement. */
  readonly statementMs: number;
}

type Pg = typeof pg;

const RAW = { getTypeParser: () => (value: unknown) => value };

/** In a statement: bytes, whatever the server is set to write them as. */
export function sqlBytes(column: string): string {
  return `encode(${column}, 'base64')`;
}

/** The bytes that `sqlBytes` wrote. */
export function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'base64');
}

/** The same, of a column with the bytes of a text. */
export function textOf(text: string | null | undefined): string {
  return bytesOf(text ?? '').toString();
}

/** A number of the engine; one that is not whole is cut by some settings: as bytes it comes whole. */
export function numberOf(text: string | null | undefined): number {
  if (text === null || text === undefined) throw new Error('a number was expected; the engine gave none');
  return Number(text);
}

export async function loadPg(): Promise<Pg> {
  try {
    return (await import('pg')).default;
  } catch (error) {
    const text = `a system on PostgreSQL needs the package pg 8 (npm install pg); got ${asError(error).message}`;
    throw new TroupeError('INVALID_OPTIONS', text, { cause: error });
  }
}

export class Connection {
  readonly #client: pg.Client;
  readonly #socket: Socket;
  readonly #statementMs: number;
  #isOpen = true;

  private constructor(client: pg.Client, socket: Socket, statementMs: number) {
    this.#client = client;
    this.#socket = socket;
    this.#statementMs = statementMs;
    // Told twice where the server ends a session; nobody else listens.
    client.on('error', () => this.destroy());
    client.on('end', () => this.destroy());
  }

  /** Rejects with an EngineError. `hasPooler`: a pooler in between takes no settings of a session. */
  static async open({ url, statementMs }: SessionOptions, hasPooler: boolean): Promise<Connection> {
    const { Client } = await loadPg();
    const socket = new Socket();
    const client = new Client({
      connectionString: url,
      application_name: 'troupe',
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_MS_MAX,
      stream: () => socket,
      ...(hasPooler ? {} : sessionSettings(statementMs)),
    });
    const connection = new Connection(client, socket, statementMs);
    try {
      await client.connect();
    } catch (error) {
      connection.destroy();
      throw connectError(error);
    }
    return connection;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** One statement, in a transaction of its own. Rejects with an EngineError; after an unknown fate the session is over. */
  async query(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    if (!this.#isOpen) throw new EngineError('the session has ended', 'not-applied', '', true);
    let late: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      late = setTimeout(() => {
        this.destroy();
        reject(new EngineError(`no answer within ${this.#statementMs} ms`, 'unknown', '', true));
      }, this.#statementMs);
    });
    try {
      // Without a name: a pooler gives the next statement to another session.
      const config = { text, values: values as unknown[], rowMode: 'array', types: RAW } as const;
      const asked = this.#client.query(config);
      const result = await Promise.race([asked, deadline]);
      return result.rows as unknown as Row[];
    } catch (error) {
      const fault = statementError(error);
      if (fault.fate === 'unknown') this.destroy();
      throw fault;
    } finally {
      clearTimeout(late);
    }
  }

  /** At once. */
  destroy(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#socket.destroy();
    this.#client.end().catch(() => {});
  }

  /** In order: the server hears of it. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const ended = this.#client.end().catch(() => {});
    const late = setTimeout(() => this.#socket.destroy(), 1_000);
    await ended;
    clearTimeout(late);
  }
}

/** With the defaults nothing ever ends: a session whose client is gone keeps its locks. */
function sessionSettings(statementMs: number): Record<string, unknown> {
  const serverMs = statementMs + SERVER_EXTRA_MS;
  return {
    statement_timeout: serverMs,
    lock_timeout: serverMs,
    idle_in_transaction_session_timeout: serverMs,
    options: `-c client_connection_check_interval=${Math.min(serverMs, 10_000)}`,
  };
}

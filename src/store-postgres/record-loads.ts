/**
 * Values of records that are asked for one by one, read together: those that are asked for while statements read go with the next. A machine that
 * takes over thousands of actors would else wait for a trip to the server for each.
 */
import { Buffer } from 'node:buffer';
import type { ActorId } from '../vocabulary/address.ts';
import { byteaArray } from './binary-arrays.ts';
import { bytesOf, type Row, sqlBytes, textOf } from './connection.ts';

/** Records that one statement reads. */
export const LOADED_TOGETHER_MAX = 256;
/** Statements that read records at once; other reads have sessions left. */
export const LOADS_AT_ONCE = 2;

type ReadValues = (ids: readonly ActorId[]) => Promise<ReadonlyMap<ActorId, Buffer>>;

interface Waiting {
  readonly id: ActorId;
  resolve(value: Buffer | undefined): void;
  reject(error: unknown): void;
}

export class RecordLoads {
  readonly #read: ReadValues;
  #waiting: Waiting[] = [];
  #statements = 0;

  constructor(read: ReadValues) {
    this.#read = read;
  }

  /** Undefined: there is none. */
  get(id: ActorId): Promise<Buffer | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id, resolve, reject });
      if (this.#waiting.length === 1) queueMicrotask(() => this.#begin());
    });
  }

  #begin(): void {
    while (this.#waiting.length > 0 && this.#statements < LOADS_AT_ONCE) {
      this.#statements++;
      void this.#load(this.#waiting.splice(0, LOADED_TOGETHER_MAX)).finally(() => {
        this.#statements--;
        this.#begin();
      });
    }
  }

  async #load(wanted: readonly Waiting[]): Promise<void> {
    try {
      const values = await this.#read([...new Set(wanted.map(({ id }) => id))]);
      for (const { id, resolve } of wanted) resolve(values.get(id));
    } catch (error) {
      for (const { reject } of wanted) reject(error);
    }
  }
}

export async function readValues(
  ask: (text: string, values: readonly unknown[]) => Promise<Row[]>,
  schema: string,
  ids: readonly ActorId[],
): Promise<Map<ActorId, Buffer>> {
  const text = `select ${sqlBytes('id')}, ${sqlBytes('value')} from ${schema}.records where id = any($1::bytea[])`;
  const rows = await ask(text, [byteaArray(ids.map((id) => Buffer.from(id)))]);
  return new Map(rows.map(([id, value]) => [textOf(id), bytesOf(value as string)]));
}

export interface WholeRecord {
  readonly value: Buffer;
  readonly outside: ReadonlyMap<string, Uint8Array>;
}

/** The head and the parts with rows of their own, in one statement: a commit may come in between. */
export async function readWhole(
  ask: (text: string, values: readonly unknown[]) => Promise<Row[]>,
  schema: string,
  id: ActorId,
): Promise<WholeRecord | undefined> {
  const columns = ['r.value', 'p.name', 'p.bytes'].map(sqlBytes).join(', ');
  const text = `select ${columns} from ${schema}.records r left join ${schema}.parts p on p.id = r.id where r.id = $1::bytea`;
  const rows = await ask(text, [Buffer.from(id)]);
  const value = rows[0]?.[0];
  if (!value) return undefined;
  const outside = new Map<string, Uint8Array>();
  for (const [, name, bytes] of rows) if (name) outside.set(textOf(name), new Uint8Array(bytesOf(bytes as string)));
  return { value: bytesOf(value), outside };
}

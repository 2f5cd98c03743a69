/** Entries of the directory as bytes: rows of machines, and the table of partitions. Bytes of other builds are not trusted. */
import type { Entry } from '../directory/directory.ts';
import type { SeenTable } from '../machines/machine-command.ts';
import type { MachineId, MachineRow, MachineState } from '../machines/machine-row.ts';
import { NOBODY, type PartitionTable } from '../machines/partition-table.ts';
import type { MachineInfo } from '../observe/machine-info.ts';

export const ROW_PREFIX = 'machine/';
export const TABLE_KEY = 'machine-table';
export const PAUSES_KEY = 'machine-pauses';
/** All that a machine watches begins so. */
export const WATCHED_PREFIX = 'machine';
/** Of the form of the entries; one of a later build is not read. */
const FORM = 1;
/** Of the states of actors that machines hand over to each other: who has another one begins them from their records. */
const STATE_FORM = 1;
const STATES: readonly MachineState[] = ['live', 'leaving', 'lost'];

export function rowKey(id: MachineId): string {
  return `${ROW_PREFIX}${id}`;
}

export function encodeRow(row: MachineRow): Uint8Array {
  return encoded({ form: FORM, ...row, takesState: STATE_FORM });
}

/** Undefined: no row that this build can read. */
export function decodeRow(value: Uint8Array): MachineRow | undefined {
  const { form, state, leaseMs, address, workers, takesState } = decoded(value);
  if (form !== FORM || !isNumber(leaseMs) || !isNumber(workers) || typeof address !== 'string') return undefined;
  const known = STATES.find((one) => one === state);
  return known && { state: known, leaseMs, address, workers, takesState: takesState === STATE_FORM };
}

/** One row of `system.machines()`. */
export function infoOf(id: MachineId, { state, address, workers, leaseMs }: MachineRow): MachineInfo {
  return { id, state, address, workers, leaseMs };
}

/** Machines are named once, and their numbers stand in the lists. */
export function encodeTable({ epoch, owners, epochs, handedBy, pinned }: PartitionTable): Uint8Array {
  const names = [...new Set([...owners, ...handedBy])];
  const numbers = new Map(names.map((name, at) => [name, at]));
  const numbered = (ids: readonly MachineId[]): (number | undefined)[] => ids.map((id) => numbers.get(id));
  return encoded({ form: FORM, epoch, names, owners: numbered(owners), epochs, handedBy: numbered(handedBy), pinned });
}

export function decodeTable(value: Uint8Array): PartitionTable | undefined {
  // A build that knows no pins writes none.
  const { form, epoch, names, owners, epochs, handedBy, pinned = [] } = decoded(value);
  const lists = [owners, epochs, handedBy];
  if (form !== FORM || !isNumber(epoch) || !isListOf(names, (name) => typeof name === 'string')) return undefined;
  if (!lists.every((list) => isListOf(list, isNumber) && list.length === (owners as unknown[]).length))
    return undefined;
  if (!isListOf(pinned, (one) => isNumber(one) && one < (owners as unknown[]).length)) return undefined;
  const named = (numbers: unknown): MachineId[] =>
    (numbers as number[]).map((at) => (names as MachineId[])[at] ?? NOBODY);
  return {
    epoch,
    owners: named(owners),
    epochs: epochs as number[],
    handedBy: named(handedBy),
    pinned: pinned as number[],
  };
}

/** Nearly always it is the one that is known: each renewal reads it. Undefined as of `decodeTable`. */
export function tableOf(
  { value, revision }: Pick<Entry, 'value' | 'revision'>,
  known: SeenTable | undefined,
): PartitionTable | undefined {
  return known?.revision === revision ? known.table : decodeTable(value);
}

function encoded(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function decoded(value: Uint8Array): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(value));
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isListOf(value: unknown, isOne: (part: unknown) => boolean): value is unknown[] {
  return Array.isArray(value) && value.every(isOne);
}

/**
 * A state as bytes, and back: plain data, or what a machine packs, through the migrations of its definition.
 * A state is encoded whole after each turn and written only where its bytes differ (docs/decisions/0021 says why).
 */
import type { Cell } from '../actor/cell.ts';
import type { Behaviour } from '../actor/behaviour.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { decodeValue, encodeValue } from '../wire/codec.ts';
import { encodeFlat } from './flat-values.ts';
import { PART_BYTES_MAX } from '../store/commit-rules.ts';

/** Bytes up to which states are quicker compared here than by a call into native code. */
const SHORT_STATE = 64;

export interface StateForm {
  /** Undefined: there is none. */
  readonly bytes: Uint8Array | undefined;
  /** Of its shape. */
  readonly version: number;
}

/** Milliseconds by which the two clocks may differ without being noted. */
const DRIFT_MS = 10;
const aheadBefore = new WeakMap<Cell, number>();

interface PackedMachine {
  packed: unknown;
  /** Milliseconds by which the wall clock was ahead of `Clock.now()`: the next start has another such clock. */
  aheadMs: number;
}

/** Throws INVALID_MESSAGE, naming the path in the state that is no plain data. */
export function stateBytes(cell: Cell): Uint8Array {
  const { behaviour, context, id } = cell;
  try {
    if (!behaviour.pack) return encodeFlat(context.state) ?? encodeValue(context.state, PART_BYTES_MAX);
    const machine: PackedMachine = { packed: behaviour.pack(context), aheadMs: aheadOf(cell) };
    return encodeValue(machine, PART_BYTES_MAX);
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error;
    const text = `the state of ${id} is plain data; ${error.message.replace(/\bmessage\b(?=[.[:])/, 'state')}`;
    throw new TroupeError(error.code, text, { fate: 'executed', cause: error });
  }
}

/** The same as before until the clocks have drifted apart, so that the bytes of an unchanged machine are the same. */
function aheadOf(cell: Cell): number {
  const { clock } = cell.kernel;
  const aheadMs = clock.wall() - clock.now();
  const before = aheadBefore.get(cell);
  if (before !== undefined && Math.abs(aheadMs - before) < DRIFT_MS) return before;
  aheadBefore.set(cell, aheadMs);
  return aheadMs;
}

export function restoreState(cell: Cell, { bytes, version }: StateForm, toRef: (id: ActorId) => unknown): void {
  const { behaviour, context, kernel } = cell;
  const value = migrated(cell, bytes && decodeValue(bytes, toRef), version);
  if (isPackedMachine(value) !== (behaviour.unpack !== undefined))
    throw otherForm(cell.id, behaviour.unpack !== undefined);
  if (!behaviour.unpack) {
    context.state = value;
    return;
  }
  const { clock } = kernel;
  const { packed, aheadMs } = value as PackedMachine;
  behaviour.unpack(context, packed, aheadMs - (clock.wall() - clock.now()));
}

/** A state that was read from a record, as somebody who looks is shown it. */
export function viewOfStored(behaviour: Behaviour | undefined, value: unknown): unknown {
  return behaviour?.viewOf && isPackedMachine(value) ? behaviour.viewOf(value.packed) : value;
}

function isPackedMachine(value: unknown): value is PackedMachine {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'packed')) return false;
  return Object.keys(value).length === 2 && typeof (value as Partial<PackedMachine>).aheadMs === 'number';
}

function otherForm(id: ActorId, isMachine: boolean): TroupeError {
  const [is, was] = isMachine ? ['a machine', 'no machine'] : ['no machine', 'a machine'];
  const text = `the state of ${id} is that of ${was}, and its kind is ${is} now; give the kind another name`;
  return new TroupeError('STORE_FAILED', text);
}

function migrated({ behaviour, id }: Cell, state: unknown, version: number): unknown {
  const { version: wanted, migrate } = behaviour.durable ?? { version: 1, migrate: new Map() };
  if (version > wanted) {
    const text = `the state of ${id} has version ${version}, of a newer program; this one knows versions up to ${wanted}`;
    throw new TroupeError('STORE_FAILED', text);
  }
  let value = state;
  for (let from = version; from < wanted; from++) {
    const step = migrate.get(from);
    if (!step) {
      const text = `the state of ${id} has version ${from}, and there is no durable.migrate[${from}]`;
      throw new TroupeError('STORE_FAILED', text);
    }
    value = step(value);
  }
  return value;
}

/** Most states are short, and nearly all have changed. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  if (one.length > SHORT_STATE) return Buffer.compare(one, other) === 0;
  for (let at = one.length; at-- > 0; ) if (one[at] !== other[at]) return false;
  return true;
}

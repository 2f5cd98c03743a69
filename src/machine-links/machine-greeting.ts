/**
 * The greeting of two machines, each one JSON in one frame (wire/handshake.ts), inside TLS that has shown both certificates:
 *
 *   dialling process ──► hello: version, cluster, machine, process; what it wants: a link, a look, or that another is looked at
 *                    ◄── welcome: the same of the master that answers, once it has done so;  or refused: why
 *
 * A greeting that cannot be read is closed without a word.
 */
import type { MachineId } from '../machines/machine-row.ts';
import { ERROR_CODES, type ErrorCode, TroupeError } from '../vocabulary/errors.ts';
import { inspect } from '../plain-data/inspect.ts';
import { decodeGreeting } from '../wire/handshake.ts';
import type { MachinePeer } from './machine-network.ts';
import type { Reachable } from './reach-survey.ts';

/** The terms that both ends must have the same. */
export interface MachineTerms {
  readonly version: number;
  readonly cluster: string;
}

export interface MachineHello extends MachineTerms, MachinePeer {
  readonly troupe: 'machine';
  /** The machine that it means to reach: one that has taken the address over says so. */
  readonly to: MachineId;
  /** `look`: the welcome is all it wants. A machine: that the one who answers looks at that one first. */
  readonly wants: 'link' | 'look' | Reachable;
}

export interface MachineWelcome extends MachineTerms, MachinePeer {
  readonly troupe: 'machine';
  /** Milliseconds of the monotonic clock of the one who answers. */
  readonly now: number;
  /** Why the machine that it was to look at is not reached. */
  readonly unreached?: string;
}

export interface MachineRefused {
  readonly troupe: 'machine';
  readonly refused: ErrorCode;
  readonly message: string;
}

/** Characters of an id, a cluster's name, an address or a reason that the other end says. */
export const TEXT_LENGTH_MAX = 512;

/** One of another version. */
const NOBODY = { cluster: '', machine: '', process: 0, incarnation: 0, to: '', wants: 'look' } as const;

/** Undefined where it is none. Of another version only that is known. */
export function decodeMachineHello(bytes: Uint8Array, version: number): MachineHello | undefined {
  const data = decodeGreeting(bytes) as Partial<MachineHello> | undefined;
  if (data?.troupe !== 'machine' || typeof data.version !== 'number') return undefined;
  const { version: theirs, to, wants } = data;
  if (theirs !== version) return { troupe: 'machine', version: theirs, ...NOBODY };
  const isKnown = wants === 'link' || wants === 'look' || (isText(wants?.machine) && isText(wants.address));
  if (!isWhole(data) || !isText(to) || !isKnown) return undefined;
  return data as MachineHello;
}

export function decodeMachineAnswer(bytes: Uint8Array): MachineWelcome | MachineRefused | undefined {
  const data = decodeGreeting(bytes) as Partial<MachineWelcome & MachineRefused> | undefined;
  if (data?.troupe !== 'machine') return undefined;
  if (data.refused === undefined) {
    const isReason = data.unreached === undefined || typeof data.unreached === 'string';
    return isWhole(data) && typeof data.now === 'number' && isReason ? (data as MachineWelcome) : undefined;
  }
  const isKnown = typeof data.refused === 'string' && Object.hasOwn(ERROR_CODES, data.refused);
  return isKnown && isText(data.message) ? (data as MachineRefused) : undefined;
}

/** The difference that keeps two ends from understanding each other. */
export function faultOfTerms(own: MachineTerms, theirs: MachineTerms): TroupeError | undefined {
  if (theirs.version !== own.version) {
    const text = `a link between machines needs wire version ${own.version} on both ends; got ${inspect(theirs.version)}`;
    return new TroupeError('INVALID_OPTIONS', text);
  }
  if (theirs.cluster === own.cluster) return undefined;
  const text = `a link joins machines of the cluster ${inspect(own.cluster)}; got ${inspect(theirs.cluster)}`;
  return new TroupeError('INVALID_OPTIONS', text);
}

function isWhole({ version, cluster, machine, process, incarnation }: Partial<MachineWelcome>): boolean {
  return isCount(version) && isText(cluster) && isText(machine) && isCount(process) && isCount(incarnation);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= TEXT_LENGTH_MAX;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

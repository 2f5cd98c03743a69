/**
 * A machine, or a process of one, is lost that had passed mail on. Its last frames may lie in links that their receivers have not read, and links are read in
 * any order: newer mail by another route waits until they have been read to their ends.
 */
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import { type ActorId, processAddress } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { isForeignWorker, MACHINE_INDEX_MIN, machineIndexOf } from '../vocabulary/host-index.ts';
import type { ForeignMachine, MasterRequest } from '../wire/control.ts';
import type { LostSource } from '../wire/process-query.ts';
import type { CallArgument } from '../wire/entry.ts';

/** The call of another machine: its arguments are a machine, and the address of one of its processes, or ''. */
export const READ_TO_END = 'read-to-end';
/** Milliseconds that a process waits for the ends of such links: the links of one that is seen to be lost from elsewhere only do not end. */
export const READ_MS_MAX = 4_000;
/** Milliseconds for the answer of a machine; and until it is asked again where it gave none. */
export const READ_ANSWER_MS: number = 3 * READ_MS_MAX;
export const READ_AGAIN_MS = 200;

export interface LostRoutesParts {
  readonly clock: Clock;
  others(): readonly ForeignMachine[];
  /** As the table has it. Linked to from now on. */
  peer(index: number): OutboundQueue | undefined;
  /** Rejects where it gives no answer in time. */
  call(machine: ForeignMachine, name: string, args: readonly CallArgument[], withinMs: number): Promise<unknown>;
  /** Of the own master. */
  request(what: MasterRequest): Promise<unknown>;
}

export class LostRoutes {
  readonly #parts: LostRoutesParts;
  #isClosed = false;

  constructor(parts: LostRoutesParts) {
    this.#parts = parts;
  }

  /** The process, or the machine, that passes on what goes to that peer. Undefined: it is no other machine's, or is not known any more. */
  sourceOf({ index }: OutboundQueue): LostSource | undefined {
    const of = this.#machine(machineIndexOf(index));
    if (of === undefined || !isForeignWorker(index)) return of && { machine: of.machine, address: '' };
    const worker = of.workers.find((one) => one.index === index);
    return worker && { machine: of.machine, address: processAddress(worker.process, worker.incarnation) };
  }

  /** The same process, by a link under another name of this machine. */
  linkedAnew(through: OutboundQueue): OutboundQueue | undefined {
    const peer = this.#machine(machineIndexOf(through.index)) && this.#parts.peer(through.index);
    return peer !== through && peer?.index === through.index ? peer : undefined;
  }

  /** Resolves once that machine, or this one where `to` is a worker of it, has read what came from there; or is lost itself. */
  async read({ machine, address }: LostSource, to: number): Promise<void> {
    const { clock, call, request } = this.#parts;
    while (!this.#isClosed) {
      const there = this.#machine(to);
      // Between its own processes no link of another machine is on the way.
      if (to >= MACHINE_INDEX_MIN && (there === undefined || there.machine === machine)) return;
      const answer = there
        ? call(there, READ_TO_END, [machine, address], READ_ANSWER_MS)
        : request({ kind: READ_TO_END, machine, address });
      if (await answer.then(isDone, isUnknown)) return;
      await new Promise<void>((resolve) => clock.setTimer(READ_AGAIN_MS, resolve));
    }
  }

  close(): void {
    this.#isClosed = true;
  }

  #machine(index: number): ForeignMachine | undefined {
    return this.#parts.others().find((one) => one.index === index);
  }
}

/** The answer of this machine to a call of another; undefined: it is about something else. */
export function answerReadToEnd(
  request: (what: MasterRequest) => Promise<unknown>,
  name: string,
  [machine, address]: readonly CallArgument[],
): Promise<unknown> | undefined {
  if (name !== READ_TO_END) return undefined;
  return request({ kind: READ_TO_END, machine: String(machine), address: String(address) as ActorId | '' });
}

const isDone = (): boolean => true;

/** A machine of an older build does not know the question; whoever gave no answer is asked again. */
const isUnknown = (error: unknown): boolean => !(error instanceof TroupeError && error.code === 'ACTOR_UNAVAILABLE');

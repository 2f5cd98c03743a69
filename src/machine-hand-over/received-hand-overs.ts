/**
 * Actors and mail that other machines have handed over, in the way in: kept until the table of partitions names this machine their owner, then
 * sent on to the workers that host them. A later hand-over of the same process takes the place of an earlier one, and so does one of the same partition: the
 * process of an earlier one may have died since.
 */
import { Buffer } from 'node:buffer';
import type { TransferredActor } from '../actor/transfer.ts';
import { type MailKind, pieceOf, readMail, readPacked } from '../handoff/transfer-codec.ts';
import { shardOf } from '../placement/shard.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope, ReplyTo } from '../vocabulary/envelope.ts';
import { senseless } from '../frames/entry-validation.ts';
import { weighMessage } from '../plain-data/weight.ts';
import type { ClockDifference } from '../machine-routes/machine-clocks.ts';
import { onClockOf } from '../machine-routes/moved-times.ts';

/** An actor with its encoded state, or mail of one kind, in the order in which it was sent. */
export type Arrived =
  | { readonly actor: TransferredActor; readonly state: Uint8Array | undefined }
  | { readonly kind: MailKind; readonly envelope: Envelope };

/** Encoded bytes that wait here for their tables, of all machines; what is beyond is refused, and stays where it is. */
export const ARRIVALS_BYTES_MAX: number = 512 * 1024 * 1024;

/** `whole`: that was the last part of it. `refused`: there is no room for it. */
export type PartAnswer = 'more' | 'whole' | 'refused';

/** From one process of one machine. */
interface Stream {
  readonly machine: string;
  readonly move: number;
  readonly partitions: number[];
  readonly items: Arrived[];
  isWhole: boolean;
  bytes: number;
}

export interface ReceivedHandOverParts {
  toRef(id: ActorId): unknown;
  replyTo(process: ActorId, correlation: number): ReplyTo;
  /** All of it is here. */
  arrived(machine: string, partitions: number[]): void;
  /** Default: `ARRIVALS_BYTES_MAX`. */
  readonly bytesMax?: number;
}

export class ReceivedHandOvers {
  readonly #parts: ReceivedHandOverParts;
  readonly #streams = new Map<ActorId, Stream>();
  /** Of the actor that arrives at present, by process. */
  readonly #bytes = new Map<ActorId, Uint8Array[]>();

  constructor(parts: ReceivedHandOverParts) {
    this.#parts = parts;
  }

  part(process: ActorId, machine: string, move: number, part: unknown, clocks: ClockDifference): PartAnswer {
    const [what, partitions] = Array.isArray(part) ? part : [];
    if (what === 'begin') {
      this.#bytes.delete(process);
      const begun = { machine, move, partitions: listOf(partitions), items: [], isWhole: false, bytes: 0 };
      this.#streams.set(process, begun);
      return 'more';
    }
    const stream = this.#streams.get(process);
    if (stream?.move !== move || stream.isWhole) return 'more';
    if (what !== 'end') return this.#add(process, stream, part, clocks);
    stream.isWhole = true;
    this.#parts.arrived(machine, stream.partitions);
    return 'whole';
  }

  get bytes(): number {
    let sum = 0;
    for (const stream of this.#streams.values()) sum += stream.bytes;
    return sum;
  }

  /** All that a machine has handed over in these partitions; it is not kept any longer. */
  take(machine: string, partitions: ReadonlySet<number>): Arrived[] {
    const taken: Arrived[] = [];
    const last = this.#lastMoves(machine);
    for (const [process, stream] of this.#streams) {
      if (stream.machine !== machine || !stream.isWhole) continue;
      this.#streams.delete(process);
      for (const item of stream.items) {
        const partition = partitionOf(item);
        if (partitions.has(partition) && last.get(partition) === stream.move) taken.push(item);
      }
    }
    return taken;
  }

  /** By partition. */
  #lastMoves(machine: string): Map<number, number> {
    const last = new Map<number, number>();
    for (const stream of this.#streams.values()) {
      if (stream.machine !== machine || !stream.isWhole) continue;
      for (const partition of stream.partitions) last.set(partition, Math.max(last.get(partition) ?? 0, stream.move));
    }
    return last;
  }

  /** Of machines that are gone nothing is to come. */
  keep(isThere: (machine: string) => boolean): void {
    for (const [process, { machine }] of this.#streams) if (!isThere(machine)) this.#streams.delete(process);
  }

  #add(process: ActorId, stream: Stream, part: unknown, clocks: ClockDifference): PartAnswer {
    const piece = pieceOf(part);
    if (piece === null) throw senseless('a part of what is handed over', part);
    const { items } = stream;
    stream.bytes += piece[0] === 'actor' ? piece[1].byteLength : weighMessage(piece[1]);
    if (this.bytes > (this.#parts.bytesMax ?? ARRIVALS_BYTES_MAX)) {
      this.#streams.delete(process);
      return 'refused';
    }
    if (piece[0] !== 'actor') {
      const { toRef, replyTo } = this.#parts;
      for (const envelope of readMail(piece[1], toRef, replyTo)) {
        if (envelope.deadline > 0) envelope.deadline = Math.max(1, envelope.deadline + clocks.least);
        items.push({ kind: piece[0], envelope });
      }
      return 'more';
    }
    const bytes = this.#bytes.get(process) ?? [];
    bytes.push(piece[1]);
    this.#bytes.set(process, bytes);
    if (!piece[2]) return 'more';
    this.#bytes.delete(process);
    const [actor, state] = readPacked(Buffer.concat(bytes), this.#parts.toRef);
    items.push({ actor: onClockOf(actor, clocks.most), state });
    return 'more';
  }
}

export function partitionOf(item: Arrived): number {
  if ('actor' in item) return shardOf(item.actor.id);
  const { sender, to } = item.envelope;
  return shardOf(item.kind === 'outbound' && sender !== undefined ? sender : to);
}

function listOf(value: unknown): number[] {
  if (Array.isArray(value) && value.every((one) => Number.isInteger(one))) return value as number[];
  throw senseless('partitions that are handed over', value);
}

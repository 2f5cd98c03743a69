/**
 * The wires of a network in memory, between ends that are named by texts: links are joined here, and can be cut, stalled, or lose an end. The
 * handshake before that is the business of the networks that stand on this.
 */
import type { Clock } from '../vocabulary/clock.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { LinkPeer } from '../wire/link.ts';
import { MemoryLink } from './memory-link.ts';
import { MemoryPipe } from './memory-pipe.ts';

const BLOCKED_FRAMES = 64;
const FRAME_BYTES_MAX = 64 * 1024 * 1024;

export interface MemoryWiresOptions<Name extends string = string> {
  clock: Clock;
  /** How late one frame from `from` to `to` is; 0: as soon as the clock runs deferred work. */
  delayMs?: (from: Name, to: Name) => number;
  /** More frames in flight than this and `write` says false. */
  blockedFrames?: number;
  frameBytesMax?: number;
}

/** One end of a link to be: its name among the wires, and who it is to the other end. */
export interface WireEnd<Name extends string> {
  readonly name: Name;
  readonly peer: LinkPeer;
}

/** One link, by the names of its ends. */
interface Joint<Name extends string> {
  ends: ReadonlyMap<Name, MemoryLink>;
  /** The end that a name's own link leads to. */
  other: ReadonlyMap<Name, Name>;
}

export class MemoryWires<Name extends string = string> {
  private readonly options: MemoryWiresOptions<Name>;
  private readonly joints: Set<Joint<Name>> = new Set();
  private readonly stalls: Set<string> = new Set();
  private readonly frozen: Set<Name> = new Set();
  private readonly dead: Set<Name> = new Set();

  constructor(options: MemoryWiresOptions<Name>) {
    this.options = options;
  }

  isDead(name: Name): boolean {
    return this.dead.has(name);
  }

  /** Both ends read what is in flight, then the end. */
  cut(a: Name, b: Name): void {
    for (const joint of this.between(a, b)) {
      for (const end of joint.ends.values()) end.close();
    }
  }

  /**
   * The link breaks at `a`: what that was sent and has not read is lost, and of what it wrote the tail that had no room yet.
   * It breaks at `b` while `a` has put off a frame: a process breaks a link because of what it reads, and then reads nothing.
   */
  reset(a: Name, b: Name): void {
    for (const { ends } of this.between(a, b)) {
      const end = [a, b].map((name) => ends.get(name)).find((one) => one?.isPaused === false);
      end?.destroy(new Error('the link was reset'));
    }
  }

  /** The process is frozen: what it wrote goes on arriving, what is written to it waits. */
  freeze(name: Name): void {
    this.frozen.add(name);
    this.tellStalled(name);
  }

  thaw(name: Name): void {
    if (this.frozen.delete(name)) this.tellStalled(name);
  }

  /** Frames and ends between the two wait, also on links that they open later. */
  stall(a: Name, b: Name): void {
    this.stalls.add(pairOf(a, b));
    this.tellStalled(a);
  }

  unstall(a: Name, b: Name): void {
    if (this.stalls.delete(pairOf(a, b))) this.tellStalled(a);
  }

  /**
   * The process is gone: it hears nothing more, and the others read what it wrote and then the end. Of the frames to
   * each other process that are not read yet, `lost` says how many of the last never arrive.
   */
  kill(name: Name, lost: (to: Name, unread: number) => number = () => 0): void {
    if (this.dead.has(name)) return;
    this.dead.add(name);
    this.thaw(name);
    for (const pair of [...this.stalls]) if (pair.split(' ').includes(name)) this.stalls.delete(pair);
    this.tellStalled(name);
    for (const { ends, other } of this.joints) {
      const end = ends.get(name);
      if (end !== undefined) end.die(lost(other.get(name) as Name, end.unread));
    }
  }

  /** Links two ends. */
  join(near: WireEnd<Name>, far: WireEnd<Name>): [near: MemoryLink, far: MemoryLink] {
    const a = near.name;
    const b = far.name;
    if (a === b) throw new TroupeError('INVALID_OPTIONS', `a link joins two processes; got ${a} twice`);
    const { clock, frameBytesMax = FRAME_BYTES_MAX } = this.options;
    const there = this.pipe(a, b);
    const back = this.pipe(b, a);
    const nearEnd = new MemoryLink(far.peer, there, back, clock, frameBytesMax);
    const farEnd = new MemoryLink(near.peer, back, there, clock, frameBytesMax);
    this.forgetEnded();
    const ends = new Map([
      [a, nearEnd],
      [b, farEnd],
    ]);
    const other = new Map([
      [a, b],
      [b, a],
    ]);
    this.joints.add({ ends, other });
    return [nearEnd, farEnd];
  }

  private pipe(from: Name, to: Name): MemoryPipe {
    const { clock, delayMs, blockedFrames = BLOCKED_FRAMES } = this.options;
    const pipe = new MemoryPipe(clock, delayMs === undefined ? () => 0 : () => delayMs(from, to), blockedFrames);
    pipe.stall(this.isStalled(from, to));
    return pipe;
  }

  /** Nothing gets from one to the other for now. */
  isStalled(from: Name, to: Name): boolean {
    return this.frozen.has(to) || this.stalls.has(pairOf(from, to));
  }

  /** The pipes from and to a process are stalled now, or not any more. */
  private tellStalled(name: Name): void {
    for (const { ends, other } of this.joints) {
      if (!ends.has(name)) continue;
      for (const [from, end] of ends) end.stalled = this.isStalled(from, other.get(from) as Name);
    }
  }

  private forgetEnded(): void {
    for (const joint of this.joints) if ([...joint.ends.values()].every((end) => end.over)) this.joints.delete(joint);
  }

  private *between(a: Name, b: Name): Generator<Joint<Name>> {
    for (const joint of this.joints) if (joint.ends.has(a) && joint.ends.has(b)) yield joint;
  }
}

function pairOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

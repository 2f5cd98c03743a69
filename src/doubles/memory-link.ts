/**
 * The network of tests and the simulation: every process has its own LinkNetwork, all in one Node.js process and on one
 * clock, and links can be cut, stalled, or lose a process.
 */
import { type ActorId, processAddress } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { faultOfAnswer, isSameToken, mismatch, unreachable } from '../wire/handshake.ts';
import type { Handshake, Link, LinkNetwork, LinkPeer } from '../wire/link.ts';
import { MemoryLink } from './memory-end.ts';
import { MemoryPipe } from './memory-pipe.ts';

const BLOCKED_FRAMES = 64;
const FRAME_BYTES_MAX = 64 * 1024 * 1024;

export interface MemoryNetworkOptions {
  clock: Clock;
  /** How late one frame from `from` to `to` is; 0: as soon as the clock runs deferred work. */
  delayMs?: (from: ActorId, to: ActorId) => number;
  /** More frames in flight than this and `write` says false. */
  blockedFrames?: number;
  frameBytesMax?: number;
}

interface Listening {
  handshake: Handshake;
  accept: (link: Link) => void;
}

/** One link, by the addresses of its ends. */
interface Joint {
  ends: ReadonlyMap<ActorId, MemoryLink>;
}

export class MemoryNetwork {
  private readonly options: MemoryNetworkOptions;
  private readonly listening: Map<string, Listening> = new Map();
  private readonly joints: Set<Joint> = new Set();
  private readonly stalls: Set<string> = new Set();
  private readonly frozen: Set<ActorId> = new Set();
  private readonly dead: Set<ActorId> = new Set();

  constructor(options: MemoryNetworkOptions) {
    this.options = options;
  }

  /** The network as one process sees it. */
  host(): LinkNetwork {
    let path: string | undefined;
    return {
      listen: async (handshake, accept) => {
        path = pathOf(addressOf(handshake.self));
        this.listening.set(path, { handshake, accept });
        return path;
      },
      connect: (to, handshake, peer) => this.connect(to, handshake, peer),
      close: async () => {
        if (path !== undefined) this.listening.delete(path);
      },
    };
  }

  /** Both ends read what is in flight, then the end. */
  cut(a: ActorId, b: ActorId): void {
    for (const joint of this.between(a, b)) {
      for (const end of joint.ends.values()) end.close();
    }
  }

  /**
   * The link breaks at `a`: what that was sent and has not read is lost, and of what it wrote the tail that had no room yet.
   * It breaks at `b` while `a` has put off a frame: a process breaks a link because of what it reads, and then reads nothing.
   */
  reset(a: ActorId, b: ActorId): void {
    for (const { ends } of this.between(a, b)) {
      const end = [a, b].map((address) => ends.get(address)).find((one) => one?.isPaused === false);
      end?.destroy(new Error('the link was reset'));
    }
  }

  /** The process is frozen: what it wrote goes on arriving, what is written to it waits. */
  freeze(address: ActorId): void {
    this.frozen.add(address);
    this.tellStalled(address);
  }

  thaw(address: ActorId): void {
    if (this.frozen.delete(address)) this.tellStalled(address);
  }

  /** Frames and ends between the two wait, also on links that they open later. */
  stall(a: ActorId, b: ActorId): void {
    this.stalls.add(pairOf(a, b));
    this.tellStalled(a);
  }

  unstall(a: ActorId, b: ActorId): void {
    if (this.stalls.delete(pairOf(a, b))) this.tellStalled(a);
  }

  /**
   * The process is gone: it hears nothing more, and the others read what it wrote and then the end. Of the frames to
   * each other process that are not read yet, `lost` says how many of the last never arrive.
   */
  kill(address: ActorId, lost: (to: ActorId, unread: number) => number = () => 0): void {
    if (this.dead.has(address)) return;
    this.dead.add(address);
    this.thaw(address);
    for (const pair of [...this.stalls]) if (pair.split(' ').includes(address)) this.stalls.delete(pair);
    this.tellStalled(address);
    this.listening.delete(pathOf(address));
    for (const joint of this.joints) {
      const end = joint.ends.get(address);
      if (end !== undefined) end.die(lost(addressOf(end.peer), end.unread));
    }
  }

  private connect(path: string, own: Handshake, peer: LinkPeer): Promise<Link> {
    return new Promise((resolve, reject) => {
      this.options.clock.defer(() => {
        // A dead process hears nothing, not even that it could not link.
        if (this.dead.has(addressOf(own.self))) return;
        try {
          resolve(this.meet(path, own, peer));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  private meet(path: string, own: Handshake, peer: LinkPeer): Link {
    const there = this.listening.get(path);
    if (there === undefined) throw unreachable(peer, `nobody who listens at ${path}`);
    if (!isSameToken(there.handshake, own)) throw unreachable(peer, 'a closed connection instead of a handshake');
    const fault = mismatch(own, there.handshake) ?? faultOfAnswer(own, there.handshake, peer);
    if (fault !== undefined) throw fault;
    const [near, far] = this.join(own.self, peer);
    there.accept(far);
    return near;
  }

  private join(near: LinkPeer, far: LinkPeer): [near: MemoryLink, far: MemoryLink] {
    const a = addressOf(near);
    const b = addressOf(far);
    if (a === b) throw new TroupeError('INVALID_OPTIONS', `a link joins two processes; got ${a} twice`);
    const { clock, frameBytesMax = FRAME_BYTES_MAX } = this.options;
    const there = this.pipe(a, b);
    const back = this.pipe(b, a);
    const nearEnd = new MemoryLink(far, there, back, clock, frameBytesMax);
    const farEnd = new MemoryLink(near, back, there, clock, frameBytesMax);
    this.forgetEnded();
    this.joints.add({
      ends: new Map([
        [a, nearEnd],
        [b, farEnd],
      ]),
    });
    return [nearEnd, farEnd];
  }

  private pipe(from: ActorId, to: ActorId): MemoryPipe {
    const { clock, delayMs, blockedFrames = BLOCKED_FRAMES } = this.options;
    const pipe = new MemoryPipe(clock, delayMs === undefined ? () => 0 : () => delayMs(from, to), blockedFrames);
    pipe.stall(this.isStalled(from, to));
    return pipe;
  }

  private isStalled(from: ActorId, to: ActorId): boolean {
    return this.frozen.has(to) || this.stalls.has(pairOf(from, to));
  }

  /** The pipes from and to a process are stalled now, or not any more. */
  private tellStalled(address: ActorId): void {
    for (const { ends } of this.joints) {
      if (!ends.has(address)) continue;
      for (const [from, end] of ends) end.stalled = this.isStalled(from, addressOf(end.peer));
    }
  }

  private forgetEnded(): void {
    for (const joint of this.joints) if ([...joint.ends.values()].every((end) => end.over)) this.joints.delete(joint);
  }

  private *between(a: ActorId, b: ActorId): Generator<Joint> {
    for (const joint of this.joints) if (joint.ends.has(a) && joint.ends.has(b)) yield joint;
  }
}

function addressOf(peer: LinkPeer): ActorId {
  return processAddress(peer.index, peer.incarnation);
}

function pathOf(address: ActorId): string {
  return `memory:${address}`;
}

function pairOf(a: ActorId, b: ActorId): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

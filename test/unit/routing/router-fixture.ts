/** The router of process 1 with real actors behind it, and links to others that remember what they were given. */
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { Kernel } from '../../../src/actor/kernel.ts';
import { PlacementTable } from '../../../src/placement/placement-table.ts';
import { SHARDS, shardOf } from '../../../src/placement/shard.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { processAddress } from '../../../src/vocabulary/address.ts';
import type { Envelope } from '../../../src/vocabulary/envelope.ts';
import type { Signal } from '../../../src/vocabulary/signal.ts';
import type { TableChange } from '../../../src/wire/control.ts';
import { behavioursOf } from '../../../src/worker/load-actors.ts';
import { termsOfAll } from '../../../src/process/kind-terms.ts';
import { newKernel } from '../../../src/process/new-kernel.ts';
import type { OutboundQueue } from '../../../src/peer/outbound-queue.ts';
import type { LocateAnswer } from '../../../src/routing/located-places.ts';
import { Router } from '../../../src/routing/router.ts';
import { silent } from '../peer/link-fixture.ts';

export const CAPACITY = 8;
type Mail = Envelope | { to: string; signal: Signal };

export class FakePeer {
  readonly index: number;
  readonly address: string;
  ended = false;
  /** Waits for its socket, and was written. */
  waiting: Mail[] = [];
  readonly written: Mail[] = [];
  /** What a dam would not hold up. */
  readonly pastDam: Mail[] = [];
  isBeforeDam = false;

  constructor(index: number) {
    this.index = index;
    this.address = processAddress(index, 1);
  }

  mail(envelope: Envelope): boolean {
    this.waiting.push(envelope);
    if (this.isBeforeDam) this.pastDam.push(envelope);
    return true;
  }

  beforeDam(send: () => void): void {
    this.isBeforeDam = true;
    send();
    this.isBeforeDam = false;
  }

  signal(to: string, signal: Signal): void {
    this.waiting.push({ to, signal });
  }

  write(count: number = this.waiting.length): void {
    this.written.push(...this.waiting.splice(0, count));
  }
}

export interface RouterKit {
  clock: VirtualClock;
  kernel: Kernel;
  router: Router;
  table: PlacementTable;
  peers: Map<number, FakePeer>;
  /** `id n` of what was handled here. */
  handled: string[];
  reasons: string[];
  asked: { id: string; answer: LocateAnswer }[];
  peer(index: number): FakePeer;
  /** The next table. */
  change(parts: Partial<TableChange>): void;
  /** The link of a peer has ended; what it did not write comes back. */
  end(index: number): void;
}

/** Every shard lives on worker 2. */
export function newRouterKit(): RouterKit {
  const clock = new VirtualClock();
  const handled: string[] = [];
  const note = (ctx: { id: string }, { n }: { n: number }): void => void handled.push(`${ctx.id} ${n}`);
  const mailbox = { capacity: CAPACITY };
  const definitions = {
    counter: defineActor({ mailbox, receive: { note } }),
    job: defineActor({ placement: { strategy: 'least-loaded' }, receive: { note } }),
  };
  const limits = { askTimeoutMs: 5_000, messageBytesMax: 1_000_000, checkMessages: true };
  const behaviours = behavioursOf(Object.entries(definitions), (kind) => kind);
  const kinds = Object.fromEntries(termsOfAll(behaviours));
  const table = PlacementTable.from({ epoch: 0, columns: {}, pins: [], kinds });
  const parts = { worker: 1, incarnation: 1, clock, random: () => 0.5, log: silent, limits, behaviours, startedAt: 0 };
  const { kernel, actors } = newKernel({ ...parts, epoch: () => table.epoch });
  const reasons: string[] = [];
  kernel.events.on('dead-letter', ({ to, reason }) => void reasons.push(`${to}:${reason}`));
  const peers = new Map([2, 3, 4].map((index) => [index, new FakePeer(index)]));
  const asked: RouterKit['asked'] = [];
  const router = new Router({
    ...{ kernel, actors, index: 1, cluster: { table, workers: [] } },
    peers: {
      byIndex: (index) => peers.get(index) as unknown as OutboundQueue | undefined,
      byAddress: (address) =>
        [...peers.values()].find((peer) => peer.address === address) as unknown as OutboundQueue | undefined,
    },
    locate: (id, answer) => void asked.push({ id, answer }),
  });
  kernel.router = router;
  const peer = (index: number): FakePeer => peers.get(index) as FakePeer;
  const kit: RouterKit = {
    ...{ clock, kernel, router, table, peers, handled, reasons, asked, peer },
    change: (change) => table.apply({ epoch: table.epoch + 1, columns: {}, pins: [], endedMoves: [], ...change }),
    end: (index) => {
      peer(index).ended = true;
      router.takeBack(peer(index).waiting.splice(0));
    },
  };
  kit.change({ columns: { '': everyShard(2) } });
  return kit;
}

export function everyShard(worker: number): [number, number][] {
  return Array.from({ length: SHARDS }, (_, shard) => [shard, worker]);
}

export function shardOfIdTo(id: string, worker: number): Partial<TableChange> {
  return { columns: { '': [[shardOf(id), worker]] } };
}

export function textOf(mail: Mail): string {
  if ('signal' in mail) return `${mail.to} ${mail.signal.type}`;
  const { n } = (mail.message ?? {}) as { n?: number };
  return `${mail.to} ${n ?? mail.verb}`;
}

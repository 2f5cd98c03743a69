import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shardOf, shardUnit } from '../../../src/placement/shard.ts';
import { TroupeError } from '../../../src/vocabulary/errors.ts';
import { HELD_MS_MAX } from '../../../src/routing/held-mail.ts';
import { foreignWorkerIndex, MACHINE_INDEX_MIN } from '../../../src/vocabulary/host-index.ts';
import { NOWHERE } from '../../../src/wire/control.ts';
import { KeptReply, message, request } from '../peer/link-fixture.ts';
import { CAPACITY, everyShard, FakePeer, newRouterKit, type RouterKit, shardOfIdTo, textOf } from './router-fixture.ts';

const ID = 'counter/a';
const SHARD = shardUnit('', shardOf(ID));
const TERMINATED = { type: 'terminated', id: 'counter/x', reason: 'stopped', watch: 'counter/a ~1.1:1' } as const;

function tell({ router }: RouterKit, id: string, ...numbers: number[]): boolean[] {
  return numbers.map((n) => router.deliver(message(id, n)));
}

/** What a worker was sent, but for the barriers by which a small mailbox is spared. */
function sentTo(kit: RouterKit, index: number): string[] {
  kit.peer(index).write();
  return kit
    .peer(index)
    .written.map(textOf)
    .filter((text) => !text.endsWith('barrier'));
}

describe('mail', () => {
  test('goes to the actors here, or down the link to its host', async () => {
    const kit = newRouterKit();
    tell(kit, ID, 1);
    kit.change(shardOfIdTo(ID, 1));
    tell(kit, ID, 2);
    await kit.clock.settle();
    expect([sentTo(kit, 2), kit.handled]).toEqual([[`${ID} 1`], [`${ID} 2`]]);
  });

  test('for a kind that nobody knows is refused with the kinds that are', () => {
    const kit = newRouterKit();
    const ask = new KeptReply();
    kit.router.deliver(message('nobody/a', 1, ask));
    expect(ask.outcome).toMatchObject({
      code: 'UNKNOWN_KIND',
      message: expect.stringContaining('counter, job; got nobody/a'),
    });
  });

  test('that no worker can host waits for one, and says false from half a mailbox on', async () => {
    const kit = newRouterKit();
    kit.change({ columns: { '': everyShard(NOWHERE) } });
    const clear = tell(kit, ID, ...Array.from({ length: CAPACITY }, (_, n) => n));
    expect(clear.indexOf(false)).toBe(CAPACITY / 2);
    kit.change({ columns: { '': everyShard(1) } });
    kit.router.releaseUnhosted();
    tell(kit, ID, CAPACITY);
    await kit.clock.settle();
    expect(kit.handled.slice(0, CAPACITY)).toEqual(Array.from({ length: CAPACITY }, (_, n) => `${ID} ${n}`));
  });

  test('asked where its actor is, the host answers with shard and epoch', () => {
    const kit = newRouterKit();
    kit.change(shardOfIdTo(ID, 1));
    const ask = new KeptReply();
    const where = request('where', ID);
    where.replyTo = ask;
    kit.router.deliver(where);
    expect(ask.outcome).toEqual({ worker: 1, pid: process.pid, shard: shardOf(ID), epoch: 2, active: false });
  });
});

describe('a unit on the move', () => {
  test('gets its mail in order at its new host once the move is released, signals among it', () => {
    const kit = newRouterKit();
    tell(kit, ID, 1);
    kit.router.hold(7, [SHARD]);
    tell(kit, ID, 2);
    kit.router.signal(ID, TERMINATED);
    tell(kit, ID, 3);
    kit.router.release(8);
    expect(sentTo(kit, 2)).toEqual([`${ID} 1`]);
    kit.change(shardOfIdTo(ID, 3));
    kit.router.releaseUnhosted();
    expect(sentTo(kit, 3)).toEqual([]);
    kit.router.release(7);
    tell(kit, ID, 4);
    expect(sentTo(kit, 3)).toEqual([`${ID} 2`, `${ID} terminated`, `${ID} 3`, `${ID} 4`]);
  });

  test('gets what a link gives back before what was held since', () => {
    const kit = newRouterKit();
    tell(kit, ID, 1, 2);
    kit.router.hold(7, [SHARD]);
    tell(kit, ID, 3);
    kit.end(2);
    tell(kit, ID, 4);
    kit.change(shardOfIdTo(ID, 3));
    kit.router.release(7);
    expect(sentTo(kit, 3)).toEqual([1, 2, 3, 4].map((n) => `${ID} ${n}`));
  });

  test('that is one id gets what waited for it with its shard before what waits for it since', () => {
    const kit = newRouterKit();
    kit.end(2);
    tell(kit, ID, 1);
    kit.router.hold(7, [ID]);
    tell(kit, ID, 2);
    kit.change({ columns: { '': everyShard(4) }, pins: [[ID, 3]] });
    kit.router.release(7);
    kit.router.releaseUnhosted();
    expect([sentTo(kit, 3), sentTo(kit, 4)]).toEqual([[`${ID} 1`, `${ID} 2`], []]);
  });

  test('is handed at its host what was on its way since before the hold', async () => {
    const kit = newRouterKit();
    kit.change(shardOfIdTo(ID, 1));
    kit.router.hold(7, [SHARD]);
    tell(kit, ID, 2);
    kit.router.arrived(message(ID, 1));
    await kit.clock.settle();
    expect([kit.handled, kit.router.isHostOf(ID)]).toEqual([[`${ID} 1`], false]);
    kit.router.release(7);
    await kit.clock.settle();
    expect([kit.handled, kit.router.isHostOf(ID)]).toEqual([[`${ID} 1`, `${ID} 2`], true]);
  });

  test('does not stop mail for others', () => {
    const kit = newRouterKit();
    kit.router.hold(7, [SHARD]);
    tell(kit, 'counter/b', 1);
    expect(sentTo(kit, 2)).toEqual(['counter/b 1']);
  });
});

describe('mail for a worker whose link has ended', () => {
  test('waits for the new host, what was not written first', () => {
    const kit = newRouterKit();
    tell(kit, ID, 1, 2);
    kit.end(2);
    tell(kit, ID, 3);
    kit.router.signal(ID, TERMINATED);
    kit.router.releaseUnhosted();
    kit.change({ columns: { '': everyShard(3) } });
    kit.router.releaseUnhosted();
    tell(kit, ID, 4);
    expect(sentTo(kit, 3)).toEqual([`${ID} 1`, `${ID} 2`, `${ID} 3`, `${ID} terminated`, `${ID} 4`]);
  });

  test('goes on to the same worker when the link is made again', () => {
    const kit = newRouterKit();
    tell(kit, ID, 1);
    kit.end(2);
    tell(kit, ID, 2);
    kit.peer(2).ended = false;
    // The way is open already, but what waits goes first.
    tell(kit, ID, 3);
    kit.router.releaseUnhosted();
    expect(sentTo(kit, 2)).toEqual([`${ID} 1`, `${ID} 2`, `${ID} 3`]);
  });

  test('that is a process itself waits with its link', () => {
    const kit = newRouterKit();
    kit.router.signal('~2.1', TERMINATED);
    kit.end(2);
    expect(sentTo(kit, 2)).toEqual(['~2.1 terminated']);
    kit.router.signal('~9.1', TERMINATED);
  });
});

describe('an id that the master places', () => {
  const JOB = 'job/1';

  test('is asked for once; all that was sent meanwhile goes there in order, and later mail at once', () => {
    const kit = newRouterKit();
    tell(kit, JOB, 1);
    kit.router.signal(JOB, TERMINATED);
    tell(kit, JOB, 2);
    kit.router.releaseUnhosted();
    expect([kit.asked.map(({ id }) => id), sentTo(kit, 3)]).toEqual([[JOB], []]);
    kit.asked[0]?.answer.found(3);
    tell(kit, JOB, 3);
    expect([sentTo(kit, 3), kit.asked.length]).toEqual([[`${JOB} 1`, `${JOB} terminated`, `${JOB} 2`, `${JOB} 3`], 1]);
  });

  test('is asked for also when the first that goes there is a signal', () => {
    const kit = newRouterKit();
    kit.router.signal(JOB, TERMINATED);
    kit.asked[0]?.answer.found(3);
    expect(sentTo(kit, 3)).toEqual([`${JOB} terminated`]);
  });

  test('that gets no place has its mail refused with the reason, and is asked for anew', () => {
    const kit = newRouterKit();
    const ask = new KeptReply();
    tell(kit, JOB, 1);
    kit.router.deliver(message(JOB, 2, ask));
    kit.asked[0]?.answer.failed(new TroupeError('OVERLOADED', '3 places, which is the limit'));
    expect([kit.reasons, ask.outcome, kit.router.holds.size]).toMatchObject([
      ['job/1:OVERLOADED'],
      { code: 'OVERLOADED' },
      0,
    ]);
    tell(kit, JOB, 3);
    expect(kit.asked.length).toBe(2);
  });

  test('that has no worker to live on keeps what asks whether it lives on until there is one', () => {
    const kit = newRouterKit();
    kit.router.deliver(request('rewatch', JOB));
    kit.router.deliver(request('unwatch', JOB));
    kit.asked[0]?.answer.failed(new TroupeError('NO_WORKER', 'no worker can host the actor'));
    expect([kit.router.holds.size, kit.asked.length]).toEqual([1, 1]);
    kit.router.releaseUnhosted();
    kit.asked[1]?.answer.found(3);
    expect(sentTo(kit, 3)).toEqual([`${JOB} rewatch`]);
  });

  test('is asked for anew once its worker has died, also where the answer was read just before', () => {
    const kit = newRouterKit();
    tell(kit, JOB, 1);
    // One after the other, as the control channel gave them, with nothing run in between.
    kit.asked[0]?.answer.found(3);
    kit.router.forgetLocated(3);
    tell(kit, JOB, 2);
    expect(kit.asked.length).toBe(2);
  });

  test('is where it is pinned, whatever the answer was', () => {
    const kit = newRouterKit();
    kit.change({ pins: [[JOB, 4]] });
    tell(kit, JOB, 1);
    expect([sentTo(kit, 4), kit.asked]).toEqual([[`${JOB} 1`], []]);
  });
});

const IDS = ['counter/a', 'counter/b', 'job/1'];
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('tell' as const), id: fc.constantFrom(...IDS) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('write' as const), worker: fc.constantFrom(2, 3, 4), count: fc.nat(3) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('claim' as const, 'shard' as const),
      id: fc.constantFrom(...IDS),
      to: fc.constantFrom(2, 3, 4),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('commit' as const, 'abort' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('end' as const, 'die' as const, 'again' as const),
      worker: fc.constantFrom(2, 3, 4),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('answer' as const), worker: fc.constantFrom(2, 3, 4) }) },
);
type Step =
  | { do: 'tell'; id: string }
  | { do: 'write'; worker: number; count: number }
  | { do: 'claim' | 'shard'; id: string; to: number }
  | { do: 'commit' | 'abort' }
  | { do: 'end' | 'die' | 'again' | 'answer'; worker: number };

/** What the master and fate do, with the one rule of hand-offs: the old host has read all that was written before the hold. */
class Walk {
  readonly kit: RouterKit = newRouterKit();
  readonly order: string[] = [];
  #move: { id: number; unit: string; from: number; to: number } | undefined;
  #moves = 0;
  #n = 0;

  take(step: Step): void {
    const { kit } = this;
    switch (step.do) {
      case 'tell':
        return void tell(kit, step.id, this.#n++);
      case 'write':
        return this.write(step.worker, step.count);
      case 'claim':
      case 'shard':
        return this.#hold(step.id, step.do, step.to);
      case 'commit':
        return this.#commit();
      case 'abort':
        return this.#release();
      case 'answer':
        return kit.asked.shift()?.answer.found(this.#living(step.worker));
      case 'end':
        return kit.end(step.worker);
      case 'die':
        return this.#declareDead(step.worker);
      case 'again':
        kit.peer(step.worker).ended = false;
        return kit.router.releaseUnhosted();
    }
  }

  write(worker: number, count: number): void {
    const { kit } = this;
    const peer = kit.peer(worker);
    if (peer.ended) return;
    peer.write(count);
    for (const mail of peer.written.splice(0)) this.order.push(textOf(mail));
  }

  finish(): void {
    this.#release();
    for (const worker of [2, 3, 4]) this.take({ do: 'again', worker });
    while (this.kit.asked.length > 0) this.take({ do: 'answer', worker: 2 });
    for (const worker of [2, 3, 4]) this.write(worker, Number.POSITIVE_INFINITY);
  }

  #hold(id: string, what: 'claim' | 'shard', to: number): void {
    const from = this.#hostOf(id);
    if (this.#move || from === undefined || from === to) return;
    const isPinned = this.kit.table.pinOf(id) !== undefined || id.startsWith('job');
    const unit = what === 'claim' || isPinned ? id : shardUnit('', shardOf(id));
    this.#move = { id: ++this.#moves, unit, from, to };
    this.kit.router.hold(this.#moves, [unit]);
  }

  #commit(): void {
    if (!this.#move) return;
    const { unit, from, to } = this.#move;
    this.write(from, Number.POSITIVE_INFINITY);
    if (unit.startsWith('#')) this.kit.change({ columns: { '': [[Number(unit.slice(2)), to]] } });
    else this.kit.change({ pins: [[unit, to]] });
    this.#release();
  }

  #release(): void {
    if (!this.#move) return;
    const { id } = this.#move;
    this.#move = undefined;
    this.kit.router.release(id);
    this.kit.router.releaseUnhosted();
  }

  #declareDead(worker: number): void {
    const { kit } = this;
    if (!kit.peer(worker).ended) kit.end(worker);
    const to = this.#living(worker);
    const columns: [number, number][] = kit.table
      .column('')
      .flatMap((host, shard) => (host === worker ? [[shard, to]] : []));
    const pins = [...kit.table.pins()].filter(([, host]) => host === worker).map(([id]): [string, null] => [id, null]);
    kit.change({ columns: { '': columns }, pins });
    kit.router.forgetLocated(worker);
    if (this.#move?.from === worker || this.#move?.to === worker) this.#release();
    kit.router.releaseUnhosted();
    kit.peer(worker).ended = false;
  }

  #hostOf(id: string): number | undefined {
    const { router } = this.kit;
    const terms = router.termsOf(id);
    return terms && router.hostOf(id, terms);
  }

  #living(besides: number): number {
    return [2, 3, 4].find((worker) => worker !== besides && !this.kit.peer(worker).ended) ?? (besides === 2 ? 3 : 2);
  }
}

test('whatever ends, moves or dies in whatever order: nothing is lost or doubled, and each id gets its mail in order', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 80, size: 'max' }), (program) => {
      const walk = new Walk();
      for (const step of program) walk.take(step);
      walk.finish();
      const told = program.flatMap((step) => (step.do === 'tell' ? [step.id] : [])).map((id, n) => `${id} ${n}`);
      for (const id of IDS) {
        const ofId = (text: string): boolean => text.startsWith(`${id} `);
        const arrived = walk.order.filter((text) => ofId(text) && !text.endsWith('barrier'));
        expect(arrived).toEqual(told.filter(ofId));
      }
    }),
    { numRuns: 400 },
  );
});

test('mail that nobody will ever host is refused at once, and what has a host is not', () => {
  const { router, reasons, change, peer, end } = newRouterKit();
  end(2);
  router.deliver(message('counter/held', 1));
  router.refuseUnhosted('SHUTTING_DOWN', 'the system is shutting down');
  expect([reasons, router.holds.size]).toEqual([[], 1]);
  change({ columns: { '': everyShard(NOWHERE) } });
  router.deliver(message('counter/b', 2));
  router.refuseUnhosted('SHUTTING_DOWN', 'the system is shutting down');
  expect([reasons.sort(), router.holds.size]).toEqual([['counter/b:SHUTTING_DOWN', 'counter/held:SHUTTING_DOWN'], 0]);
  expect(peer(2).written).toEqual([]);
});

test('what waited for a link goes before later mail, whatever way that takes by then', () => {
  const { router, peer, end } = newRouterKit();
  const passing = new Set([shardOf('counter/a')]);
  router.deliver(message('counter/a', 1));
  end(2);
  router.deliver(message('counter/a', 2));
  router.passOn(message('counter/a', 9));
  router.holdPartitions(new Set(), passing);
  router.deliver(message('counter/a', 3));
  // The way is there again: mail of elsewhere goes on, mail of here waits for what took the other way.
  peer(2).ended = false;
  router.releaseUnhosted();
  const waiting = (): string[] =>
    peer(2)
      .waiting.map(textOf)
      .filter((text) => !text.endsWith('barrier'));
  expect(waiting()).toEqual(['counter/a 9']);
  router.holdPartitions(new Set(), new Set());
  router.releaseUnhosted();
  router.deliver(message('counter/a', 4));
  expect(waiting()).toEqual([9, 1, 2, 3, 4].map((n) => `counter/a ${n}`));
});

test('mail of another machine goes on by the way in of a third one, past the dam there, also where it has waited for that', () => {
  const { router, peers, change } = newRouterKit();
  const [way, worker] = [MACHINE_INDEX_MIN, foreignWorkerIndex(MACHINE_INDEX_MIN, 1)].map((index) => {
    const peer = new FakePeer(index);
    peers.set(index, peer);
    return peer;
  }) as [FakePeer, FakePeer];
  change({ columns: { '': everyShard(worker.index) } });
  way.ended = true;
  router.passOn(message('counter/a', 1));
  way.ended = false;
  router.releaseUnhosted();
  router.passOn(message('counter/a', 2));
  router.deliver(message('counter/a', 3));
  expect(way.pastDam.map(textOf)).toEqual(['counter/a 1', 'counter/a 2']);
  expect([way.waiting.length, worker.pastDam, worker.waiting.map(textOf)[0]]).toEqual([2, [], 'counter/a 3']);
});

test('mail for a machine that is lost waits for its next owner, and whoever asks whether it has gone on waits with it', async () => {
  const { router, peers, change, clock } = newRouterKit();
  const way = new FakePeer(MACHINE_INDEX_MIN);
  peers.set(way.index, way);
  change({ columns: { '': everyShard(way.index) } });
  way.ended = true;
  router.passOn(message('counter/a', 1));
  const answers: string[] = [];
  const ask = (name: string): void => void router.settled(HELD_MS_MAX, 'all').then(() => answers.push(name));
  ask('it may come back');
  await clock.advance(1);
  expect(answers).toEqual(['it may come back']);
  peers.delete(way.index);
  ask('it is lost');
  await clock.advance(1);
  expect(answers).toEqual(['it may come back']);
  change({ columns: { '': everyShard(2) } });
  router.releaseUnhosted();
  await clock.advance(1);
  expect(answers).toEqual(['it may come back', 'it is lost']);
});

test('mail in a partition of nobody waits for its next owner, and so does who asks about all that waits', async () => {
  const { router, change, clock } = newRouterKit();
  change({ columns: { '': everyShard(NOWHERE) } });
  router.passOn(message('counter/a', 1));
  const answers: string[] = [];
  void router.settled(HELD_MS_MAX, 'all').then(() => answers.push('of all'));
  void router.settled(HELD_MS_MAX, 'hosted').then(() => answers.push('of the rest'));
  await clock.advance(1);
  expect(answers).toEqual(['of the rest']);
  change({ columns: { '': everyShard(2) } });
  router.releaseUnhosted();
  await clock.advance(1);
  expect(answers).toEqual(['of the rest', 'of all']);
});

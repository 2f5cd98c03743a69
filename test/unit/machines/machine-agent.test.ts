import { describe, expect, it } from 'vitest';
import { MachineAgent, newAgent } from '../../../src/machines/machine-agent.ts';
import type { HandedOver, MachineCommand, SeenTable } from '../../../src/machines/machine-command.ts';
import type { MachineRow } from '../../../src/machines/machine-row.ts';
import { claimEpoch, foundedTable, isRolledBack, NOBODY, reassigned } from '../../../src/machines/partition-table.ts';

const LEASE = 30_000;
const row = (state: MachineRow['state'] = 'live'): MachineRow => ({
  state,
  leaseMs: LEASE,
  address: 'h:1',
  workers: 2,
});
const names = (commands: readonly MachineCommand[]): string[] => commands.map((command) => command.do);
const owned = (owner: string, revision = 't1'): SeenTable => ({ table: foundedTable(4, owner, 1), revision });

/** A machine that is a member since `now`, of a table that gives all to `owner`. */
function member(now: number, owner = 'a'): MachineAgent {
  const agent = new MachineAgent(newAgent('a', row()));
  expect(names(agent.tick(now))).toEqual(['create-row', 'look']);
  expect(agent.rowWritten(now, { is: 'done', revision: 'r1' })).toEqual([{ do: 'read-table', confirms: now }]);
  agent.tableRead(now, owned(owner), now);
  agent.looked(now, { a: { row: row(), revision: 'r1' } });
  // That look was in flight as the table came.
  expect(names(agent.tick(now))).toEqual(['look']);
  agent.looked(now, { a: { row: row(), revision: 'r1' } });
  return agent;
}

describe('the lease of a machine', () => {
  it('is renewed after a third, and counts from the sending of the renewal, once the table was read behind it', () => {
    const agent = member(1_000);
    expect(agent.lease.serveUntil()).toBe(1_000 + LEASE * 0.9);
    expect(names(agent.tick(10_999))).not.toContain('renew');
    expect(names(agent.tick(11_000))).toContain('renew');
    expect(agent.rowWritten(15_000, { is: 'done', revision: 'r2' })).toEqual([{ do: 'read-table', confirms: 11_000 }]);
    expect(agent.lease.serveUntil()).toBe(28_000);
    agent.tableRead(15_100, owned('a'), 11_000);
    expect(agent.lease.serveUntil()).toBe(38_000);
  });

  it('ends service at its deadline, whatever is on its way, and goes on with a renewal', () => {
    const agent = member(0);
    agent.tick(11_000);
    expect(agent.mayServe(26_999, 0)).toBe(true);
    expect(agent.mayServe(27_000, 0)).toBe(false);
    agent.rowWritten(90_000, { is: 'unavailable' });
    expect(names(agent.tick(92_000))).toContain('renew');
    agent.rowWritten(92_010, { is: 'done', revision: 'r2' });
    agent.tableRead(92_020, owned('a'), 92_000);
    expect(agent.mayServe(92_020, 0)).toBe(true);
  });

  it('is over for good where others have declared it lost: everything stops, once', () => {
    const agent = member(0);
    agent.tick(10_000);
    expect(agent.rowWritten(10_001, { is: 'conflict' })).toEqual([{ do: 'read-row' }]);
    const end = agent.rowRead(10_002, { row: row('lost'), revision: 'r9' });
    expect(end).toEqual([
      { do: 'stop', partitions: [0, 1, 2, 3] },
      { do: 'end', how: 'expelled' },
    ]);
    expect(agent.mayServe(10_003, 0)).toBe(false);
    expect(agent.tick(99_000)).toEqual([]);
  });

  it('is asked for again, with pauses, while the engine is gone', () => {
    const agent = member(0);
    let renewals = 0;
    for (let now = 1_000; now <= 60_000; now += 100) {
      for (const command of agent.tick(now)) {
        if (command.do === 'look') agent.looked(now, 'failed');
        else if (command.do === 'read-row') agent.rowRead(now, 'failed');
        else {
          renewals++;
          expect(agent.rowWritten(now, { is: 'unavailable' })).toEqual([]);
        }
      }
    }
    expect(renewals).toBeGreaterThan(20);
    expect(renewals).toBeLessThan(40);
  });
});

describe('the leases of others', () => {
  const other = { row: row(), revision: 'o1' };
  const rows = { a: { row: row(), revision: 'r1' }, b: other };
  const kept = (agent: MachineAgent, now: number): void => agent.lease.confirmed(now);

  it('are over after a lease and a tenth without a change', () => {
    const agent = member(0, 'b');
    for (let now = 0; now < 33_000; now += 5_000) {
      kept(agent, now);
      expect(names(agent.looked(now, rows))).not.toContain('declare-lost');
    }
    kept(agent, 33_000);
    expect(agent.looked(33_000, rows)).toContainEqual({
      ...{ do: 'declare-lost', machine: 'b', row: row('lost'), expected: 'o1' },
    });
  });

  it('are counted anew after a time in which nobody could look: the engine was gone for all', () => {
    const agent = member(0, 'b');
    agent.looked(0, rows);
    kept(agent, 90_000);
    expect(names(agent.looked(90_000, rows))).not.toContain('declare-lost');
    kept(agent, 110_000);
    expect(names(agent.looked(110_000, rows))).not.toContain('declare-lost');
  });

  it('are not judged by a machine whose own lease is over', () => {
    const agent = member(0, 'b');
    for (let now = 0; now <= 40_000; now += 5_000) expect(names(agent.looked(now, rows))).not.toContain('declare-lost');
  });

  it('leave what they had to the others only once they are declared lost', () => {
    const agent = member(0, 'b');
    expect(names(agent.looked(1_000, rows))).toEqual([]);
    const lost = { ...rows, b: { row: row('lost'), revision: 'o2' } };
    expect(agent.looked(2_000, lost)).toEqual([
      { do: 'claim', partitions: [0, 1, 2, 3], seenEpoch: 1, over: owned('b') },
    ]);
  });
});

const handed = (partitions: number[], isLive = true): HandedOver => ({ partitions, isLive });

describe('a hand-over', () => {
  /** `a` owns four partitions, `b` has joined: two of them go. */
  function handing(): MachineAgent {
    const agent = member(0);
    const b = { row: row(), revision: 'b1' };
    const commands = agent.looked(100, { a: { row: row(), revision: 'r1' }, b });
    expect(commands).toEqual([{ do: 'hand-over', move: 1, partitions: [2, 3], to: 'b', isLast: false }]);
    return agent;
  }

  it('holds what moves, and nothing else', () => {
    const agent = handing();
    expect([0, 1, 2, 3].map((partition) => agent.mayServe(200, partition))).toEqual([true, true, false, false]);
  });

  it('that cannot be installed is given up, and not tried again at once', () => {
    const agent = handing();
    expect(agent.handedOver(200, 1, handed([]))).toEqual([{ do: 'resume', move: 1, partitions: [2, 3], to: 'b' }]);
    expect(agent.mayServe(200, 2)).toBe(true);
    expect(agent.tableRead(300, owned('a'), undefined)).toEqual([]);
    expect(names(agent.tableRead(10_300, owned('a'), undefined))).toEqual(['hand-over']);
  });

  it('commits what could go, by its own name, and hands the rest over another time', () => {
    const agent = handing();
    const [commit] = agent.handedOver(200, 1, handed([3]));
    const table = reassigned(owned('a').table, [3], { owner: 'b', epoch: 2, handedBy: 'a' });
    expect(commit).toMatchObject({ do: 'write-table', expected: 't1', table });
    expect([2, 3].map((partition) => agent.mayServe(200, partition))).toEqual([true, false]);
    agent.tableWritten(300, { is: 'done', revision: 't2' });
    agent.tableRead(310, { table, revision: 't2' }, undefined);
    const rows = { a: { row: row(), revision: 'r1' }, b: { row: row(), revision: 'b1' } };
    expect(agent.looked(320, rows)).toEqual([{ do: 'hand-over', move: 2, partitions: [2], to: 'b', isLast: false }]);
  });

  it("without the states is committed as nobody's: whatever lies at the new owner is of an earlier one", () => {
    const agent = handing();
    const [commit] = agent.handedOver(200, 1, handed([2, 3], false));
    expect(commit).toMatchObject({
      table: reassigned(owned('a').table, [2, 3], { owner: 'b', epoch: 2, handedBy: NOBODY }),
    });
  });

  it('whose commit has no answer is sent again on the same revision, as long as that stands', () => {
    const agent = handing();
    const [commit] = agent.handedOver(200, 1, handed([2, 3]));
    expect(commit).toMatchObject({ do: 'write-table', expected: 't1' });
    expect(names(agent.tableWritten(5_000, { is: 'unknown' }))).toEqual(['read-table']);
    expect(agent.tableRead(5_100, owned('a'), undefined)).toEqual([commit]);
    expect(agent.mayServe(5_200, 2)).toBe(false);
  });

  it('is given up once the revision of its commit is over and the table has it not', () => {
    const agent = handing();
    agent.handedOver(200, 1, handed([2, 3]));
    agent.tableWritten(5_000, { is: 'unknown' });
    expect(names(agent.tableRead(5_100, owned('a', 't2'), undefined))).toEqual(['look', 'resume']);
  });

  it('is done when the table says so', () => {
    const agent = handing();
    agent.handedOver(200, 1, handed([2, 3]));
    agent.tableWritten(5_000, { is: 'conflict' });
    const table = reassigned(owned('a').table, [2, 3], { owner: 'b', epoch: 2, handedBy: 'a' });
    expect(agent.tableRead(5_100, { table, revision: 't2' }, undefined)).toEqual([
      { do: 'look' },
      { do: 'stop', partitions: [2, 3] },
    ]);
    expect(agent.state.owner.handing).toBeUndefined();
  });

  it('is not begun by rows from before the table: who has just handed over may be leaving', () => {
    const agent = member(0);
    const rows = { a: { row: row(), revision: 'r1' }, b: { row: row(), revision: 'b1' } };
    agent.state.owner.handableAt = 10_000;
    agent.looked(100, rows);
    const table = reassigned(owned('b').table, [0, 1, 2, 3], { owner: 'a', epoch: 2, handedBy: 'b' });
    expect(names(agent.tableRead(10_100, { table, revision: 't2' }, undefined))).toEqual(['look', 'stop', 'start']);
    const leaving = { ...rows, b: { row: row('leaving'), revision: 'b2' } };
    expect(names(agent.looked(10_110, leaving))).toEqual([]);
    expect(names(agent.looked(10_120, rows))).toEqual(['hand-over']);
  });
});

describe('leaving', () => {
  /** With another machine that has as much as it. */
  const ofTwo = (): { agent: MachineAgent; table: SeenTable } => {
    const agent = member(0);
    const { table } = owned('a');
    const shared = { table: reassigned(table, [2, 3], { owner: 'b', epoch: 2, handedBy: NOBODY }), revision: 't2' };
    agent.tableRead(50, shared, undefined);
    agent.looked(100, { a: { row: row(), revision: 'r1' }, b: { row: row(), revision: 'b1' } });
    return { agent, table: shared };
  };

  it('is said at once behind a renewal that was on its way, and no commit is made before', () => {
    const { agent, table } = ofTwo();
    expect(names(agent.tick(10_000))).toContain('renew');
    const [move] = agent.leave(10_001);
    expect(move).toMatchObject({ do: 'hand-over', partitions: [0, 1], to: 'b' });
    const [read, said] = agent.rowWritten(10_002, { is: 'done', revision: 'r2' });
    expect(read).toEqual({ do: 'read-table', confirms: 10_000 });
    expect(said).toEqual({ do: 'renew', row: row('leaving'), expected: 'r2' });
    expect(names(agent.tableRead(10_003, table, 10_000))).toEqual([]);
    expect(agent.handedOver(10_004, 1, { partitions: [0, 1], isLive: true })).toEqual([]);
    agent.rowWritten(10_005, { is: 'done', revision: 'r3' });
    expect(names(agent.tableRead(10_006, table, 10_002))).toEqual(['write-table']);
  });

  it('is read where nobody knows whether it was said', () => {
    const { agent, table } = ofTwo();
    agent.leave(1_000);
    expect(names(agent.rowWritten(1_001, { is: 'unknown' }))).toEqual(['read-row']);
    expect(agent.handedOver(1_002, 1, { partitions: [0, 1], isLive: true })).toEqual([]);
    agent.rowRead(1_003, { row: row('leaving'), revision: 'r2' });
    agent.tableChanged('');
    expect(names(agent.tableRead(1_004, table, undefined))).toEqual(['write-table']);
  });

  it('the last machine gives its partitions up, so that nobody waits for its silence', () => {
    const agent = member(0);
    expect(names(agent.leave(100))).toContain('renew');
    expect(names(agent.rowWritten(110, { is: 'done', revision: 'r2' }))).toEqual(['read-table']);
    const commands = agent.tableRead(120, owned('a'), 100);
    expect(names(commands)).toEqual(['stop', 'write-table']);
    const write = commands[1];
    if (write?.do !== 'write-table') throw new Error('the table is written');
    expect(write.table.owners).toEqual([NOBODY, NOBODY, NOBODY, NOBODY]);
    expect(names(agent.tableWritten(130, { is: 'done', revision: 't2' }))).toEqual(['read-table']);
    expect(names(agent.tableRead(140, { table: write.table, revision: 't2' }, undefined))).toEqual([
      'look',
      'withdraw',
    ]);
    expect(agent.rowWritten(150, { is: 'done', revision: '' })).toEqual([{ do: 'end', how: 'left' }]);
  });
});

describe('reads of the table', () => {
  it('come one after the other: an old one behind a new one would look like a backup', () => {
    const agent = member(0);
    agent.tick(10_000);
    expect(names(agent.rowWritten(10_001, { is: 'done', revision: 'r2' }))).toEqual(['read-table']);
    expect(agent.tableWritten(10_002, { is: 'done', revision: 't2' })).toEqual([]);
    expect(names(agent.tableRead(10_003, owned('a'), 10_000))).toEqual(['read-table']);
  });
});

describe('epochs', () => {
  it('of a claim are beyond the directory, the records and all that was seen', () => {
    expect([claimEpoch(3, 1, 2), claimEpoch(1, 9, 2), claimEpoch(1, 2, 7), claimEpoch(0, 0, 0)]).toEqual([4, 10, 8, 1]);
  });

  it('that go back, or stand for another owner, come from a backup', () => {
    const one = foundedTable(2, 'a', 5);
    const next = reassigned(one, [1], { owner: 'b', epoch: 6, handedBy: 'a' });
    const odd = reassigned(one, [0], { owner: 'c', epoch: 6, handedBy: 'a' });
    expect(isRolledBack(one, next)).toBe(false);
    expect(isRolledBack(next, next)).toBe(false);
    expect(isRolledBack(next, one)).toBe(true);
    expect(isRolledBack(next, odd)).toBe(true);
  });
});

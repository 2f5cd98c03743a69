/** Rules of many machines, each taken away: the model must find what breaks. */
import { LeaseHolder } from '../../../src/machines/lease.ts';
import { LeaseObserver } from '../../../src/machines/lease-observer.ts';
import { MachineAgent } from '../../../src/machines/machine-agent.ts';
import { PartitionOwner } from '../../../src/machines/partition-owner.ts';
import type { Budget } from './machine-engine.ts';
import { ENGINE } from './machine-engine.ts';

/** Mixes of faults, each with three machines. */
export const MIXES: Record<string, Partial<Budget> & { isDurable?: boolean }> = {
  all: { ticks: 14, slow: 6, unknown: 3, partial: 2, crashes: 1, turns: 6, joins: ['C'], leaves: ['A'] },
  unknown: { ticks: 12, slow: 6, unknown: 3, turns: 6, joins: ['C'] },
  moves: { ticks: 14, slow: 6, unknown: 2, crashes: 1, wants: 4, turns: 4, joins: ['C'], leaves: ['A'] },
  silence: { ticks: 14, slow: 6, turns: 6 },
  crash: { ticks: 12, slow: 5, unknown: 1, crashes: 1, turns: 4, joins: ['C'] },
  restore: { ticks: 14, slow: 3, restores: 1, turns: 6, joins: ['C'] },
  'all, durable': { ticks: 14, slow: 8, unknown: 3, crashes: 1, turns: 8, joins: ['C'], isDurable: true },
  'restore, durable': { ticks: 14, slow: 3, restores: 1, turns: 6, joins: ['C'], isDurable: true },
};

/** `A` has handed one of its two partitions to `B`, and `C` has joined. */
const HAS_ONE_EACH = `join C${', time, run A, run B, run C'.repeat(3)}`;

interface Rule {
  rule: string;
  breaks(): () => void;
}

/** It must be found within so many random walks of a mix. */
interface Drawn extends Rule {
  mix: string;
  within: number;
}

/** It is found by these steps, which break nothing while the rule holds. */
interface Directed extends Rule {
  script: string;
}

export type Mutant = Drawn | Directed;

type Method = (...args: never[]) => unknown;

function replaced<T extends object, N extends keyof T>(target: T, name: N, by: T[N] & Method): () => void {
  const original = target[name];
  target[name] = by;
  return () => {
    target[name] = original;
  };
}

const made = LeaseHolder.prototype.made;
const failed = LeaseHolder.prototype.failed;
const isGone = LeaseObserver.prototype.isGone;
const installed = PartitionOwner.prototype.installed;
const tableWritten = MachineAgent.prototype.tableWritten;

export const MUTANTS: readonly Mutant[] = [
  {
    rule: 'a lease counts from the sending of its renewal',
    script: 'time, begin A, make A renew, run B, time, run B, time, run B, answer A renew, time, run B, time, run B',
    breaks: () =>
      replaced(LeaseHolder.prototype, 'made', function (this: LeaseHolder, now: number) {
        made.call(this, now);
        return now;
      }),
  },
  {
    rule: 'a renewal whose answer is unknown extends nothing',
    script: 'time, run B, begin A, unknown A renew, time, run B, begin A, unknown A renew, time, run B, time, run B',
    breaks: () =>
      replaced(LeaseHolder.prototype, 'failed', function (this: LeaseHolder, now: number) {
        this.confirmed(this.state.sentAt);
        failed.call(this, now);
      }),
  },
  {
    rule: 'nothing is served past the deadline',
    mix: 'silence',
    within: 2_000,
    breaks: () => replaced(LeaseHolder.prototype, 'isValid', () => true),
  },
  {
    rule: 'a lease is silent for its whole length, and a tenth, before others act',
    mix: 'silence',
    within: 2_000,
    breaks: () =>
      replaced(
        LeaseObserver.prototype,
        'isSilent',
        (unchangedMs: number, leaseMs: number) => unchangedMs >= leaseMs / 3,
      ),
  },
  {
    rule: 'a machine is declared lost before anything of it is claimed',
    mix: 'silence',
    within: 2_000,
    breaks: () =>
      replaced(LeaseObserver.prototype, 'isGone', function (this: LeaseObserver, now: number, id: string) {
        const row = this.state.rows[id];
        return row ? this.isSilent(now - row.sinceAt, row.row.leaseMs) : isGone.call(this, now, id);
      }),
  },
  {
    rule: 'every decision is a compare-and-set',
    script:
      'time, run B, time, run B, time, begin B, slowly B look, run A, make B declare-lost, answer B renew, time, run B',
    breaks: () => replaced(ENGINE, 'isExpected', () => true),
  },
  {
    rule: 'a commit whose answer is unknown is waited for',
    script:
      'time, begin A, slowly A look, slowly A hand-over, unknown A write-table, turn A 1, late write-table, run B',
    breaks: () =>
      replaced(MachineAgent.prototype, 'tableWritten', function (this: MachineAgent, now, answer) {
        if (answer.is === 'unknown') Object.assign(this.state.owner, { handing: undefined, handableAt: now + 10 });
        return tableWritten.call(this, now, answer);
      }),
  },
  {
    rule: 'a read that shows nothing of a commit does not say that it will not be made',
    script: 'time, begin A, slowly A look, slowly A hand-over, unknown A write-table, late write-table, run B',
    breaks: () => replaced(PartitionOwner.prototype, 'isUndecided', () => false),
  },
  {
    rule: 'installed is not running: only the table starts a partition',
    script: 'time, begin A, slowly A look, make A hand-over, unknown slowly A hand-over',
    breaks: () =>
      replaced(PartitionOwner.prototype, 'installed', function (this: PartitionOwner, partitions, from) {
        installed.call(this, partitions, from);
        for (const partition of partitions) this.state.serving[partition] = 99;
      }),
  },
  {
    rule: 'what moves is on hold at its old owner',
    script: 'time, begin A, slowly A look, make A hand-over, turn A 1, answer A hand-over, run B, turn B 1',
    breaks: () => replaced(PartitionOwner.prototype, 'isHeld', () => false),
  },
  {
    rule: 'transferred state counts only by the commit of its own hand-over',
    script:
      'time, begin A, slowly A look, make A hand-over, unknown slowly A hand-over, turn A 1, crash A, drop A resume, run B, time, run B, time, run B, time, run B, time, run B, turn B 1',
    breaks: () =>
      replaced(PartitionOwner.prototype, 'goesOnFrom', function (this: PartitionOwner, partition: number) {
        return this.state.installed[partition];
      }),
  },
  {
    rule: 'a hand-over without what lives there is committed as one of nobody',
    script:
      'time, begin A, slowly A look, make A hand-over, unknown slowly A hand-over, turn A 1, time, run B, time, begin A, slowly A renew, slowly A read-table, without A hand-over, run B, turn B 1',
    breaks: () =>
      replaced(PartitionOwner.prototype, 'handedBy', function (this: PartitionOwner) {
        return this.state.id;
      }),
  },
  {
    rule: 'what was put on a machine stays there',
    script: 'want A 0 A, want A 1 A, time, run B, run A, time, run A, run B, time, run A, run B',
    breaks: () => replaced(PartitionOwner.prototype, 'pins', () => new Set()),
  },
  {
    rule: 'what is asked for is tried again where it could not go',
    script:
      'time, run A, run B, time, run A, run B, time, run A, run B, want A 0 B, make A hand-over, unknown slowly A hand-over',
    breaks: () => replaced(PartitionOwner.prototype, 'isWantedNow', () => false),
  },
  {
    rule: 'an epoch is beyond all that was seen, in records too',
    mix: 'restore, durable',
    within: 5_000,
    breaks: () => replaced(ENGINE, 'claimEpoch', (directory: number) => directory + 1),
  },
  {
    rule: 'what was overtaken before a backup was restored is not served',
    mix: 'restore',
    within: 5_000,
    breaks: () =>
      replaced(PartitionOwner.prototype, 'isRightful', function (this: PartitionOwner, partition, { table }) {
        return table.owners[partition] === this.state.id;
      }),
  },
  {
    rule: 'after a roll-back nothing is claimed for a lease and a tenth',
    mix: 'restore',
    within: 5_000,
    breaks: () => replaced(PartitionOwner.prototype, 'rolledBack', () => {}),
  },
  {
    rule: 'a commit that a backup may hide counts as made',
    script: `${HAS_ONE_EACH}, want A 0 C, slowly A hand-over, make A write-table, time, run C, restore, answer A write-table`,
    breaks: () => replaced(PartitionOwner.prototype, 'forgottenCommit', () => {}),
  },
  {
    rule: 'a machine that leaves claims what is its own by a backup, and hands it over',
    script: `${HAS_ONE_EACH}, restore, time, run A, run B, run C, leave A`,
    breaks: () =>
      replaced(PartitionOwner.prototype, 'mayClaim', function (this: PartitionOwner, now: number, { isLeaving }) {
        return now >= this.state.claimableAt && !isLeaving;
      }),
  },
  {
    rule: 'a renewal counts once the table has been read behind it',
    script:
      'time, run A, run B, restore, time, run A, run B, time, run A, begin B, answer B look, slowly B renew, time, run A, begin B, answer B look, answer B renew, time, run A, begin B, answer B look, answer B renew, time, run A, begin B, answer B look, answer B renew, time, run A',
    breaks: () =>
      replaced(LeaseHolder.prototype, 'made', function (this: LeaseHolder, now: number) {
        const sentAt = made.call(this, now);
        this.confirmed(sentAt);
        return sentAt;
      }),
  },
  {
    rule: 'the fence stands in the statement of the turn',
    mix: 'all, durable',
    within: 5_000,
    breaks: () => replaced(ENGINE, 'takes', () => true),
  },
  {
    rule: 'a record is claimed before it is first written',
    mix: 'all, durable',
    within: 5_000,
    breaks: () => replaced(ENGINE, 'claimed', (_: number, fence: number) => fence),
  },
];

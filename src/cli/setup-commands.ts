/** Commands that show what a system stands on: its options, its store, and the reminders in that. */
import { type CommandPlan, textOption } from '../cli-ground/command.ts';
import { bytes, table, time } from '../cli-ground/output.ts';
import { withSystem } from '../cli-ground/reached-system.ts';
import type { ReminderList } from '../observe/reminder-list.ts';
import type { Setting, StoreFiles } from '../observe/system-facts.ts';
import type { SystemMetrics } from '../system/metrics.ts';

const reminders: CommandPlan = {
  usage: 'reminders',
  summary: 'durable actors that will be woken, the next one first; none is woken by this',
  example: 'troupe reminders --json',
  options: [['--after <next>', 'the next of the page before']],
  run: (_args, options, output) =>
    withSystem(options, async (client) => {
      const list = (await client.call('reminders', [textOption(options.after)])) as ReminderList;
      output.result(list, () => remindersText(list));
    }),
};

function remindersText({ reminders: listed, next }: ReminderList): string {
  if (listed.length === 0) return 'no durable actor has a reminder';
  const rows = listed.map(({ id, at, name, type, everyMs, count }) => [
    ...[time(at), id, name, type, everyMs === undefined ? 'once' : `${everyMs} ms`, count],
  ]);
  const text = table(['DUE', 'ACTOR', 'REMINDER', 'MESSAGE', 'EVERY', 'OF IT'], rows);
  return next === undefined ? text : `${text}\n… more: --after '${next}'`;
}

type ProcessCommits = Pick<SystemMetrics['workers'][number], 'worker' | 'role' | 'commits'>;

const store: CommandPlan = {
  usage: 'store',
  summary: 'the store of durable actors: its files, the room on its disk, commits and how long they take',
  example: 'troupe store --json',
  run: (_args, options, output) =>
    withSystem(options, async (client) => {
      const files = (await client.call('store-files')) as StoreFiles;
      const { workers } = (await client.call('metrics')) as SystemMetrics;
      const commits = workers.flatMap(({ worker, role, commits: of }) => (of ? { worker, role, commits: of } : []));
      output.result({ ...files, commits }, () => storeText(files, commits));
    }),
};

function storeText({ folder, files, freeBytes, diskBytes }: StoreFiles, commits: readonly ProcessCommits[]): string {
  if (files.length === 0) return 'there is no store: no kind is durable';
  const free =
    freeBytes === undefined || diskBytes === undefined ? '' : `, ${bytes(freeBytes)} of ${bytes(diskBytes)} free`;
  const rows = commits.flatMap(({ worker, role, commits: of }) => {
    if (of === undefined) return [];
    const average = of.commits === 0 ? '' : `${(of.totalMs / of.commits).toFixed(1)} ms`;
    return [[worker, role, of.commits, of.records, average, `${of.longestMs.toFixed(1)} ms`, of.failed]];
  });
  return [
    `${folder}: ${bytes(files.reduce((sum, file) => sum + file.bytes, 0))}${free}`,
    ...files.map(({ name, bytes: size }) => `  ${name} ${bytes(size)}`),
    `\n${table(['WORKER', 'ROLE', 'COMMITS', 'RECORDS', 'ON AVERAGE', 'LONGEST', 'FAILED'], rows)}`,
  ].join('\n');
}

const configuration: CommandPlan = {
  usage: 'configuration',
  alias: 'config',
  summary: 'each option of the system, its value, and what has set it; no secrets',
  example: 'troupe configuration --json',
  run: (_args, options, output) =>
    withSystem(options, async (client) => {
      const { settings } = (await client.call('configuration')) as { settings: readonly Setting[] };
      const rows = settings.map(({ name, value, from }) => [name, from, value]);
      output.result(settings, () => table(['OPTION', 'SET BY', 'VALUE'], rows));
    }),
};

export const SETUP_COMMANDS: readonly CommandPlan[] = [reminders, store, configuration];

/** Commands that only look: nothing in the system is changed by them. */
import type { ConnectedClient } from '../client/connected-client.ts';
import type { TailedEvent, TailedEvents } from '../gateway/event-tail.ts';
import type { ListedLetter } from '../gateway/system-calls.ts';
import type { ActorInspection } from '../observe/actor-inspection.ts';
import { placeText, silentText } from '../inspection/list-actors.ts';
import type { ActorList } from '../observe/actor-list.ts';
import type { SystemMetrics } from '../system/metrics.ts';
import type { MachineInfo } from '../observe/machine-info.ts';
import type { WorkerInfo } from '../wire/control.ts';
import { EVENT_NAMES } from '../vocabulary/events.ts';
import type { Pause } from '../vocabulary/pause.ts';
import { type CommandPlan, type Given, textOption, wholeOption } from '../cli-ground/command.ts';
import { DONE, FAILED, wrongUse } from '../cli-ground/exit-codes.ts';
import { inspectionText } from './inspection-text.ts';
import { bytes, jsonOf, type Output, table, time } from '../cli-ground/output.ts';
import { withSystem } from '../cli-ground/reached-system.ts';

/** The answer of `info`. */
interface Info {
  readonly name: string;
  readonly pid: number;
  readonly node: string;
  /** Of a cluster: the machine that was reached. */
  readonly machine?: string;
}

const MILLISECONDS_MAX = 2 ** 31 - 1;

/** Kinds that `ls` lists one below the other, and actors of each where nothing else is asked for. */
const KINDS_MAX = 10;
const KINDS_LIMIT = 10;

interface Status extends Info {
  readonly workers: readonly WorkerInfo[];
  readonly metrics: SystemMetrics;
  /** Of its cluster; none: it is a system of one machine. */
  readonly machines: readonly MachineInfo[];
}

async function lookAt(client: ConnectedClient): Promise<Status> {
  const [info, workers, metrics, machines] = await Promise.all(
    ['info', 'workers', 'metrics', 'machines'].map((name) => client.call(name)),
  );
  return {
    ...(info as Info),
    workers: workers as WorkerInfo[],
    metrics: metrics as SystemMetrics,
    machines: machines as MachineInfo[],
  };
}

const status: CommandPlan = {
  usage: 'status',
  summary: 'the system, its workers, and the machines of its cluster',
  example: 'troupe status --data .troupe',
  run: (_args, options, output) =>
    withSystem(options, async (client) => {
      const seen = await lookAt(client);
      output.result(seen, () => statusText(output, seen));
    }),
};

function statusText(output: Output, { name, pid, node, machine, machines, workers, metrics }: Status): string {
  const { actors, mailbox, messages, failures, deadLetters, pauses } = metrics;
  const head =
    `${output.style('bold', name)}  pid ${pid}, Node.js ${node}\n` +
    `${actors} actors in memory, ${mailbox} messages waiting, ${messages} handled, ${failures} failed, ${deadLetters} dead letters${pauses.map(pauseText).join('')}`;
  const rows = workers.map((each) => [
    ...[each.index, each.role, each.pid, each.state, each.actors, each.mailbox],
    ...[bytes(each.heapBytes), bytes(each.rssBytes), each.restarts],
  ]);
  const others = machinesText(machine, machines);
  if (rows.length === 0) return `${head}\nno workers: all actors live in this process${others}`;
  const heads = ['WORKER', 'ROLE', 'PID', 'STATE', 'ACTORS', 'WAITING', 'HEAP', 'RSS', 'RESTARTS'];
  return `${head}\n\n${table(heads, rows)}${others}`;
}

function machinesText(machine: string | undefined, machines: readonly MachineInfo[]): string {
  if (machines.length === 0) return '';
  const rows = [...machines]
    .sort((one, other) => (one.id < other.id ? -1 : 1))
    .map((each) => [
      ...[each.id, each.id === machine ? `${each.state}, reached` : each.state, each.address, each.workers],
      ...[each.id === machine ? '' : (each.links ?? ''), `${each.leaseMs} ms`],
    ]);
  return `\n\n${table(['MACHINE', 'STATE', 'ADDRESS', 'WORKERS', 'LINKS', 'LEASE'], rows)}`;
}

function pauseText({ pattern, reason, since, perSecond }: Pause): string {
  const why = reason === undefined ? '' : `: ${reason}`;
  const how = perSecond === undefined ? 'paused' : `at ${perSecond} messages a second, paused`;
  return `\n${pattern} is ${how} since ${time(since)}${why}`;
}

const ls: CommandPlan = {
  usage: 'ls [kind]',
  alias: 'list',
  summary:
    'the kinds of actors; of a durable kind its ids, in memory or not; with --sort the actors in memory, also of several kinds: order,cart',
  example: 'troupe ls --sort mailbox --limit 20',
  options: [
    [
      '--sort <order>',
      'id, mailbox, bytes, busy, rate, latency, errors, restarts, failed or age: actors in memory, the foremost first',
    ],
    ['--after <id>', 'those behind this one only; with --sort the next of the page before'],
    ['--limit <count>', 'at most so many (default: 1000 ids; with --sort 50 actors)'],
  ],
  run: ([kind], options, output) =>
    withSystem(options, async (client) => {
      if (options.sort !== undefined && kind?.includes(','))
        return await listKindsBeside(client, output, kind, options);
      if (options.sort !== undefined) return await listActors(client, output, kind ?? null, options);
      if (kind === undefined) return await listKinds(client, output);
      const limit = options.limit === undefined ? null : wholeOption(options.limit, '--limit', 1, 10_000);
      const ids = (await client.call('ids', [kind, textOption(options.after), limit])) as string[];
      output.result(ids, () => ids.join('\n'));
    }),
};

async function listActors(
  client: ConnectedClient,
  output: Output,
  kind: string | null,
  { sort, limit, after }: Given,
): Promise<void> {
  const count = limit === undefined ? null : wholeOption(limit, '--limit', 1, 1_000);
  const list = (await client.call('list', [kind, textOption(sort), count, textOption(after)])) as ActorList;
  output.result(list, () => {
    const next = list.next === undefined ? '' : `\nmore: --after '${list.next}'`;
    const silent = list.silent.length === 0 ? '' : `\nno answer of workers ${list.silent.join(', ')}`;
    return `${actorsText(list)}${next}${silent}${silentText(list)}`;
  });
}

function actorsText({ actors }: ActorList): string {
  const rows = actors.map((each) => [
    ...[each.id, placeText(each), each.status, time(each.since), each.turn ?? '', each.mailbox, each.restarts],
  ]);
  return table(['ACTOR', 'WORKER', 'STATUS', 'SINCE', 'TURN', 'WAITING', 'RESTARTS'], rows);
}

/** Of each kind the foremost, one below the other. */
async function listKindsBeside(client: ConnectedClient, output: Output, kinds: string, given: Given): Promise<void> {
  const names = kinds.split(',');
  if (names.length > KINDS_MAX || given.after !== undefined)
    throw wrongUse(`expected at most ${KINDS_MAX} kinds, without --after; got '${kinds}'`);
  const count = given.limit === undefined ? KINDS_LIMIT : wholeOption(given.limit, '--limit', 1, 1_000);
  const lists = (await client.call('foremost', [textOption(given.sort), count, kinds])) as ActorList[];
  const beside = names.map((kind, at) => ({ kind, ...(lists[at] as ActorList) }));
  output.result(beside, () => beside.map((one) => `${one.kind}\n${actorsText(one)}`).join('\n\n'));
}

async function listKinds(client: ConnectedClient, output: Output): Promise<void> {
  const { kinds } = (await client.call('metrics')) as SystemMetrics;
  const rows = Object.entries(kinds).map(([name, each]) => [...[name, each.activations, each.messages, each.failures]]);
  output.result(kinds, () => table(['KIND', 'ACTIVATIONS', 'MESSAGES', 'FAILURES'], rows));
}

const inspectActor: CommandPlan = {
  usage: 'show <id>',
  alias: 'inspect',
  summary: 'what an actor does, since when, what it waits for, what waits behind it, and its state; it is not woken',
  example: 'troupe show counter/alice',
  run: ([id = ''], options, output) =>
    withSystem(options, async (client) => {
      const inspection = (await client.call('inspect', [id])) as ActorInspection;
      output.result(inspection, () => inspectionText(inspection));
    }),
};

const deadLetters: CommandPlan = {
  usage: 'dead-letters',
  summary:
    'messages that could not be handled: those on disk, and the newest in the memory of each process; send again, or forget',
  example: 'troupe dead-letters --resend 0abc-1',
  options: [
    ['--after <letter>', 'those behind this one only'],
    ['--resend <letter>', 'send it once more, and wait for its handler'],
    ['--discard <letter>', 'forget it'],
  ],
  run: (_args, options, output) =>
    withSystem(options, async (client) => {
      const { resend, discard, after } = options;
      if (resend !== undefined && discard !== undefined) throw wrongUse('expected --resend or --discard; got both');
      const act = resend === undefined ? 'discard' : 'resend';
      const letter = textOption(resend ?? discard);
      if (letter !== null) return await changeLetter(client, act, letter, output);
      const letters = (await client.call('dead-letters', [textOption(after)])) as ListedLetter[];
      const rows = letters.map((each) => [
        ...[each.id ?? `(worker ${each.worker})`, time(each.at), each.reason, each.to, each.preview ?? each.type],
      ]);
      output.result(letters, () => table(['LETTER', 'AT', 'REASON', 'TO', 'MESSAGE'], rows));
      return DONE;
    }),
};

async function changeLetter(
  client: ConnectedClient,
  act: 'resend' | 'discard',
  letter: string,
  output: Output,
): Promise<number> {
  const wasThere = (await client.call(act, [letter], 0)) === true;
  output.result({ letter, done: wasThere }, () => (wasThere ? `${letter}: ${act} done` : `no dead letter ${letter}`));
  return wasThere ? DONE : FAILED;
}

const events: CommandPlan = {
  usage: 'events',
  summary: 'events of the system as they come, a line each, until Ctrl-C',
  example: 'troupe events --only dead-letter,worker-exited --for 60000',
  options: [
    ['--only <names>', 'these only, with commas between them'],
    ['--for <ms>', 'end after so many milliseconds'],
    ['--count <count>', 'end after so many events'],
  ],
  run: (_args, options, output) => {
    const names = typeof options.only === 'string' ? options.only.split(',') : EVENT_NAMES;
    const unknown = names.find((name) => !EVENT_NAMES.includes(name));
    if (unknown !== undefined) throw wrongUse(`--only: expected ${EVENT_NAMES.join(', ')}; got '${unknown}'`);
    const count = options.count === undefined ? Infinity : wholeOption(options.count, '--count', 1, MILLISECONDS_MAX);
    const forMs = options.for === undefined ? Infinity : wholeOption(options.for, '--for', 1, MILLISECONDS_MAX);
    return withSystem(options, (client) => follow(client, output, { names, count, until: performance.now() + forMs }));
  },
};

interface Following {
  readonly names: readonly string[];
  readonly count: number;
  readonly until: number;
}

async function follow(client: ConnectedClient, output: Output, { names, count, until }: Following): Promise<void> {
  for (let left = count; left > 0; ) {
    const waitMs = Math.floor(Math.min(10_000, until - performance.now()));
    if (waitMs <= 0) return;
    const { events: found, missed } = (await client.call('events', [waitMs], waitMs + 5_000)) as TailedEvents;
    if (missed > 0) output.progress(`${missed} events were missed`);
    for (const event of found.filter((each) => names.includes(each.event)).slice(0, left)) {
      output.result(event, () => eventText(output, event));
      left--;
    }
  }
}

function eventText(output: Output, { event, at, ...fields }: TailedEvent): string {
  const parts = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : jsonOf(value)}`,
  );
  return `${output.style('dim', time(at))} ${output.style('bold', event)} ${parts.join(' ')}`;
}

export const INSPECT_COMMANDS: readonly CommandPlan[] = [status, ls, inspectActor, events, deadLetters];

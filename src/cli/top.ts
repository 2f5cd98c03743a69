/** `troupe top`: workers and the foremost actors, again and again; keys choose the order. */
import type { ConnectedClient } from '../client/connected-client.ts';
import { placeText, silentText } from '../inspection/list-actors.ts';
import type { ActorList } from '../observe/actor-list.ts';
import type { Checkup } from '../observe/checkup.ts';
import type { ProcessMetrics, SystemMetrics } from '../system/metrics.ts';
import type { WorkerInfo } from '../wire/control.ts';
import { type CommandPlan, wholeOption } from '../cli-ground/command.ts';
import { wrongUse } from '../cli-ground/exit-codes.ts';
import { bytes, table } from '../cli-ground/output.ts';
import { withSystem } from '../cli-ground/reached-system.ts';
import { Terminal } from './terminal.ts';

const EVERY_MS = 2_000;
const ACTORS = 20;

/** Key → order. `hot`: by the time that they had of their worker's loop; the others are those of `list`. */
const ORDERS: { readonly [key: string]: string } = {
  ...{ h: 'hot', m: 'mailbox', b: 'busy', r: 'restarts', f: 'failed', a: 'age' },
};
const KEYS = `${Object.entries(ORDERS)
  .map(([key, order]) => `${key} ${order}`)
  .join(' · ')} · q quit`;

interface TopLook {
  readonly at: number;
  readonly workers: readonly WorkerInfo[];
  readonly metrics: SystemMetrics;
  readonly checkups: readonly Checkup[];
  readonly list: ActorList | undefined;
}

const top: CommandPlan = {
  usage: 'top',
  summary: 'workers and the foremost actors, live; keys choose the order. Without a terminal: once',
  example: 'troupe top --sort mailbox',
  options: [
    ['--sort <order>', `${Object.values(ORDERS).join(', ')} (default: hot)`],
    ['--every <ms>', `between two looks (default: ${EVERY_MS})`],
  ],
  run: (_args, { sort = 'hot', every, ...options }, output) => {
    if (typeof sort !== 'string' || !Object.values(ORDERS).includes(sort))
      throw wrongUse(`--sort: expected ${Object.values(ORDERS).join(', ')}; got '${String(sort)}'`);
    const everyMs = every === undefined ? EVERY_MS : wholeOption(every, '--every', 100, 3_600_000);
    return withSystem(options, async (client) => {
      if (Terminal.isThere && !output.isJson) return await live(client, sort, everyMs);
      const before = await lookAt(client, sort);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
      const after = await lookAt(client, sort);
      output.result({ seconds: (after.at - before.at) / 1_000, ...after }, () => topText(before, after, sort));
    });
  },
};

async function lookAt(client: ConnectedClient, sort: string): Promise<TopLook> {
  const [workers, metrics, checkups, list] = await Promise.all([
    client.call('workers'),
    client.call('metrics'),
    client.call('checkups'),
    sort === 'hot' ? undefined : client.call('list', [null, sort, ACTORS, null]),
  ]);
  return { at: Date.now(), workers, metrics, checkups, list } as TopLook;
}

async function live(client: ConnectedClient, first: string, everyMs: number): Promise<void> {
  let sort = first;
  let isOver = false;
  let wake = (): void => {};
  const end = (): void => {
    isOver = true;
    wake();
  };
  const terminal = new Terminal((key) => {
    if (key === 'q') end();
    const order = ORDERS[key];
    if (order === undefined) return;
    sort = order;
    wake();
  }, end);
  terminal.take();
  try {
    let before = await lookAt(client, sort);
    while (!isOver) {
      const shown = sort;
      const after = await lookAt(client, shown);
      if (isOver) break;
      terminal.draw(topText(before, after, shown));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      // A key asks for another order at once: rates go on from the look before.
      if (after.at - before.at >= everyMs / 2) before = after;
    }
  } finally {
    terminal.give();
  }
}

export function topText(before: TopLook, after: TopLook, sort: string): string {
  const seconds = Math.max(0.001, (after.at - before.at) / 1_000);
  const { actors, mailbox, messages, failures, deadLetters } = after.metrics;
  const rate = Math.round((messages - before.metrics.messages) / seconds);
  const head =
    `${actors} actors, ${mailbox} waiting, ${rate} messages/s, ` +
    `${failures - before.metrics.failures} failed, ${deadLetters - before.metrics.deadLetters} dead letters since the look before`;
  return [head, '', workersText(before, after, seconds), '', actorsText(after, sort), '', KEYS].join('\n');
}

function workersText(before: TopLook, after: TopLook, seconds: number): string {
  const rows = after.metrics.workers.map((each) => {
    const was = before.metrics.workers.find(({ worker }) => worker === each.worker);
    const info = after.workers.find(({ index }) => index === each.worker);
    const cpu = was === undefined ? 0 : (each.cpuMs - was.cpuMs) / seconds / 10;
    return [
      ...[each.worker, each.role, info?.state ?? '', `${Math.max(0, Math.round(cpu))} %`],
      ...[`${Math.round(each.loop.utilization * 100)} %`, delay(each), each.actors, each.mailbox],
      ...[bytes(each.heapBytes), bytes(each.rssBytes), info?.restarts ?? ''],
    ];
  });
  const heads = ['WORKER', 'ROLE', 'STATE', 'CPU', 'LOOP', 'LATE', 'ACTORS', 'WAITING', 'HEAP', 'RSS', 'RESTARTS'];
  return table(heads, rows);
}

function delay({ loop }: ProcessMetrics): string {
  return loop.delayMs === undefined ? '' : `${Math.round(loop.delayMs.p99)} ms`;
}

function actorsText({ checkups, list }: TopLook, sort: string): string {
  if (sort === 'hot') {
    const hot = checkups.flatMap(({ worker, watchedMs, busy }) =>
      busy.map(({ id, ms, turns, longestMs }) => ({
        id,
        worker,
        turns,
        longestMs,
        share: ms / Math.max(1, watchedMs),
      })),
    );
    const rows = hot
      .sort((one, other) => other.share - one.share)
      .slice(0, ACTORS)
      .map((one) => [one.id, one.worker, `${(one.share * 100).toFixed(1)} %`, one.turns, one.longestMs.toFixed(1)]);
    return table(['ACTOR', 'WORKER', 'OF THE LOOP', 'TURNS', 'LONGEST MS'], rows);
  }
  const rows = (list?.actors ?? []).map((one) => [
    ...[one.id, placeText(one), one.status, one.turn ?? '', one.mailbox, one.restarts],
    new Date(one.since).toISOString().slice(11, 23),
  ]);
  return `${table(['ACTOR', 'WORKER', 'STATUS', 'TURN', 'WAITING', 'RESTARTS', 'SINCE'], rows)}${list ? silentText(list) : ''}`;
}

export const TOP: readonly CommandPlan[] = [top];

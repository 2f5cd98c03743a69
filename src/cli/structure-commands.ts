/** Commands that show how a system is put together: the tree of supervision, placement, and what an actor has done. */
import type { ConnectedClient } from '../client/connected-client.ts';
import type { ActorInspection } from '../observe/actor-inspection.ts';
import type { ActorList, ListedActor } from '../observe/actor-list.ts';
import type { FlowTimes, MessageFlow } from '../observe/message-flow.ts';
import type { PlacementView } from '../observe/placement-view.ts';
import type { PastTurn } from '../observe/turn-history.ts';
import { type CommandPlan, wholeOption } from '../cli-ground/command.ts';
import { type Output, table, time } from '../cli-ground/output.ts';
import { withSystem } from '../cli-ground/reached-system.ts';

/** Levels of a tree below its root, and actors in it. */
const DEPTH = 5;
const DEPTH_MAX = 100;
export const TREE_ACTORS = 500;
const TREE_ACTORS_MAX = 10_000;
/** Milliseconds that a system has to count messages, and to answer. */
const FLOW_CALL_MS = 10_000;
/** Parents that one call lists. */
const PARENTS_PER_CALL = 1_000;

interface TreeNode {
  readonly id: string;
  readonly status: string;
  readonly turn?: string;
  readonly worker: number | undefined;
  readonly restarts: number;
  /** All that it has; those that are not shown are beyond a limit. */
  readonly childCount: number;
  readonly children: TreeNode[];
}

interface TreePlan {
  readonly depth: number;
  /** Actors that may still be shown. */
  left: number;
}

const tree: CommandPlan = {
  usage: 'tree [id]',
  summary: 'the tree of supervision below an actor, or below all that have children; none is woken',
  example: 'troupe tree order/7 --depth 2',
  options: [
    ['--depth <levels>', `below the root (default: ${DEPTH})`],
    ['--limit <count>', `actors at most (default: ${TREE_ACTORS})`],
  ],
  run: ([id], { depth, limit, ...options }, output) => {
    const plan: TreePlan = {
      depth: depth === undefined ? DEPTH : wholeOption(depth, '--depth', 0, DEPTH_MAX),
      left: limit === undefined ? TREE_ACTORS : wholeOption(limit, '--limit', 1, TREE_ACTORS_MAX),
    };
    return withSystem(options, async (client) => {
      const roots = id === undefined ? await rootsOf(client, plan.left) : [id];
      const trees: TreeNode[] = [];
      for (const root of roots) if (plan.left > 0) trees.push(await nodeOf(client, root, 0, plan));
      output.result(trees, () => (trees.length === 0 ? 'no actor has children' : trees.map(treeText).join('\n')));
    });
  },
};

/** Actors with children that are nobody's children. */
async function rootsOf(client: ConnectedClient, most: number): Promise<string[]> {
  const roots: ListedActor[] = [];
  let after: string | null = null;
  do {
    const page = (await client.call('list', [null, 'children', PARENTS_PER_CALL, after])) as ActorList;
    roots.push(...page.actors.filter(({ parent }) => parent === undefined));
    after = page.next ?? null;
  } while (after !== null && roots.length < most);
  return roots.slice(0, most).map(({ id }) => id);
}

async function nodeOf(client: ConnectedClient, id: string, level: number, plan: TreePlan): Promise<TreeNode> {
  plan.left--;
  const one = (await client.call('inspect', [id])) as ActorInspection;
  const children: TreeNode[] = [];
  if (level < plan.depth)
    for (const child of one.children.first)
      if (plan.left > 0) children.push(await nodeOf(client, child, level + 1, plan));
  return {
    ...{ id, status: one.status, ...(one.turn?.type !== undefined && { turn: one.turn.type }) },
    ...{ worker: one.worker, restarts: one.restarts, childCount: one.children.count, children },
  };
}

function treeText(node: TreeNode): string {
  return [lineOf(node), ...branches(node, '')].join('\n');
}

function branches({ children, childCount }: TreeNode, indent: string): string[] {
  const hidden = childCount - children.length;
  const lines = children.flatMap((child, at) => {
    const isLast = at === children.length - 1 && hidden === 0;
    return [
      `${indent}${isLast ? '└─' : '├─'} ${lineOf(child)}`,
      ...branches(child, `${indent}${isLast ? '   ' : '│  '}`),
    ];
  });
  return hidden === 0 ? lines : [...lines, `${indent}└─ … ${hidden} more`];
}

function lineOf({ id, status, turn, worker, restarts }: TreeNode): string {
  const doing = turn === undefined ? '' : ` '${turn}'`;
  const again = restarts === 0 ? '' : `, ${restarts} restarts`;
  return `${id}  ${status}${doing}, worker ${worker ?? '?'}${again}`;
}

const placement: CommandPlan = {
  usage: 'placement',
  summary: 'shards by worker, pins, and the moves under way',
  example: 'troupe placement --json',
  run: (_args, options, output) =>
    withSystem(options, async (client) => {
      const view = (await client.call('placement')) as PlacementView;
      output.result(view, () => placementText(view, output));
    }),
};

function placementText({ epoch, columns, kinds, pins, moves }: PlacementView, output: Output): string {
  if (Object.keys(columns).length === 0) return 'no workers: all actors live in this process';
  const shards = Object.entries(columns).flatMap(([column, counts]) =>
    Object.entries(counts).map(([worker, count]) => [column || '(any)', Number(worker) < 0 ? 'none' : worker, count]),
  );
  const placed = Object.entries(kinds).map(([kind, { column, strategy }]) => [kind, column || '(any)', strategy]);
  const movesText = moves.map(({ purpose, from, to, count, first }) => {
    return `${purpose} of ${first.slice(0, 3).join(', ')}${count > 3 ? ` and ${count - 3} more` : ''}: worker ${from} to ${to}`;
  });
  return [
    `${output.style('bold', `epoch ${epoch}`)}, ${pins.count} pins, ${moves.length} moves under way`,
    ...movesText,
    `\n${table(['ROLE', 'WORKER', 'SHARDS'], shards)}`,
    `\n${table(['KIND', 'ROLE', 'STRATEGY'], placed)}`,
    ...(pins.count > 0
      ? [
          `\n${table(
            ['PINNED', 'WORKER'],
            pins.first.slice(0, 50).map(([id, worker]) => [id, worker]),
          )}`,
        ]
      : []),
    ...(pins.count > 50 ? [`… ${pins.count - 50} more (--json has up to 1000)`] : []),
  ].join('\n');
}

const history: CommandPlan = {
  usage: 'history <id>',
  summary: 'the last turns of an actor: when, of which message, how long, how it ended; where the option history is on',
  example: 'troupe history order/7 --last 20',
  options: [['--last <count>', 'so many turns (default: 100)']],
  run: ([id = ''], { last, ...options }, output) =>
    withSystem(options, async (client) => {
      const count = last === undefined ? null : wholeOption(last, '--last', 1, 1_000);
      const turns = (await client.call('history', [id, count])) as PastTurn[];
      const rows = turns.map((turn) => [
        ...[time(turn.at), turn.type ?? '(own)', turn.sender ?? '', turn.outcome],
        turn.ms === undefined ? '' : turn.ms.toFixed(1),
      ]);
      const none = 'no turns are known: there were none, or the option history is off (createSystem({ history: {} }))';
      output.result(turns, () =>
        turns.length === 0 ? none : table(['AT', 'MESSAGE', 'SENDER', 'OUTCOME', 'MS'], rows),
      );
    }),
};

const flow: CommandPlan = {
  usage: 'flow',
  summary:
    'messages from kind to kind: how many a second, how long they wait and are handled; the first look takes a second',
  example: 'troupe flow --json',
  run: (_args, options, output) =>
    withSystem(options, async (client) => {
      const found = (await client.call('flow', [], FLOW_CALL_MS)) as MessageFlow;
      output.result(found, () => flowText(found));
    }),
};

function flowText({ flows, more, silent }: MessageFlow): string {
  const times = (found: FlowTimes | undefined): string[] => [milliseconds(found?.p50), milliseconds(found?.p99)];
  const rows = flows.map(({ from, to, perSecond, error, waitMs, handlingMs }) => [
    ...[from, to, perSecond.toFixed(1), error === 0 ? '' : `±${(error * 100).toPrecision(2)} %`],
    ...[...times(waitMs), ...times(handlingMs)],
  ]);
  const heads = ['FROM', 'TO', 'PER SECOND', 'ERROR', 'WAIT P50', 'WAIT P99', 'HANDLING P50', 'HANDLING P99'];
  return [
    rows.length === 0 ? 'no message was handled while it was counted' : table(heads, rows),
    ...(more > 0 ? [`… ${more} pairs more`] : []),
    ...(silent.length > 0 ? [`no answer of workers ${silent.join(', ')}`] : []),
  ].join('\n');
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '' : `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`;
}

export const STRUCTURE_COMMANDS: readonly CommandPlan[] = [tree, placement, flow, history];

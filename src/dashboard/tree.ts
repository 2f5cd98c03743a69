/** The tree of supervision, a level at a time: those that have children and no parent, or the children of one. */
import type { ActorInspection } from '../observe/actor-inspection.ts';
import type { ActorList } from '../observe/actor-list.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { TreeAnswer, TreeNode } from './answers.ts';
import { callOf, type Ground } from './ground.ts';

/** Actors with children that are looked through for roots. */
export const PARENTS_LISTED_MAX = 1_000;

export async function treeOf(ground: Ground, params: URLSearchParams): Promise<TreeAnswer> {
  const id = params.get('id');
  return id === null ? rootsOf(ground) : childrenOf(ground, id);
}

async function rootsOf(ground: Ground): Promise<TreeAnswer> {
  const list = await callOf<ActorList>(ground, 'list', null, 'children', PARENTS_LISTED_MAX);
  const roots = list.actors.filter(({ parent }) => parent === undefined);
  const nodes = roots.map(({ id, status, worker, restarts, children }) => ({ id, status, worker, restarts, children }));
  return { nodes, hasMore: list.next !== undefined, silent: list.silent, workMs: list.workMs };
}

/** The first 50, as an inspection has them. */
async function childrenOf(ground: Ground, id: string): Promise<TreeAnswer> {
  const { children } = await callOf<ActorInspection>(ground, 'inspect', id);
  const found = await Promise.all(children.first.map((child) => nodeOf(ground, child)));
  const nodes = found.filter((node) => node !== undefined);
  return { nodes, hasMore: children.count > children.first.length, silent: [], workMs: 0 };
}

/** Undefined where its worker does not answer. */
async function nodeOf(ground: Ground, child: string): Promise<TreeNode | undefined> {
  try {
    const { id, status, worker, restarts, children } = await callOf<ActorInspection>(ground, 'inspect', child);
    return { id, status, worker, restarts, children: children.count };
  } catch (error) {
    if (error instanceof TroupeError && error.code === 'ACTOR_UNAVAILABLE') return undefined;
    throw error;
  }
}

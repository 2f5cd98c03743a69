/**
 * Whether a machine runs something beside its delays: a promise, a callback, an observable that runs and may
 * speak at any time. It has to be in memory for that. Knows of XState what it needs, by shape.
 */

export interface MachineActor {
  readonly logic: { readonly start?: unknown; readonly root?: unknown };
  getSnapshot(): { status?: string; children?: Record<string, MachineActor | undefined> } | undefined;
}

/** A machine by itself only waits, and so does a transition; what they have invoked or spawned may do more. */
export function isActive(actor: MachineActor): boolean {
  const { status = 'active', children = {} } = actor.getSnapshot() ?? {};
  if (status !== 'active') return false;
  const { start, root } = actor.logic;
  if (start !== undefined && root === undefined) return true;
  return Object.values(children).some((child) => child !== undefined && isActive(child));
}

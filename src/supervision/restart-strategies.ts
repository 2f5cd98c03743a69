/** The children that are started again when one has ended: OTP's restart types and strategies. */
import type { ChildrenStrategy, RestartType } from './supervision-options.ts';

/** Whether a child of this type is started again after it has ended by itself. */
export function mustRestart(type: RestartType, abnormal: boolean): boolean {
  return type === 'permanent' || (type === 'transient' && abnormal);
}

export interface AffectedChildren<T> {
  /** To be stopped, in reverse order of start; the failed one, which has ended already, is not among them. */
  stop: T[];
  /** To be started, in order of start; the failed one among them. */
  start: T[];
}

/**
 * The end of a child that must be started again, and its siblings. A temporary sibling is stopped with the
 * others but not started again, as in OTP; what took it down is no reason to break the promise of its type.
 */
export function affectedChildren<T>(
  strategy: ChildrenStrategy,
  childrenInStartOrder: readonly T[],
  failed: T,
  isTemporary: (child: T) => boolean = () => false,
): AffectedChildren<T> {
  const affected = affectedInStartOrder(strategy, childrenInStartOrder, failed);
  return {
    stop: affected.filter((child) => child !== failed).reverse(),
    start: affected.filter((child) => child === failed || !isTemporary(child)),
  };
}

function affectedInStartOrder<T>(strategy: ChildrenStrategy, children: readonly T[], failed: T): readonly T[] {
  const position = children.indexOf(failed);
  if (strategy === 'one_for_one' || position < 0) return [failed];
  return strategy === 'one_for_all' ? children : children.slice(position);
}

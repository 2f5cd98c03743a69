/** The shape of a place that an actor has had. */

/** A place that an actor, or the shard that its id falls into, was given by a change of the placement table. */
export interface PastPlace {
  /** Epoch of the change. */
  readonly epoch: number;
  /** When the master's process took it up, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** Index of the worker; -1: no living one could host it. Undefined: no place of its own any more, its shard decides. */
  readonly worker: number | undefined;
  /** `shard`: with all ids that fall into it; `own`: this id alone. */
  readonly of: 'shard' | 'own';
  /**
   * - `start`: nobody hosted it. `death`: its worker died. `hand-off`: it moved, by a call, a drain, or a rebalance. `claim`: a place for
   *   a child or a spawned actor. `end`: an actor with a place of its own has ended. `reload`: its kind has changed.
   */
  readonly why: 'start' | 'death' | 'hand-off' | 'claim' | 'end' | 'reload';
}

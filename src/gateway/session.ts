/** A session: the memory that the system has of a client while it is not connected, so that nothing of it is handled twice. */
import type { Sender } from '../actor/sender.ts';
import type { Rights } from './rights.ts';

/** The part of a client that outlives its connection. */
export interface Session {
  readonly rights: Rights;
  readonly sender: Sender;
  /** The highest number that the system has taken over. */
  accepted: number;
  /** The one that stands; another one takes its place. */
  connection: { replace(): void } | undefined;
  /** On `Clock.now()`. */
  endedAt: number;
  /** Why its last connection was cut. */
  cut: string | undefined;
}

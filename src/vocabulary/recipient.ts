/**
 * Everything that can be mailed is a Recipient: a cell, dead letters, a link, the router itself.
 */
import type { ActorId } from './address.ts';
import type { Envelope } from './envelope.ts';
import type { Signal } from './signal.ts';

export interface Recipient {
  /** Takes one envelope, in order. False: the way is congested, or so full that it is refused. Never throws. */
  deliver(envelope: Envelope): boolean;
  /** Takes one signal for `to`: it waits behind no mailbox and is never refused. Never throws. */
  signal(to: ActorId, signal: Signal): void;
}

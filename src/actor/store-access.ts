/** Durable actors live where the store is open; a process without it only sends to them. */
import type { Envelope } from '../vocabulary/envelope.ts';
import type { Behaviour } from './behaviour.ts';
import type { Kernel } from './kernel.ts';

export function lacksStore({ durability }: Kernel, { durable }: Behaviour): boolean {
  return durable !== undefined && durability?.hosts === false;
}

/** Mail that its sender keeps goes again, once there is a host that has the store. */
export function refuseWithoutStore({ deadLetters }: Kernel, envelope: Envelope): void {
  const text = `${envelope.to} is durable, and the store is not open in this process`;
  deadLetters.refuseUnlessResent(envelope, 'STORE_FAILED', text);
}

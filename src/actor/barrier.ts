/** A barrier without a deadline: settles once the mail that an actor has by then is handled, however long that takes. */
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import type { Kernel } from './kernel.ts';

export function barrierTo(kernel: Pick<Kernel, 'pending' | 'router'>, id: ActorId): Promise<unknown> {
  const reply = kernel.pending.open(id, 0, undefined, undefined);
  kernel.router.deliver(new Envelope('barrier', id, undefined, undefined, reply, 0));
  return reply.promise;
}

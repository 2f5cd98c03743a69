/** In front of a router while somebody follows the mail (observe/trace.ts, `TROUPE_TRACE`): says where each envelope is about to go. */
import { type Trace, tracedMail } from '../observe/trace.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Recipient } from '../vocabulary/recipient.ts';

/** `hostOf`: the worker that hosts an actor, as far as it is known here. The router itself where nobody traces. */
export function tracedRouter(
  router: Recipient,
  trace: Trace | undefined,
  hostOf: (id: ActorId) => number | undefined,
): Recipient {
  if (trace === undefined) return router;
  return {
    deliver: (envelope) => {
      trace.note({ topic: 'route', step: 'routed', host: hostOf(envelope.to), ...tracedMail(envelope) });
      return router.deliver(envelope);
    },
    signal: (to, signal) => router.signal(to, signal),
  };
}

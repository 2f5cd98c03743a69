/** Claims: the requests to the master for an actor that is to have a pin. */
import type { ActorId } from '../vocabulary/address.ts';
import type { KindTerms, MasterRequest } from '../wire/control.ts';
import type { SpawnOptions } from '../system/system.ts';

/** Undefined where the table decides. */
export function claimOf(
  id: ActorId,
  terms: KindTerms | undefined,
  { placement, key }: SpawnOptions,
): MasterRequest | undefined {
  if (placement === undefined || terms === undefined) return undefined;
  const { worker, role = terms.role } = placement;
  const strategy = terms.strategy === 'hash' ? 'least-loaded' : terms.strategy;
  const what: MasterRequest = { kind: 'claim', id, role, fresh: key === undefined, strategy };
  return worker === undefined ? what : { ...what, worker };
}

/** With its parent, on this worker. */
export function claimOfChild(id: ActorId, terms: KindTerms | undefined, worker: number, fresh: boolean): MasterRequest {
  return { kind: 'claim', id, role: '', worker, fresh, strategy: terms?.strategy ?? 'hash' };
}

/** Names of turns that are no messages from outside. */
import type { DeliveryId } from '../vocabulary/envelope.ts';

/** That of a timer, a reminder, or a letter that is sent again; undefined: it has none. */
export function insideTurn(deliveryId: DeliveryId | undefined): string | undefined {
  return deliveryId !== undefined && deliveryId.outside === undefined ? deliveryId.turn : undefined;
}

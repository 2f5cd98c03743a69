/**
 * The id of a message that comes from outside and may come again: from a broker, which gives back what nobody has acknowledged.
 * It crosses in the place of the name of a turn, in the delivery id of an ask.
 */

export interface OutsideId {
  /** The same for every try. */
  readonly name: string;
  /** How often it was given up before, and sent in once more on purpose: what failed in an earlier life is tried in the next one. */
  readonly life: number;
}

/** No actor's turn begins like this: ids have a slash there. */
const OUTSIDE = 'outside:';

export function outsideTurn({ name, life }: OutsideId): string {
  return `${OUTSIDE}${life}:${name}`;
}

/** Undefined where a delivery id names none. The text is read where it has crossed, and once; in its own process nobody reads it (scenario rabbitmq). */
export function outsideOf(named?: { turn: string | undefined; outside: OutsideId | undefined }): OutsideId | undefined {
  return named && (named.outside ??= readOutsideTurn(named.turn));
}

/** Undefined where a turn has another name, or none. */
export function readOutsideTurn(turn: string | undefined): OutsideId | undefined {
  if (turn === undefined || !turn.startsWith(OUTSIDE)) return undefined;
  const end = turn.indexOf(':', OUTSIDE.length);
  return { name: turn.slice(end + 1), life: Number(turn.slice(OUTSIDE.length, end)) };
}

/** Names in errors: those that are known, and the one that was probably meant. */
import { inspect } from '../plain-data/inspect.ts';

/** Names that are listed; of the others only their number is said. */
export const NAMES_LISTED = 20;
/** Names that are looked through, and characters of one, for the nearest. */
const NAMES_COMPARED = 1_000;
const NAME_LENGTH_MAX = 64;

/** `a, b, c`. */
export function listed(names: Iterable<string>): string {
  const all = [...names];
  if (all.length === 0) return 'none';
  const rest = all.length - NAMES_LISTED;
  return rest > 0 ? `${all.slice(0, NAMES_LISTED).join(', ')} and ${rest} more` : all.join(', ');
}

/** ` (did you mean 'b'?)`, or nothing where none is near. */
export function didYouMean(got: unknown, names: Iterable<string>): string {
  const name = typeof got === 'string' ? nearest(got, names) : undefined;
  return name === undefined ? '' : ` (did you mean '${name}'?)`;
}

/** The fault of an option that does not exist. */
export function unknownOption(path: string, name: string, known: Iterable<string>): string {
  return `${path}: expected one of ${[...known].join(', ')}; got ${inspect(name)}${didYouMean(name, known)}`;
}

/** The one with the fewest letters wrong, missing, too many or exchanged; of two as near, the first. */
function nearest(got: string, names: Iterable<string>): string | undefined {
  if (got.length > NAME_LENGTH_MAX) return undefined;
  let best: string | undefined;
  let bestDistance = Math.min(3, Math.ceil(got.length / 3)) + 1;
  let compared = 0;
  for (const name of names) {
    if (++compared > NAMES_COMPARED) break;
    if (name === got || Math.abs(name.length - got.length) >= bestDistance) continue;
    const distance = distanceOf(got.toLowerCase(), name.toLowerCase());
    if (distance >= bestDistance) continue;
    best = name;
    bestDistance = distance;
  }
  return best;
}

/** Optimal string alignment: edits of single letters, and exchanges of two neighbours. */
function distanceOf(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row++) {
    const next = [row];
    for (let at = 1; at <= b.length; at++) {
      const isSame = a[row - 1] === b[at - 1];
      const edits = [
        (last[at] as number) + 1,
        (next[at - 1] as number) + 1,
        (last[at - 1] as number) + (isSame ? 0 : 1),
      ];
      const isExchange = row > 1 && at > 1 && a[row - 1] === b[at - 2] && a[row - 2] === b[at - 1];
      if (isExchange) edits.push((before[at - 2] as number) + 1);
      next.push(Math.min(...edits));
    }
    before = last;
    last = next;
  }
  return last[b.length] as number;
}

/**
 * Which messages a machine takes for events: those that one of its states names, by their type or by a wildcard. Names
 * that XState gives to events of its own are none that anybody may send.
 */

interface StateShape {
  transitions?: ReadonlyMap<string, unknown>;
  states?: Record<string, StateShape>;
}

const OWN_EVENTS = 'xstate.';

/** Stops, ends of invoked actors, delays: played by XState only. */
export function isOwnEvent(type: string): boolean {
  return type.startsWith(OWN_EVENTS);
}

export interface KnownEvents {
  isKnown(type: string): boolean;
  /** Those that its states name, a wildcard as it is written there; undefined where it may take any. */
  readonly types: readonly string[] | undefined;
}

/** Other logic than a machine names no events: it may take any. */
export function knownEvents(logic: object): KnownEvents {
  const { root } = logic as { root?: StateShape };
  if (root?.transitions === undefined) return { isKnown: (type) => !isOwnEvent(type), types: undefined };
  const exact = new Set<string>();
  const families = new Set<string>();
  let isOpen = false;
  for (const descriptor of descriptorsOf(root)) {
    if (descriptor === '*') isOpen = true;
    else if (descriptor.endsWith('.*')) families.add(descriptor.slice(0, -2));
    else exact.add(descriptor);
  }
  const types = [...exact]
    .filter((type) => !isOwnEvent(type))
    .concat(Array.from(families, (subtree) => `${subtree}.*`));
  return {
    isKnown: (type) => !isOwnEvent(type) && (exact.has(type) || isOpen || isInSubtree(type, families)),
    types: isOpen ? undefined : types,
  };
}

/** `order.*` is for `order`, `order.paid` and `order.paid.late`. */
function isInSubtree(type: string, families: ReadonlySet<string>): boolean {
  if (families.size === 0) return false;
  for (let end = type.length; end > 0; end = type.lastIndexOf('.', end - 1)) {
    if (families.has(type.slice(0, end))) return true;
  }
  return false;
}

function* descriptorsOf({ transitions, states }: StateShape): Iterable<string> {
  yield* transitions?.keys() ?? [];
  for (const state of Object.values(states ?? {})) yield* descriptorsOf(state);
}

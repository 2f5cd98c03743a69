/** Puts other objects in the place of some, wherever they stand in a value that has just been read. Cycles are fine. */
export function replaceParts(root: unknown, replacements: ReadonlyMap<unknown, unknown>): unknown {
  const swap = (part: unknown): unknown => (replacements.has(part) ? replacements.get(part) : part);
  const seen: Set<object> = new Set();
  const rest: unknown[] = [root];
  while (rest.length > 0) {
    const next = rest.pop();
    if (typeof next !== 'object' || next === null || seen.has(next) || replacements.has(next)) continue;
    seen.add(next);
    if (next instanceof Map) {
      const entries = [...next];
      next.clear();
      // Filled again in whole, since keys must keep their order.
      for (const [key, value] of entries) next.set(swap(key), swap(value));
      for (const entry of entries) rest.push(...entry);
    } else if (next instanceof Set) {
      const members = [...next];
      next.clear();
      for (const member of members) {
        next.add(swap(member));
        rest.push(member);
      }
    } else if (!ArrayBuffer.isView(next)) {
      swapProperties(next as Record<string, unknown>, swap, rest);
    }
  }
  return swap(root);
}

function swapProperties(object: Record<string, unknown>, swap: (part: unknown) => unknown, rest: unknown[]): void {
  // The cause of an Error is not enumerable.
  const keys = object instanceof Error ? ['cause'] : Object.keys(object);
  for (const key of keys) {
    const part = object[key];
    if (typeof part !== 'object' || part === null || !Object.hasOwn(object, key)) continue;
    const swapped = swap(part);
    // Defined, not assigned: the key may be `__proto__`.
    if (swapped !== part) Object.defineProperty(object, key, { value: swapped });
    rest.push(part);
  }
}

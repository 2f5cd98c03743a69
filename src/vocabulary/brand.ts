/**
 * Marks by which several copies of this package in one process know each other's values: `npm link`, a monorepo or pnpm
 * with differing peers bring the application and its actors two. A class or a module's own set would know its own only.
 */

/** Of what is branded. Grows with a change that copies before it cannot read. */
export const BRAND_FORMAT = 1;

export interface Brand {
  readonly format: number;
  /** URL of the copy, for people. */
  readonly copy: string;
}

export type Branded = 'definition' | 'TroupeError' | 'Refusal';

const OWN: Brand = Object.freeze({ format: BRAND_FORMAT, copy: new URL('../', import.meta.url).href });

export function brandedAs(what: Branded): symbol {
  return Symbol.for(`troupe.${what}`);
}

/** Marks an object, or all instances of a class by its prototype. Not enumerable: a copy of the object is not branded. */
export function brand(target: object, what: Branded): void {
  Object.defineProperty(target, brandedAs(what), { value: OWN });
}

/** The copy that made it; undefined where it is not branded as such. */
export function brandOf(value: unknown, what: Branded): Brand | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as Record<symbol, Brand | undefined>)[brandedAs(what)];
}

/** `instanceof` for a branded class: instances of other copies count; of a subclass only its own, as ever. */
export function isInstance(
  branded: abstract new (...of: never[]) => object,
  what: Branded,
  asked: unknown,
  value: unknown,
): boolean {
  if (asked !== branded) return Function.prototype[Symbol.hasInstance].call(asked as object, value);
  return brandOf(value, what)?.format === BRAND_FORMAT;
}

/** One for all copies of the format, by name. */
export function sharedByCopies<T>(name: string, make: () => T): T {
  const key = Symbol.for(`troupe.${name}.${BRAND_FORMAT}`);
  const global = globalThis as unknown as Record<symbol, T | undefined>;
  const found = global[key];
  if (found !== undefined) return found;
  const made = make();
  Object.defineProperty(global, key, { value: made });
  return made;
}

/** The words for a value that a copy of another format made. */
export function otherFormat({ format, copy }: Brand): string {
  return `one of format ${format}, made by another copy of troupe at ${copy}; the one that runs here is at ${OWN.copy} and knows format ${BRAND_FORMAT}`;
}

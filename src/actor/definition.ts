/** The value that `defineActor` gives: the options as they were written, not checked yet (definition-check.ts), and the types that were inferred from them. */

import { BRAND_FORMAT, brand, brandOf } from '../vocabulary/brand.ts';

/** Where a definition carries its types; nothing is there at run time. */
declare const types: unique symbol;

/**
 * The definition of a kind, by `defineActor`: `S` is the state, `H` maps message types to handlers, `A` is what `spawn` may be given. `system.ref(definition, key)`
 * has its types from here.
 */
export interface ActorDefinition<S = unknown, H = unknown, A = unknown> {
  /** For the compiler only. */
  readonly [types]?: { state: S; handlers: H; args: A };
  /** The options as they were written. */
  readonly options: object;
}

export function newDefinition(options: object): ActorDefinition {
  const definition = { options };
  brand(definition, 'definition');
  return Object.freeze(definition);
}

/** True for what `defineActor` gave, of this copy of troupe or of another one that means the same by it. */
export function isDefinition(value: unknown): value is ActorDefinition {
  return brandOf(value, 'definition')?.format === BRAND_FORMAT;
}

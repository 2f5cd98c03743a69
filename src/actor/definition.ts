/** The value that `defineActor` gives: the options as they were written, and the types that were inferred from them. */

import { BRAND_FORMAT, brand, brandOf } from '../vocabulary/brand.ts';

declare const types: unique symbol;

/** `S` the state, `H` maps message types to handlers, `A` the arguments of `spawn`. */
export interface ActorDefinition<S = unknown, H = unknown, A = unknown> {
  readonly [types]?: { state: S; handlers: H; args: A };
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

/** The value that `defineActor` gives: the options as they were written, and the types that were inferred from them. */

declare const types: unique symbol;

/** `S` the state, `H` maps message types to handlers, `A` the arguments of `spawn`. */
export interface ActorDefinition<S = unknown, H = unknown, A = unknown> {
  readonly [types]?: { state: S; handlers: H; args: A };
  readonly options: object;
}

const DEFINED = new WeakSet<object>();

export function newDefinition(options: object): ActorDefinition {
  const definition = Object.freeze({ options });
  DEFINED.add(definition);
  return definition;
}

/** True for what `defineActor` of this very module gave. */
export function isDefinition(value: unknown): value is ActorDefinition {
  return typeof value === 'object' && value !== null && DEFINED.has(value);
}

/** Parts of states and messages that are not shown: whole kinds, or fields by their names at any depth. Pure. */
import { kindOf } from '../vocabulary/address.ts';
import { inspect } from '../plain-data/inspect.ts';

export const REDACTED = '[redacted]';
/** Patterns, and names of fields of one. */
export const REDACTIONS_MAX = 1_000;
const KIND_PATTERN = /^[a-z0-9*-]{1,64}$/;

/** Parts of states, replies and dead letters that are not shown, by kind, `*` for any characters: true for all of it, or the names of fields at any depth. */
export interface RedactOptions {
  /** By the name of a kind, or a pattern of it with `*`: true for all, or the names of fields, at any depth. */
  readonly [kind: string]: true | readonly string[];
}

export class Redaction {
  readonly #rules: readonly { kind: RegExp; fields: ReadonlySet<string> | undefined }[];

  readonly #isKind: (kind: string) => boolean;

  /** `isKind`: whether the system has it. */
  constructor(options: RedactOptions = {}, isKind: (kind: string) => boolean = () => true) {
    this.#isKind = isKind;
    this.#rules = Object.entries(options).map(([pattern, fields]) => ({
      kind: new RegExp(`^${pattern.split('*').join('.*')}$`),
      fields: fields === true ? undefined : new Set(fields),
    }));
  }

  /** A value of an actor, as JSON data; of what is no actor, a topic say, the rules of all kinds hold. */
  of(id: string, value: unknown): unknown {
    const kind = kindOf(id);
    const isActor = id.includes('/') && this.#isKind(kind);
    const rules = this.#rules.filter((rule) => !isActor || rule.kind.test(kind));
    if (rules.length === 0 || value === undefined) return value;
    const fields = new Set<string>();
    for (const rule of rules) {
      if (rule.fields === undefined) return REDACTED;
      for (const field of rule.fields) fields.add(field);
    }
    return without(value, fields);
  }
}

/** The value is not changed. Its depth is bounded by who has made it. */
function without(value: unknown, fields: ReadonlySet<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  // A map is shown as a list of pairs.
  if (Array.isArray(value))
    return value.map((part) => (isPairOf(part, fields) ? [part[0], REDACTED] : without(part, fields)));
  const parts = Object.entries(value).map(([name, part]) => [
    name,
    fields.has(name) ? REDACTED : without(part, fields),
  ]);
  return Object.fromEntries(parts);
}

function isPairOf(part: unknown, fields: ReadonlySet<string>): part is [string, unknown] {
  return Array.isArray(part) && part.length === 2 && typeof part[0] === 'string' && fields.has(part[0]);
}

export function validateRedact(redact: unknown, at: string): string[] {
  if (redact === undefined) return [];
  if (typeof redact !== 'object' || redact === null || Array.isArray(redact))
    return [`${at}: expected true or names of fields by kind, { account: ['iban'] }; got ${inspect(redact)}`];
  const entries = Object.entries(redact);
  if (entries.length > REDACTIONS_MAX)
    return [`${at}: expected at most ${REDACTIONS_MAX} patterns of kinds; got ${entries.length}`];
  return entries.flatMap(([kind, fields]) => {
    if (!KIND_PATTERN.test(kind)) return [`${at}: expected patterns of a-z, 0-9, - and *; got ${inspect(kind)}`];
    const isFine =
      fields === true ||
      (Array.isArray(fields) &&
        fields.length <= REDACTIONS_MAX &&
        fields.every((name) => typeof name === 'string' && name !== ''));
    return isFine ? [] : [`${at}.${kind}: expected true or a list of names of fields; got ${inspect(fields)}`];
  });
}

/** Rights: what a client may do, decided before anything of it reaches an actor. Pure. */
import { type ActorId, kindOf } from '../vocabulary/address.ts';

/** A right of a client: the call that it may make, `where` by `observe`. */
export type ClientRight = 'tell' | 'ask' | 'publish' | 'subscribe' | 'watch' | 'read' | 'observe' | 'admin';

export const CLIENT_RIGHTS: readonly ClientRight[] = [
  ...(['tell', 'ask', 'publish', 'subscribe', 'watch', 'read', 'observe', 'admin'] as const),
];
/** Of a client that is named without `may`. */
export const USUAL_RIGHTS: readonly ClientRight[] = ['tell', 'ask', 'publish', 'subscribe', 'watch', 'read'];

/** Rights as plain data. */
export interface RightsData {
  readonly name: string;
  readonly may: readonly ClientRight[];
  readonly kinds: readonly string[];
}

export class Rights {
  /** For the log: which entry of `clients`, or that everybody has them. */
  readonly name: string;
  readonly #may: ReadonlySet<ClientRight>;
  readonly #kinds: readonly RegExp[];
  readonly #patterns: readonly string[];
  readonly #reachesAll: boolean;

  constructor(name: string, may: readonly ClientRight[], kinds: readonly string[]) {
    this.name = name;
    this.#may = new Set(may);
    this.#patterns = kinds;
    this.#reachesAll = kinds.includes('*');
    this.#kinds = kinds.map(kindPattern);
  }

  get data(): RightsData {
    return { name: this.name, may: [...this.#may], kinds: this.#patterns };
  }

  /** Why not; undefined where it may. `id`: of the actor that it is about. */
  refusal(right: ClientRight, id?: ActorId): string | undefined {
    if (!this.#may.has(right))
      return `this client has no right to ${right}: its rights are ${[...this.#may].join(', ') || 'none'}`;
    return id === undefined ? undefined : this.refusalOfKind(id);
  }

  /** Of what concerns actors of all kinds. */
  refusalOfAll(right: ClientRight): string | undefined {
    if (!this.#may.has(right) || this.#reachesAll) return this.refusal(right);
    return `this client does not reach all kinds: its kinds are ${this.#patterns.join(', ') || 'none'}`;
  }

  refusalOfKind(id: ActorId): string | undefined {
    if (this.#reachesAll) return undefined;
    const kind = kindOf(id);
    if (this.#kinds.some((pattern) => pattern.test(kind))) return undefined;
    return `this client does not reach ${id}: its kinds are ${this.#patterns.join(', ') || 'none'}`;
  }
}

/** `*` stands for any characters, also none. */
function kindPattern(pattern: string): RegExp {
  return new RegExp(`^${pattern.split('*').join('.*')}$`);
}

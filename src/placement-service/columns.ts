/** The columns of the table with the workers that may host them, and what is not where it belongs. */
import type { PlacementTable } from '../placement/placement-table.ts';
import { type Elsewhere, rebalance } from '../placement/rebalance.ts';
import { shardUnit } from '../placement/shard.ts';
import type { Hosts } from './hosts.ts';
import type { Draft, ShareMove } from './table-draft.ts';

export interface ColumnsParts {
  readonly table: PlacementTable;
  readonly hosts: Hosts;
  /** Roles that some worker has. */
  readonly roles: readonly string[];
  /** Shards of other machines, and those of nobody. */
  readonly elsewhere: Elsewhere | undefined;
}

export interface Imbalance {
  /** Entries that change at once. */
  readonly forced: Draft['columns'];
  readonly moves: ShareMove[];
}

export class Columns {
  readonly #parts: ColumnsParts;

  constructor(parts: ColumnsParts) {
    this.#parts = parts;
  }

  /** Columns in use, each with the workers that host it. */
  all(): Map<string, { role: string; hosts: number[] }> {
    const { table, hosts, roles } = this.#parts;
    const names = ['', ...roles, ...hosts.roles()];
    const columns = new Map(names.map((role) => [role, { role, hosts: hosts.of(role) }]));
    for (const [kind, { column, role }] of table.kinds()) columns.set(column, { role, hosts: this.hostsOf(kind) });
    return columns;
  }

  hostsOf(kind: string, role: string = this.#parts.table.kind(kind)?.role ?? ''): number[] {
    return this.#parts.hosts.ofKind(kind, role);
  }

  /** `committing`: kinds whose shards stay where they are for now. */
  imbalance(committing: Iterable<string>): Imbalance {
    const { table, hosts, elsewhere } = this.#parts;
    const forced: Draft['columns'] = {};
    const moves: ShareMove[] = [];
    const staying = new Set([...committing].map((kind) => table.kind(kind)?.column));
    for (const [column, { hosts: living }] of this.all()) {
      const foreign = (shard: number): number | undefined => elsewhere?.(shard, column);
      const changes = rebalance(table.column(column), living, hosts.leaving, hosts.all(), foreign);
      if (changes.forced.length > 0) forced[column] = changes.forced;
      if (staying.has(column)) continue;
      for (const { shard, from, to } of changes.moves) moves.push({ unit: shardUnit(column, shard), from, to });
    }
    return { forced, moves };
  }

  /** New hosts for what lived on a worker that is dead. */
  lostWith(dead: number): Draft['columns'] {
    const { table, elsewhere } = this.#parts;
    const lost: Draft['columns'] = {};
    for (const [name, { hosts }] of this.all()) {
      const column = table.column(name);
      const { forced } = rebalance(column, hosts, undefined, undefined, (shard) => elsewhere?.(shard, name));
      const changed = forced.filter(([shard]) => column[shard] === dead);
      if (changed.length > 0) lost[name] = changed;
    }
    return lost;
  }
}

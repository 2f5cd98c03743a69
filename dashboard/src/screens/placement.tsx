/** Where actors are placed: shards by worker, what moves now, and the ids that have a worker of their own. */
import type { PlacementView } from '../../../src/observe/placement-view.ts';
import { useLive } from '../live.ts';
import { ActorLink, Card, Waiting } from '../parts/blocks.tsx';
import { Table } from '../parts/table.tsx';
import { hrefOf } from '../route.ts';
import { count, percent } from '../show.ts';

const PURPOSES = { claim: 'a place for a new one', release: 'a place given back', move: 'with all that lives there' };

export function Placement() {
  const live = useLive<PlacementView>('placement', {});
  const view = live.value.value;
  return (
    <>
      <Waiting live={live} />
      {view !== undefined && <View view={view} />}
    </>
  );
}

function View({ view: { epoch, columns, kinds, pins, moves } }: { readonly view: PlacementView }) {
  return (
    <>
      <p>Table of epoch {count(epoch)}.</p>
      <Card title="Moves under way">
        <Table
          caption="Moves under way"
          rows={moves.map((move, position) => ({ ...move, position }))}
          keyOf={({ position }) => position}
          empty="Nothing moves."
          columns={[
            { head: 'From', isNumber: true, cell: ({ from }) => from },
            { head: 'To', isNumber: true, cell: ({ to }) => to },
            { head: 'What', cell: ({ purpose }) => PURPOSES[purpose] },
            { head: 'Shards and ids', isNumber: true, cell: (move) => count(move.count) },
            { head: 'The first', cell: ({ first }) => <span class="id">{first.join(', ')}</span> },
          ]}
        />
      </Card>
      <div class="cards">
        {Object.entries(columns).map(([column, hosts]) => (
          <Column key={column} column={column} hosts={hosts} />
        ))}
      </div>
      <Card title="Kinds">
        <Table
          caption="Kinds"
          rows={Object.entries(kinds)}
          keyOf={([kind]) => kind}
          empty="The system has none."
          columns={[
            { head: 'Kind', cell: ([kind]) => <a href={hrefOf('actors', { kind })}>{kind}</a> },
            { head: 'Role', cell: ([, { role }]) => role || 'any' },
            { head: 'Placed by', cell: ([, { strategy }]) => strategy },
          ]}
        />
      </Card>
      <Card title={`Ids with a worker of their own: ${count(pins.count)}`}>
        <Table
          caption="Pins"
          rows={pins.first}
          keyOf={([id]) => id}
          empty="None."
          columns={[
            { head: 'Actor', cell: ([id]) => <ActorLink id={id} /> },
            { head: 'Worker', isNumber: true, cell: ([, worker]) => worker },
          ]}
        />
        {pins.count > pins.first.length && <p class="quiet">and {count(pins.count - pins.first.length)} more</p>}
      </Card>
    </>
  );
}

function Column({ column, hosts }: { readonly column: string; readonly hosts: PlacementView['columns'][string] }) {
  const rows = Object.entries(hosts);
  const all = rows.reduce((sum, [, shards]) => sum + shards, 0);
  return (
    <Card title={column === '' ? 'Shards, of any role' : `Shards of ${column}`}>
      <Table
        caption={`Shards of ${column || 'any role'} by worker`}
        rows={rows}
        keyOf={([worker]) => worker}
        empty="None are placed."
        columns={[
          { head: 'Worker', cell: ([worker]) => (worker === '-1' ? 'no living one' : worker) },
          { head: 'Shards', isNumber: true, cell: ([, shards]) => count(shards) },
          { head: 'Share', isNumber: true, cell: ([, shards]) => percent(shards / all) },
          {
            head: 'Bar',
            cell: ([, shards]) => <meter min={0} max={all} value={shards} aria-label="share of the shards" />,
          },
        ]}
      />
    </Card>
  );
}

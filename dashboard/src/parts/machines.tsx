/** The machines of the cluster, as this one sees them. */
import type { OverviewAnswer } from '../../../src/dashboard/answers.ts';
import { count, ms } from '../show.ts';
import { Badge, Card } from './blocks.tsx';
import { Table } from './table.tsx';

export function Machines({ now: { machines, machine } }: { readonly now: OverviewAnswer }) {
  if (machines.length === 0) return null;
  return (
    <Card title="Machines">
      <Table
        caption="Machines"
        rows={[...machines].sort((a, b) => (a.id < b.id ? -1 : 1))}
        keyOf={({ id }) => id}
        empty="No machine is known yet."
        columns={[
          { head: 'Machine', cell: ({ id }) => `${id}${id === machine ? ' (this one)' : ''}` },
          { head: 'State', cell: ({ state }) => <Badge text={state} /> },
          { head: 'Address', cell: ({ address }) => address },
          { head: 'Workers', isNumber: true, cell: ({ workers }) => count(workers) },
          {
            head: 'Links',
            isNumber: true,
            cell: ({ id, links = 0 }) => (id === machine ? '' : count(links)),
          },
          { head: 'Lease', isNumber: true, cell: ({ leaseMs }) => ms(leaseMs) },
        ]}
      />
    </Card>
  );
}

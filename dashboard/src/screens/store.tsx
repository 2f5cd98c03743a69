/** The store of durable actors: its files, the room on its disk, and how long commits take. */
import type { StoreAnswer } from '../../../src/dashboard/answers.ts';
import { useLive } from '../live.ts';
import { Card, Tile, Waiting } from '../parts/blocks.tsx';
import { Table } from '../parts/table.tsx';
import { bytes, count, ms } from '../show.ts';

export function Store() {
  const live = useLive<StoreAnswer>('store', {});
  const store = live.value.value;
  return (
    <>
      <Waiting live={live} />
      {store !== undefined && <Figures store={store} />}
    </>
  );
}

function Figures({ store: { folder, files, freeBytes, diskBytes, commits } }: { readonly store: StoreAnswer }) {
  if (files.length === 0) return <p class="quiet">There is no store: no kind is durable.</p>;
  const isFull = freeBytes !== undefined && diskBytes !== undefined && freeBytes < diskBytes / 10;
  return (
    <>
      <dl class="tiles">
        <Tile name="On disk" value={bytes(files.reduce((sum, file) => sum + file.bytes, 0))} more={folder} />
        <Tile name="Free on its disk" value={bytes(freeBytes)} more={`of ${bytes(diskBytes)}`} isBad={isFull} />
        <Tile
          name="Failed commits"
          value={count(commits.reduce((sum, one) => sum + one.commits.failed, 0))}
          isBad={commits.some((one) => one.commits.failed > 0)}
        />
      </dl>
      <Card title="Commits, by process">
        <Table
          caption="Commits"
          rows={commits}
          keyOf={({ worker }) => worker}
          empty="No process has committed."
          columns={[
            { head: 'Worker', cell: ({ worker, role }) => `${worker} ${role}` },
            { head: 'Transactions', isNumber: true, cell: (one) => count(one.commits.commits) },
            { head: 'Records', isNumber: true, cell: (one) => count(one.commits.records) },
            { head: 'On average', isNumber: true, cell: (one) => average(one.commits) },
            { head: 'Longest', isNumber: true, cell: (one) => ms(one.commits.longestMs) },
            { head: 'Failed', isNumber: true, cell: (one) => count(one.commits.failed) },
          ]}
        />
      </Card>
    </>
  );
}

function average({ commits, totalMs }: StoreAnswer['commits'][number]['commits']): string {
  return commits === 0 ? '–' : ms(totalMs / commits);
}

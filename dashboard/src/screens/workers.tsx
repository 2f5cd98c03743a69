/** The processes of the system: how busy they are, and whether they keep up. */
import type { OverviewAnswer } from '../../../src/dashboard/answers.ts';
import { useLive } from '../live.ts';
import { Blocked } from '../parts/blocked.tsx';
import { Badge, Card, Waiting } from '../parts/blocks.tsx';
import { Act } from '../parts/consent.tsx';
import { Machines } from '../parts/machines.tsx';
import { Table } from '../parts/table.tsx';
import { note, points } from '../past.ts';
import { change, info } from '../server.ts';
import { bytes, count, ms, percent } from '../show.ts';

export function Workers() {
  const live = useLive<OverviewAnswer>('workers', {}, note);
  const now = live.value.value;
  return (
    <>
      <Waiting live={live} />
      {now !== undefined && <Blocked loops={now.blocked} />}
      {now !== undefined && <Processes now={now} />}
      {now !== undefined && <Machines now={now} />}
    </>
  );
}

function Processes({ now: { metrics, workers } }: { readonly now: OverviewAnswer }) {
  const last = points.value.at(-1);
  const processes = metrics.workers.map((figures) => ({
    ...{ index: figures.worker, figures, known: workers.find(({ index }) => index === figures.worker) },
  }));
  const silent = workers.filter(({ index }) => !processes.some((one) => one.index === index));
  const rows = [...processes, ...silent.map((known) => ({ index: known.index, figures: undefined, known }))];
  return (
    <>
      <WholeSystem hasWorkers={workers.length > 0} />
      <Card title="Processes">
        <Table
          caption="Processes"
          rows={rows.sort((a, b) => a.index - b.index)}
          keyOf={({ index }) => index}
          empty="No process has answered."
          columns={[
            { head: 'Worker', cell: ({ index, figures, known }) => `${index} ${figures?.role ?? known?.role ?? ''}` },
            {
              head: 'State',
              cell: ({ known, figures }) => (
                <Badge text={figures === undefined ? 'no answer' : (known?.state ?? 'ready')} />
              ),
            },
            // Before the figures: a page that is not wide cuts those that come last.
            { head: 'Change', cell: ({ index }) => (index === 0 ? '' : <WorkerActs index={index} />) },
            { head: 'Pid', isNumber: true, cell: ({ figures, known }) => figures?.pid ?? known?.pid ?? '' },
            { head: 'CPU', isNumber: true, cell: ({ index }) => percent(last?.cpu.get(index)) },
            { head: 'Loop busy', isNumber: true, cell: ({ figures }) => percent(figures?.loop.utilization) },
            { head: 'Loop late, p99', isNumber: true, cell: ({ figures }) => ms(figures?.loop.delayMs?.p99) },
            {
              head: 'GC',
              isNumber: true,
              cell: ({ figures }) =>
                figures?.gc === undefined ? '–' : `${ms(figures.gc.ms)} in ${count(figures.gc.count)}`,
            },
            { head: 'Heap', isNumber: true, cell: ({ figures }) => bytes(figures?.heapBytes) },
            { head: 'RSS', isNumber: true, cell: ({ figures }) => bytes(figures?.rssBytes) },
            { head: 'Actors', isNumber: true, cell: ({ figures, known }) => count(figures?.actors ?? known?.actors) },
            {
              head: 'Waiting',
              isNumber: true,
              cell: ({ figures, known }) => count(figures?.mailbox ?? known?.mailbox),
            },
            { head: 'Queues', isNumber: true, cell: ({ figures }) => bytes(figures?.queueBytes) },
            { head: 'Links', isNumber: true, cell: ({ figures }) => linksOf(figures?.links) },
            { head: 'Restarts', isNumber: true, cell: ({ known }) => count(known?.restarts ?? 0) },
          ]}
        />
      </Card>
    </>
  );
}

function linksOf(links: readonly { isLinked: boolean }[] | undefined): string {
  return links === undefined ? '–' : `${links.filter(({ isLinked }) => isLinked).length} of ${links.length}`;
}

function WholeSystem({ hasWorkers }: { readonly hasWorkers: boolean }) {
  if (!hasWorkers || info.value?.readOnly !== false) return null;
  return (
    <div class="acts">
      <Act
        label="Add a worker …"
        question={() => ({
          ...{ title: 'Add a worker?', act: 'Add it', text: 'Some of the actors move to it, under traffic.' },
          fields: [{ name: 'role', label: 'Role, or nothing for that of the first group', value: '' }],
          run: async ({ role = '' }) => {
            const { answer } = await change<{ answer: number }>('add-worker', role === '' ? {} : { role });
            return `Worker ${answer} is ready.`;
          },
        })}
      />
      <Act
        label="Reload all …"
        question={() => ({
          ...{ title: 'Replace every worker?', act: 'Reload' },
          text: 'One after another, under traffic, with the code that is on disk now.',
          run: async () => {
            await change('reload');
            return 'All workers run the code on disk.';
          },
        })}
      />
    </div>
  );
}

function WorkerActs({ index }: { readonly index: number }) {
  return (
    <span class="acts">
      <Act
        label={`Restart ${index} …`}
        question={() => ({
          ...{ title: `Restart worker ${index}?`, act: 'Restart it' },
          text: 'Its actors move to others with state and mail, then a new process takes its place.',
          run: async () => {
            await change('restart-worker', { worker: index });
            return `Worker ${index} is ready again.`;
          },
        })}
      />
      <Act
        label={`Drain ${index} …`}
        isDangerous
        question={() => ({
          ...{ title: `Drain worker ${index}?`, act: 'Drain and end it', isDangerous: true },
          text: 'Its actors move to others with state and mail; then it ends and is not replaced.',
          run: async () => {
            await change('remove-worker', { worker: index });
            return `Worker ${index} has ended.`;
          },
        })}
      />
    </span>
  );
}

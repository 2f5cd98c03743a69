/** Actors of the store that will be woken, the next one first. */
import type { ReminderList } from '../../../src/observe/reminder-list.ts';
import { useLive } from '../live.ts';
import { ActorLink, Waiting } from '../parts/blocks.tsx';
import { Table } from '../parts/table.tsx';
import { hrefOf } from '../route.ts';
import { clockTime, count, ms } from '../show.ts';

export function Reminders({ params }: { readonly params: URLSearchParams }) {
  const after = params.get('after');
  const live = useLive<ReminderList>('reminders', after === null ? {} : { after });
  const list = live.value.value;
  return (
    <>
      <Waiting live={live} />
      {list !== undefined && (
        <Table
          caption="Actors with reminders, the next one first"
          rows={list.reminders}
          keyOf={({ id }) => id}
          empty="No durable actor has a reminder."
          columns={[
            { head: 'Due', cell: ({ at }) => clockTime(at) },
            { head: 'Actor', cell: ({ id }) => <ActorLink id={id} /> },
            { head: 'Reminder', cell: ({ name }) => name },
            { head: 'Message', cell: ({ type }) => type },
            { head: 'Every', isNumber: true, cell: ({ everyMs }) => (everyMs === undefined ? 'once' : ms(everyMs)) },
            { head: 'Of it', isNumber: true, cell: (one) => count(one.count) },
          ]}
        />
      )}
      <p class="more">
        {after !== null && <a href={hrefOf('reminders')}>From the first</a>}{' '}
        {list?.next !== undefined && <a href={hrefOf('reminders', { after: list.next })}>The next ones</a>}
      </p>
    </>
  );
}

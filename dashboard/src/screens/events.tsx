/** What happens in the system, as it happens: the newest first. */
import { useState } from 'preact/hooks';
import type { EventsAnswer } from '../../../src/dashboard/answers.ts';
import { useLive } from '../live.ts';
import { ActorLink, Waiting } from '../parts/blocks.tsx';
import { Table } from '../parts/table.tsx';
import { go } from '../route.ts';
import { clockTime } from '../show.ts';

export function Events({ params }: { readonly params: URLSearchParams }) {
  const only = params.get('only') ?? '';
  const live = useLive<EventsAnswer>('events', {});
  const [kept, keep] = useState<EventsAnswer>();
  const shown = kept ?? live.value.value;
  const names = [...new Set(shown?.events.map(({ event }) => event))].sort();
  const rows = (shown?.events ?? []).filter(({ event }) => only === '' || event === only).reverse();
  return (
    <>
      <form class="search" onSubmit={(event) => event.preventDefault()}>
        <label>
          Only{' '}
          <select value={only} onChange={({ currentTarget }) => go('events', { only: currentTarget.value })}>
            <option value="">all events</option>
            {[...new Set([...names, ...(only === '' ? [] : [only])])].map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <button
          type="button"
          aria-pressed={kept !== undefined}
          onClick={() => keep(kept === undefined ? live.value.value : undefined)}
        >
          {kept === undefined ? 'Hold' : 'Go on'}
        </button>
      </form>
      <Waiting live={live} />
      {shown !== undefined && (
        <Table
          caption="Events, the newest first"
          rows={rows}
          keyOf={({ number }) => number}
          empty="Nothing has happened since this screen was opened."
          columns={[
            { head: 'At', cell: ({ at }) => clockTime(at) },
            { head: 'Event', cell: ({ event }) => event },
            { head: 'About', cell: (event) => <About event={event} /> },
            { head: 'More', cell: (event) => <code class="payload">{detailsOf(event)}</code> },
          ]}
        />
      )}
    </>
  );
}

function About({ event }: { readonly event: EventsAnswer['events'][number] }) {
  const about = event.id ?? event.to;
  if (typeof about === 'string') return <ActorLink id={about} />;
  return <>{event.worker === undefined ? '' : `worker ${event.worker}`}</>;
}

function detailsOf({
  event: _event,
  at: _at,
  number: _number,
  id: _id,
  to: _to,
  ...rest
}: EventsAnswer['events'][number]): string {
  return Object.entries(rest)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

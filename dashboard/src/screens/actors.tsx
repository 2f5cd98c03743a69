/** The actors in memory, the foremost first; the filter is in the address. */
import type { ActorsAnswer } from '../../../src/dashboard/answers.ts';
import type { ListedActor } from '../../../src/observe/actor-list.ts';
import { useLive } from '../live.ts';
import { ActorLink, Badge, Waiting } from '../parts/blocks.tsx';
import { SavedViews } from '../parts/saved-views.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { go, hrefOf } from '../route.ts';
import { info } from '../server.ts';
import { bytes, clockTime, count, ms, rate, since } from '../show.ts';
import { Kinds } from './kinds.tsx';

/** Beside each other. */
const KINDS_MAX = 4;

const SORTS: Record<string, string> = {
  ...{ mailbox: 'most waiting messages', bytes: 'most waiting bytes', busy: 'longest turn', restarts: 'most restarts' },
  ...{ rate: 'most turns per second', latency: 'slowest turns', errors: 'most failures', children: 'most children' },
  ...{ failed: 'last failure', age: 'longest in memory', id: 'id' },
};

type Given = Record<string, string> & { readonly sort: string; readonly limit: string };

export function Actors({ params }: { readonly params: URLSearchParams }) {
  const given: Given = { sort: 'mailbox', limit: '50', ...Object.fromEntries(params) };
  const kinds = kindsOf(given);
  return (
    <>
      <Filter given={given} />
      {kinds.length > 1 ? <Kinds kinds={kinds} sort={given.sort} limit={given.limit} /> : <Listed given={given} />}
      <SavedViews />
    </>
  );
}

/** Of more than one each has a list, beside the others. */
function kindsOf({ kind, beside }: Record<string, string>): string[] {
  return [...new Set([kind, ...(beside ?? '').split(',')])].filter((one): one is string => !!one).slice(0, KINDS_MAX);
}

function Listed({ given: { beside: _none, ...given } }: { readonly given: Given }) {
  const live = useLive<ActorsAnswer>('actors', given);
  const list = live.value.value;
  return (
    <>
      <Waiting live={live} />
      {list !== undefined && <List list={list} given={given} />}
    </>
  );
}

function Filter({ given }: { readonly given: Record<string, string> }) {
  const submit = (event: Event): void => {
    event.preventDefault();
    const form = (event.currentTarget as HTMLElement).closest('form') as HTMLFormElement;
    const { more, ...chosen } = Object.fromEntries(new FormData(form)) as Record<string, string>;
    // Without a kind there is nothing for others to stand beside.
    const beside = chosen.kind ? [...kindsOf(given).slice(1), more] : [];
    go('actors', { ...chosen, beside: beside.filter((one) => one && one !== chosen.kind).join() });
  };
  const kinds = info.value?.kinds ?? [];
  const shown = kindsOf(given);
  const others = kinds.filter((kind) => !shown.includes(kind));
  return (
    <form class="search" onSubmit={submit}>
      <label>
        Kind{' '}
        <select name="kind" onChange={submit} value={given.kind ?? ''}>
          <option value="">all kinds</option>
          {kinds.map((kind) => (
            <option key={kind}>{kind}</option>
          ))}
        </select>
      </label>
      {shown.length > 0 && shown.length < KINDS_MAX && others.length > 0 && (
        <label>
          Beside it{' '}
          <select key={shown.join()} name="more" onChange={submit}>
            <option value="">no other one</option>
            {others.map((kind) => (
              <option key={kind}>{kind}</option>
            ))}
          </select>
        </label>
      )}
      {shown.length > 1 && <a href={hrefOf('actors', { ...given, beside: undefined })}>Only {shown[0]}</a>}
      <label>
        In the order of{' '}
        <select name="sort" onChange={submit} value={given.sort}>
          {Object.entries(SORTS).map(([sort, text]) => (
            <option key={sort} value={sort}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <label>
        At once{' '}
        <select name="limit" onChange={submit} value={given.limit}>
          {['10', '50', '200', '1000'].map((limit) => (
            <option key={limit}>{limit}</option>
          ))}
        </select>
      </label>
      <button type="submit">Show</button>
    </form>
  );
}

/** They are measured in these orders only. */
const MEASURED: readonly Column<ListedActor>[] = [
  { head: 'Per second', isNumber: true, cell: ({ perSecond }) => rate(perSecond) },
  { head: 'On average', isNumber: true, cell: ({ handlingMs }) => ms(handlingMs) },
];

function List({ list, given }: { readonly list: ActorsAnswer; readonly given: Record<string, string> }) {
  const { actors, inMemory, next, silent, at } = list;
  const isMeasured = given.sort === 'rate' || given.sort === 'latency';
  return (
    <>
      <p>{count(inMemory)} in memory.</p>
      {silent.length > 0 && <p class="fault">No answer of workers {silent.join(', ')}: their actors are not in it.</p>}
      <Table
        caption="Actors in memory"
        rows={actors}
        keyOf={({ id }) => id}
        empty={
          given.sort === 'id' || given.sort === 'age' ? 'None is in memory.' : 'None is in this order: see another one.'
        }
        columns={[
          { head: 'Actor', cell: ({ id }) => <ActorLink id={id} /> },
          { head: 'Status', cell: ({ status }) => <Badge text={status} /> },
          { head: 'Since', isNumber: true, cell: (one) => since(one.since, at) },
          { head: 'Turn', cell: ({ turn }) => turn ?? '' },
          { head: 'Waiting', isNumber: true, cell: ({ mailbox }) => count(mailbox) },
          ...(isMeasured ? MEASURED : []),
          { head: 'Bytes', isNumber: true, cell: (one) => bytes(one.bytes) },
          { head: 'Restarts', isNumber: true, cell: ({ restarts }) => count(restarts) },
          { head: 'Failed', cell: ({ failedAt }) => (failedAt === undefined ? '' : clockTime(failedAt)) },
          { head: 'Worker', isNumber: true, cell: ({ worker }) => worker },
        ]}
      />
      <p class="more">
        {given.after !== undefined && <a href={hrefOf('actors', { ...given, after: undefined })}>From the first</a>}{' '}
        {next !== undefined && <a href={hrefOf('actors', { ...given, after: next })}>The next ones</a>}
      </p>
    </>
  );
}

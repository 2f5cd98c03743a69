/** The system at a glance: rates, times, what waits, what fails, and the actors that stand out. */
import type { ComponentChildren } from 'preact';
import type { OverviewAnswer, TopAnswer } from '../../../src/dashboard/answers.ts';
import type { ListedActor } from '../../../src/observe/actor-list.ts';
import { useLive } from '../live.ts';
import { Blocked } from '../parts/blocked.tsx';
import { ActorLink, Badge, Card, Tile, Waiting } from '../parts/blocks.tsx';
import { Chart } from '../parts/chart.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { note, type Point, points } from '../past.ts';
import { hrefOf } from '../route.ts';
import { bytes, clockTime, count, ms, rate, since } from '../show.ts';

export function Overview() {
  const live = useLive<OverviewAnswer>('overview', {}, note);
  const top = useLive<TopAnswer>('top', {});
  const now = live.value.value;
  const past = points.value;
  return (
    <>
      <Waiting live={live} />
      {now !== undefined && <Blocked loops={now.blocked} />}
      {now !== undefined && <Figures now={now} last={past.at(-1)} />}
      {now !== undefined && <Charts past={past} />}
      {now !== undefined && <Kinds now={now} last={past.at(-1)} />}
      {top.value.value !== undefined && <Top top={top.value.value} now={now?.at ?? Date.now()} />}
    </>
  );
}

function Figures({
  now: { metrics, workers },
  last,
}: {
  readonly now: OverviewAnswer;
  readonly last: Point | undefined;
}) {
  const ready = workers.filter(({ state }) => state === 'ready').length;
  const times = Object.values(metrics.kinds).flatMap(({ handlingMs }) => handlingMs ?? []);
  const worst = (name: 'p50' | 'p95' | 'p99'): number | undefined => {
    const known = times.flatMap((timing) => timing[name] ?? []);
    return known.length === 0 ? undefined : Math.max(...known);
  };
  return (
    <dl class="tiles">
      <Tile name="Messages per second" value={rate(last?.messages)} more={`${count(metrics.messages)} in all`} />
      <Tile
        name="Handling, slowest kind"
        value={ms(worst('p99'))}
        more={`p99; p95 ${ms(worst('p95'))}, p50 ${ms(worst('p50'))}`}
      />
      <Tile
        name="Failures per second"
        value={rate(last?.failures)}
        more={`${count(metrics.failures)} in all`}
        isBad={(last?.failures ?? 0) > 0}
      />
      <Tile name="Waiting in mailboxes" value={count(metrics.mailbox)} more={bytes(metrics.queueBytes)} />
      <Tile
        name="Dead letters"
        value={count(metrics.deadLetters)}
        more={`${rate(last?.deadLetters)} per second`}
        isBad={(last?.deadLetters ?? 0) > 0}
      />
      <Tile name="Restarts of actors" value={count(metrics.restarts)} />
      <Tile
        name="Actors in memory"
        value={count(metrics.actors)}
        more={`${count(metrics.pendingAsks)} asks in flight`}
      />
      <Tile
        name="Workers ready"
        value={workers.length === 0 ? 'none' : `${ready} of ${workers.length}`}
        more={workers.length === 0 ? 'all is in one process' : undefined}
        isBad={ready < workers.length}
      />
    </dl>
  );
}

function Charts({ past }: { readonly past: readonly Point[] }) {
  const times = past.map(({ at }) => at / 1_000);
  const values = (of: (point: Point) => number | undefined): (number | null)[] =>
    past.map((point) => of(point) ?? null);
  return (
    <div class="charts">
      <Chart
        title="Messages per second"
        times={times}
        show={rate}
        lines={[
          { name: 'handled', color: 'line-a', values: values(({ messages }) => messages) },
          { name: 'failed', color: 'line-b', values: values(({ failures }) => failures) },
        ]}
      />
      <Chart
        title="Waiting in mailboxes"
        times={times}
        show={count}
        lines={[{ name: 'messages', color: 'line-a', values: values(({ mailbox }) => mailbox) }]}
      />
      <Chart
        title="Handling, p99 of the slowest kind"
        times={times}
        show={ms}
        lines={[{ name: 'p99', color: 'line-a', values: values(({ p99 }) => p99) }]}
      />
    </div>
  );
}

function Kinds({ now, last }: { readonly now: OverviewAnswer; readonly last: Point | undefined }) {
  const rows = Object.entries(now.metrics.kinds)
    .map(([kind, counts]) => ({ kind, ...counts, rates: last?.kinds.get(kind) }))
    .sort((a, b) => (b.rates?.messages ?? 0) - (a.rates?.messages ?? 0) || b.messages - a.messages);
  return (
    <Card title="Kinds, the busiest first">
      <Table
        caption="Kinds of actors"
        rows={rows}
        keyOf={({ kind }) => kind}
        empty="The system has no kinds."
        columns={[
          { head: 'Kind', cell: ({ kind }) => <a href={hrefOf('actors', { kind })}>{kind}</a> },
          { head: 'Per second', isNumber: true, cell: ({ rates }) => rate(rates?.messages) },
          { head: 'Failed per second', isNumber: true, cell: ({ rates }) => rate(rates?.failures) },
          { head: 'p50', isNumber: true, cell: ({ handlingMs }) => ms(handlingMs?.p50) },
          { head: 'p95', isNumber: true, cell: ({ handlingMs }) => ms(handlingMs?.p95) },
          { head: 'p99', isNumber: true, cell: ({ handlingMs }) => ms(handlingMs?.p99) },
          { head: 'Wait p99', isNumber: true, cell: ({ waitMs }) => ms(waitMs?.p99) },
          { head: 'Messages', isNumber: true, cell: ({ messages }) => count(messages) },
          { head: 'Failures', isNumber: true, cell: ({ failures }) => count(failures) },
          { head: 'Restarts', isNumber: true, cell: ({ restarts }) => count(restarts) },
        ]}
      />
    </Card>
  );
}

function Top({ top, now }: { readonly top: TopAnswer; readonly now: number }) {
  return (
    <div class="cards">
      {top.silent.length > 0 && (
        <p class="fault">
          No answer of workers {top.silent.join(', ')}: their event loops are blocked, or they are ending.
        </p>
      )}
      <Foremost
        title="Most turns per second"
        rows={top.byRate}
        sort="rate"
        empty="None has been measured."
        head="Per second"
        cell={({ perSecond }) => rate(perSecond)}
      />
      <Foremost
        title="Slowest turns"
        rows={top.byLatency}
        sort="latency"
        empty="None has been measured."
        head="On average"
        cell={({ handlingMs }) => ms(handlingMs)}
      />
      <Foremost
        title="Most waiting mail"
        rows={top.byMailbox}
        sort="mailbox"
        empty="No mail waits."
        head="Waiting"
        cell={({ mailbox }) => count(mailbox)}
      />
      <Foremost
        title="Longest turns"
        rows={top.byTurn}
        sort="busy"
        empty="No turn runs."
        head="For"
        cell={(one) => `${since(one.since, now)}, ${one.turn ?? 'its own'}`}
      />
      <Foremost
        title="Last failures"
        rows={top.byFailure}
        sort="failed"
        empty="None has failed."
        head="At"
        cell={({ failedAt }) => clockTime(failedAt)}
      />
      <Foremost
        title="Most failures"
        rows={top.byErrors}
        sort="errors"
        empty="None has failed."
        head="Failures"
        cell={({ failures }) => count(failures)}
      />
    </div>
  );
}

interface ForemostProps {
  readonly title: string;
  readonly rows: readonly ListedActor[];
  readonly sort: string;
  readonly empty: string;
  readonly head: string;
  cell(row: ListedActor): ComponentChildren;
}

function Foremost({ title, rows, sort, empty, head, cell }: ForemostProps) {
  const columns: Column<ListedActor>[] = [
    { head: 'Actor', cell: ({ id }) => <ActorLink id={id} /> },
    { head: 'Status', cell: ({ status }) => <Badge text={status} /> },
    { head, isNumber: true, cell },
  ];
  return (
    <Card title={title}>
      <Table caption={title} rows={rows} keyOf={({ id }) => id} empty={empty} columns={columns} />
      {rows.length > 0 && (
        <p class="more">
          <a href={hrefOf('actors', { sort })}>
            More <span class="hidden">of: {title}</span>
          </a>
        </p>
      )}
    </Card>
  );
}

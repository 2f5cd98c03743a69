/** Kinds beside each other: what each counts, how long it takes, and its foremost actors. */
import type { KindsAnswer } from '../../../src/dashboard/answers.ts';
import { useLive } from '../live.ts';
import { ActorLink, Badge, Card, Waiting } from '../parts/blocks.tsx';
import { Table } from '../parts/table.tsx';
import { count, ms, since } from '../show.ts';

type Beside = KindsAnswer['beside'][number];

interface KindsProps {
  readonly kinds: readonly string[];
  readonly sort: string;
  readonly limit: string;
}

export function Kinds({ kinds, sort, limit }: KindsProps) {
  const live = useLive<KindsAnswer>('kinds', { kinds: kinds.join(), sort, limit });
  const answer = live.value.value;
  return (
    <>
      <Waiting live={live} />
      {answer !== undefined && answer.silent.length > 0 && (
        <p class="fault">No answer of workers {answer.silent.join(', ')}: their actors are not in it.</p>
      )}
      {answer !== undefined && <Figures beside={answer.beside} />}
      <div class="cards">
        {answer?.beside.map((one) => (
          <Card key={one.kind} title={one.kind}>
            <Foremost one={one} now={answer.at} />
          </Card>
        ))}
      </div>
    </>
  );
}

function Figures({ beside }: { readonly beside: readonly Beside[] }) {
  return (
    <Table
      caption="Kinds beside each other"
      rows={beside}
      keyOf={({ kind }) => kind}
      empty="None was chosen."
      columns={[
        { head: 'Kind', cell: ({ kind }) => kind },
        { head: 'Messages', isNumber: true, cell: ({ figures }) => count(figures?.messages) },
        { head: 'Failures', isNumber: true, cell: ({ figures }) => count(figures?.failures) },
        { head: 'Restarts', isNumber: true, cell: ({ figures }) => count(figures?.restarts) },
        { head: 'p50', isNumber: true, cell: ({ figures }) => ms(figures?.handlingMs?.p50) },
        { head: 'p95', isNumber: true, cell: ({ figures }) => ms(figures?.handlingMs?.p95) },
        { head: 'p99', isNumber: true, cell: ({ figures }) => ms(figures?.handlingMs?.p99) },
        { head: 'Wait p99', isNumber: true, cell: ({ figures }) => ms(figures?.waitMs?.p99) },
      ]}
    />
  );
}

function Foremost({ one: { kind, actors }, now }: { readonly one: Beside; readonly now: number }) {
  return (
    <Table
      caption={`Actors of ${kind}`}
      rows={actors}
      keyOf={({ id }) => id}
      empty="None is in this order."
      columns={[
        { head: 'Actor', cell: ({ id }) => <ActorLink id={id} /> },
        { head: 'Status', cell: ({ status }) => <Badge text={status} /> },
        { head: 'Since', isNumber: true, cell: (each) => since(each.since, now) },
        { head: 'Waiting', isNumber: true, cell: ({ mailbox }) => count(mailbox) },
        { head: 'Restarts', isNumber: true, cell: ({ restarts }) => count(restarts) },
      ]}
    />
  );
}

/** The last turns of an actor as a timeline: where they stand in time, how long they took, how they ended. */
import type { PastTurn } from '../../../src/observe/turn-history.ts';
import { clockTime, ms } from '../show.ts';
import { ActorLink, Badge } from './blocks.tsx';
import { Table } from './table.tsx';

const WIDTH = 1_000;
const HEIGHT = 48;
const BAR_MIN = 2;

export function Timeline({ turns, now }: { readonly turns: readonly PastTurn[]; readonly now: number }) {
  const from = turns[0]?.at ?? now;
  const span = Math.max(1, now - from);
  const x = (at: number): number => ((at - from) / span) * WIDTH;
  const failed = turns.filter(({ outcome }) => outcome === 'failed').length;
  const slowest = Math.max(0, ...turns.map((turn) => turn.ms ?? 0));
  const text = `${turns.length} turns since ${clockTime(from)}, ${failed} failed, the longest took ${ms(slowest)}`;
  return (
    <>
      <p>{text}.</p>
      <svg class="timeline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={text}>
        <line x1={0} y1={HEIGHT - 1} x2={WIDTH} y2={HEIGHT - 1} class="rule" />
        {turns.map((turn) => {
          const width = Math.max(
            BAR_MIN,
            ((turn.ms ?? (turn.outcome === 'running' ? now - turn.at : 0)) / span) * WIDTH,
          );
          return (
            <rect
              key={turn.at}
              class={`turn ${turn.outcome}`}
              x={Math.min(x(turn.at), WIDTH - BAR_MIN)}
              y={8}
              width={width}
              height={HEIGHT - 14}
            >
              <title>{`${turn.type ?? 'a turn of its own'}, ${ms(turn.ms)}, ${turn.outcome}`}</title>
            </rect>
          );
        })}
      </svg>
      <details>
        <summary>The turns as a table</summary>
        <Table
          caption="Last turns, the newest first"
          rows={[...turns].reverse()}
          keyOf={({ at, type }) => `${at} ${type}`}
          empty="None yet."
          columns={[
            { head: 'At', cell: ({ at }) => clockTime(at) },
            { head: 'Message', cell: ({ type }) => type ?? 'of its own' },
            { head: 'From', cell: ({ sender }) => (sender === undefined ? '' : <ActorLink id={sender} />) },
            { head: 'Took', isNumber: true, cell: (turn) => ms(turn.ms) },
            { head: 'Outcome', cell: ({ outcome }) => <Badge text={outcome} /> },
          ]}
        />
      </details>
    </>
  );
}

/** Flows as lines from the kinds that send, at the left, to those that handle, at the right; the thicker the more. The table below says the same in words. */
import type { Flow } from '../../../src/observe/message-flow.ts';
import { rate } from '../show.ts';

/** The busiest ones; more would be a thicket. */
const DRAWN_MAX = 40;
const WIDTH = 720;
const ROW = 34;
const NAME_WIDTH = 200;
const LINE_MAX = 10;

export function FlowPicture({ flows }: { readonly flows: readonly Flow[] }) {
  const drawn = flows.slice(0, DRAWN_MAX);
  const [froms, tos] = [placesOf(drawn.map(({ from }) => from)), placesOf(drawn.map(({ to }) => to))];
  const height = Math.max(froms.size, tos.size) * ROW;
  const most = Math.max(...drawn.map(({ perSecond }) => perSecond), 1e-9);
  const label = `${drawn.length} flows, the busiest from ${drawn[0]?.from} to ${drawn[0]?.to}`;
  return (
    <svg class="flow" viewBox={`0 0 ${WIDTH} ${height}`} width={WIDTH} height={height} role="img" aria-label={label}>
      {drawn.map(({ from, to, perSecond }) => (
        <path
          key={`${from} ${to}`}
          d={courseOf(froms.get(from) ?? 0, tos.get(to) ?? 0)}
          stroke-width={Math.max(1, Math.sqrt(perSecond / most) * LINE_MAX)}
        >
          <title>{`${from} to ${to}: ${rate(perSecond)} per second`}</title>
        </path>
      ))}
      {[...froms].map(([name, y]) => (
        <text key={name} x={NAME_WIDTH - 8} y={y + 5} text-anchor="end">
          {name}
        </text>
      ))}
      {[...tos].map(([name, y]) => (
        <text key={name} x={WIDTH - NAME_WIDTH + 8} y={y + 5}>
          {name}
        </text>
      ))}
    </svg>
  );
}

/** By name, so that none jumps as rates change. */
function placesOf(names: readonly string[]): Map<string, number> {
  return new Map([...new Set(names)].sort().map((name, position) => [name, (position + 0.5) * ROW]));
}

function courseOf(fromY: number, toY: number): string {
  const [left, right] = [NAME_WIDTH, WIDTH - NAME_WIDTH];
  const half = (left + right) / 2;
  return `M${left} ${fromY}C${half} ${fromY} ${half} ${toY} ${right} ${toY}`;
}

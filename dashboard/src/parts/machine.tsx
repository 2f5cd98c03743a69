/** A machine as it is drawn, with the states lit that it is in. The table below says the same in words. */
import { useMemo } from 'preact/hooks';
import type { MachineShape } from '../../../src/observe/xstate-shape.ts';
import { activePaths, type Box, type Drawing, type Edge, layOut, nameOf } from './machine-layout.ts';
import { Table } from './table.tsx';

export function Machine({ shape, value }: { readonly shape: MachineShape; readonly value: unknown }) {
  const drawing = useMemo(() => layOut(shape), [shape]);
  const active = new Set(activePaths(value));
  const now = [...active].join(', ') || 'none';
  return (
    <>
      <p>
        It is in <strong>{now}</strong>.
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <section class="scroll" tabIndex={0} aria-label="Diagram of the machine">
        <Picture drawing={drawing} active={active} label={`${shape.states.length - 1} states; now in ${now}`} />
      </section>
      {shape.isCut && <p class="quiet">The machine has more states or transitions than are shown.</p>}
      <details>
        <summary>The transitions as a table</summary>
        <Table
          caption="Transitions of the machine"
          rows={shape.transitions}
          keyOf={({ from, to, on, guard }) => `${from} ${to} ${on} ${guard}`}
          empty="It has none."
          columns={[
            { head: 'From', cell: ({ from }) => from || 'any state' },
            { head: 'On', cell: ({ on }) => on },
            { head: 'If', cell: ({ guard }) => guard ?? '' },
            { head: 'To', cell: ({ to }) => to ?? 'stays' },
          ]}
        />
      </details>
    </>
  );
}

interface PictureProps {
  readonly drawing: Drawing;
  readonly active: ReadonlySet<string>;
  readonly label: string;
}

function Picture({ drawing, active, label }: PictureProps) {
  const { boxes, edges, width, height } = drawing;
  return (
    <svg class="machine" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      <defs>
        <marker
          id="tip"
          viewBox="0 0 8 8"
          refX={7}
          refY={4}
          markerWidth={7}
          markerHeight={7}
          orient="auto-start-reverse"
        >
          <path d="M0 0 8 4 0 8z" class="tip" />
        </marker>
      </defs>
      {[...boxes.values()].map((box) => (
        <State key={box.state.path} box={box} isActive={active.has(box.state.path)} />
      ))}
      {edges.map((edge) => (
        <Arrow key={`${edge.from} ${edge.to}`} edge={edge} boxes={boxes} />
      ))}
    </svg>
  );
}

function State({ box, isActive }: { readonly box: Box; readonly isActive: boolean }) {
  const { state, x, y, width, height } = box;
  const isLeaf = state.type === 'atomic' || state.type === 'final' || state.type === 'history';
  return (
    <g class={`state ${state.type}${isActive ? ' active' : ''}`}>
      <rect x={x} y={y} width={width} height={height} rx={8} />
      {state.type === 'final' && <rect x={x + 3} y={y + 3} width={width - 6} height={height - 6} rx={6} />}
      <text x={isLeaf ? x + width / 2 : x + 12} y={y + 21} text-anchor={isLeaf ? 'middle' : 'start'}>
        {nameOf(state.path)}
      </text>
    </g>
  );
}

function Arrow({ edge, boxes }: { readonly edge: Edge; readonly boxes: ReadonlyMap<string, Box> }) {
  const [from, to] = [boxes.get(edge.from), boxes.get(edge.to)];
  if (from === undefined || to === undefined) return null;
  const { path, x, y } = courseOf(from, to);
  return (
    <g class="edge">
      <path d={path} marker-end="url(#tip)" />
      <text x={x} y={y} text-anchor="middle">
        {edge.label}
      </text>
    </g>
  );
}

/** Down from below, back up at the right side; to itself in a loop. */
function courseOf(from: Box, to: Box): { path: string; x: number; y: number } {
  const [fromX, toX] = [from.x + from.width / 2, to.x + to.width / 2];
  if (to.y >= from.y + from.height) {
    const [fromY, toY] = [from.y + from.height, to.y];
    const half = (toY - fromY) / 2;
    const path = `M${fromX} ${fromY}C${fromX} ${fromY + half} ${toX} ${toY - half} ${toX} ${toY}`;
    return { path, x: (fromX + toX) / 2, y: fromY + half };
  }
  const [startX, startY] = [from.x + from.width, from.y + from.height / 2];
  const [endX, endY] = [to.x + to.width, to.y + to.height / 2 + (from === to ? -8 : 0)];
  const far = Math.max(startX, endX) + 34;
  const path = `M${startX} ${startY}C${far} ${startY} ${far} ${endY} ${endX} ${endY}`;
  return { path, x: far - 6, y: (startY + endY) / 2 };
}

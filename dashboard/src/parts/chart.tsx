/** A chart of the last five minutes. Its last values are in its text, too: a picture alone says nothing to a screen reader. */
import { useEffect, useRef } from 'preact/hooks';
import type { Plot } from './plot.ts';

export interface Line {
  readonly name: string;
  /** A variable of the style sheet. */
  readonly color: string;
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly title: string;
  /** Seconds since the Unix epoch. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  show(value: number | undefined): string;
}

export function Chart({ title, times, lines, show }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot>(undefined);
  useEffect(() => {
    let isOpen = true;
    void import('./plot.ts').then(
      ({ plotIn }) => {
        if (isOpen && box.current !== null) plot.current = plotIn(box.current, lines, show);
      },
      () => {
        // Nothing is drawn; the figures stand above.
      },
    );
    return () => {
      isOpen = false;
      plot.current?.close();
    };
  }, []);
  useEffect(() => plot.current?.draw(times, lines));
  const last = lines.map(({ name, values }) => `${name} ${show(values.at(-1) ?? undefined)}`).join(', ');
  return (
    <figure class="chart">
      <figcaption>
        {title}
        <span class="legend">
          {lines.map(({ name, color, values }) => (
            <span key={name} class={`line ${color}`}>
              {name} {show(values.at(-1) ?? undefined)}
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={box} role="img" aria-label={`${title}, last: ${last}`} />
    </figure>
  );
}

/** Lines over time, drawn by uPlot. A file of its own that charts fetch: where it cannot run, the figures are there all the same. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Line } from './chart.tsx';

const HEIGHT = 130;

export interface Plot {
  draw(times: readonly number[], lines: readonly Line[]): void;
  close(): void;
}

export function plotIn(element: HTMLElement, lines: readonly Line[], show: (value: number) => string): Plot {
  let data = dataOf([], lines);
  let plot: uPlot | undefined;
  const make = (): void => {
    plot?.destroy();
    plot = new uPlot(optionsOf(element, lines, show), data, element);
  };
  make();
  const sizes = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height: HEIGHT }));
  sizes.observe(element);
  const dark = matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', make);
  return {
    draw: (times, now) => {
      data = dataOf(times, now);
      plot?.setData(data);
    },
    close: () => {
      sizes.disconnect();
      dark.removeEventListener('change', make);
      plot?.destroy();
    },
  };
}

function dataOf(times: readonly number[], lines: readonly Line[]): uPlot.AlignedData {
  return [times, ...lines.map(({ values }) => values)] as uPlot.AlignedData;
}

function optionsOf(element: HTMLElement, lines: readonly Line[], show: (value: number) => string): uPlot.Options {
  const style = getComputedStyle(element);
  const colorOf = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const axis: uPlot.Axis = {
    ...{ stroke: colorOf('quiet'), grid: { stroke: colorOf('rule'), width: 1 }, ticks: { show: false } },
    font: '11px system-ui',
  };
  const timeOf = (at: number): string => new Date(at * 1_000).toLocaleTimeString('en-GB');
  return {
    ...{ width: element.clientWidth, height: HEIGHT, legend: { show: false }, cursor: { show: false } },
    scales: { x: { time: true }, y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
    axes: [
      { ...axis, size: 24, space: 80, values: (_plot, ticks) => ticks.map(timeOf) },
      { ...axis, size: 54, space: 30, values: (_plot, ticks) => ticks.map(show) },
    ],
    series: [
      {},
      ...lines.map(({ color }) => ({
        ...{ stroke: colorOf(color), width: 1.5, points: { show: false }, spanGaps: false },
      })),
    ],
  };
}

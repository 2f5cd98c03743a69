/** Results for people, as tables and lines, or for programs, as JSON. Colours are for terminals only. */
import util, { inspect } from 'node:util';

/** As `styleText` takes them. */
type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red';

export interface Screen {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export interface Output {
  readonly isJson: boolean;
  /** The result: one JSON text, or what `text` makes of it. */
  result(value: unknown, text: () => string): void;
  style(style: Style, text: string): string;
  /** Whether somebody reads `progress`. */
  readonly hasProgress: boolean;
  /** For people at a terminal, beside the result. */
  progress(text: string): void;
}

export function outputTo(out: Screen, beside: Screen, isJson: boolean): Output {
  const hasColours = out.isTTY === true && !process.env.NO_COLOR;
  const hasProgress = beside.isTTY === true && !isJson;
  return {
    ...{ isJson, hasProgress },
    result: (value, text) => void out.write(isJson ? `${jsonOf(value)}\n` : lines(text())),
    style: (style, text) => (hasColours ? util.styleText(style, text) : text),
    progress: (text) => {
      if (hasProgress) beside.write(`${text}\n`);
    },
  };
}

function lines(text: string): string {
  return text === '' ? '' : `${text}\n`;
}

/** Columns as wide as their widest cell; numbers stand to the right. */
export function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => `${row[at]}`.length)));
  const line = (cells: readonly (string | number)[]): string =>
    cells
      .map((cell, at) =>
        typeof cell === 'number' ? `${cell}`.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(heads), ...rows.map(line)].join('\n');
}

export function bytes(count: number): string {
  return `${(count / 1024 / 1024).toFixed(1)} MiB`;
}

export function time(at: number): string {
  return new Date(at).toISOString();
}

/** The reply of an actor, for people. */
export function shown(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : inspect(value, { depth: 10, breakLength: 100 });
}

/** Also of values that JSON has no form for: a big number as a text, a map as a list of pairs, a set as a list. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value ?? null, (_name, part) => {
    if (typeof part === 'bigint') return part.toString();
    if (part instanceof Map || part instanceof Set) return [...part];
    return part instanceof Error ? { name: part.name, message: part.message } : part;
  });
}

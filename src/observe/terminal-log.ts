/** Lines of the log for people at a terminal: when, how bad, where, what, and the rest. Everywhere else a line is the JSON that the logger writes. */
import util, { inspect } from 'node:util';

/** As `styleText` takes them. */
type Style = 'bold' | 'dim' | 'cyan' | 'yellow' | 'red';

/** By pino's values. */
const LEVELS: readonly (readonly [value: number, name: string, style: Style | undefined])[] = [
  ...[[60, 'FATAL', 'red'] as const, [50, 'ERROR', 'red'] as const, [40, 'WARN ', 'yellow'] as const],
  ...[[30, 'INFO ', undefined] as const, [20, 'DEBUG', 'dim'] as const, [0, 'TRACE', 'dim'] as const],
];
/** The name of the system is that of all lines of a terminal; an incarnation is told apart by programs only. */
const UNSHOWN: ReadonlySet<string> = new Set([
  'level',
  'time',
  'msg',
  'system',
  'worker',
  'actor',
  'incarnation',
  'err',
]);

/** `json`: a line as pino writes it; one that is none is shown as it is. */
export function terminalLine(json: string, hasColours: boolean): string {
  const line = fieldsOf(json);
  if (line === undefined) return `${printable(json.trimEnd())}\n`;
  const style = (style: Style | undefined, text: string): string =>
    hasColours && style !== undefined ? util.styleText(style, text, { validateStream: false }) : text;
  const { level, time, msg, worker, actor, err } = line;
  const [, name, colour] = LEVELS.find(([value]) => Number(level) >= value) ?? [0, 'LOG  ', undefined];
  const where = [
    worker === undefined ? '' : `worker ${valueText(worker)}`,
    actor === undefined ? '' : valueText(actor),
  ];
  const rest = Object.entries(line).filter(([key]) => !UNSHOWN.has(key));
  const parts = [
    style('dim', clockText(time)),
    style(colour, name),
    ...where.filter(Boolean).map((text) => style('cyan', text)),
    style('bold', printable(String(msg ?? ''))),
    ...rest.map(([key, value]) => `${style('dim', `${printable(key)}=`)}${valueText(value)}`),
  ];
  return `${[parts.filter(Boolean).join(' '), ...errorLines(err)].join('\n')}\n`;
}

function fieldsOf(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Of the day, where the terminal is. */
function clockText(time: unknown): string {
  const date = new Date(Number(time));
  if (Number.isNaN(date.getTime())) return '';
  const part = (value: number, digits = 2): string => String(value).padStart(digits, '0');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map((value) => part(value)).join(':');
  return `${clock}.${part(date.getMilliseconds(), 3)}`;
}

function valueText(value: unknown): string {
  const text = typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  return printable(text ?? inspect(value));
}

/** Its stack, which has its message, and then the fields of its own. */
function errorLines(err: unknown): string[] {
  if (err === undefined) return [];
  if (typeof err !== 'object' || err === null) return [`    ${valueText(err)}`];
  const { stack, type, message, ...fields } = err as Record<string, unknown>;
  const text = typeof stack === 'string' ? stack : `${String(type ?? 'Error')}: ${String(message ?? '')}`;
  const rest = Object.entries(fields).map(([key, value]) => `${key}: ${valueText(value)}`);
  return [...text.split('\n'), ...rest].map((line) => `    ${printable(line)}`);
}

/** A text of somebody else must not steer the terminal, nor look like a line of its own. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

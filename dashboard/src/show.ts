/** Numbers, times and values as people read them. */

const COUNT = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function count(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  return Math.abs(value) < 100_000 ? COUNT.format(value) : SHORT.format(value);
}

/** A number per second. */
export function rate(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  return value !== 0 && Math.abs(value) < 10 ? value.toFixed(1) : count(value);
}

export function bytes(value: number | undefined): string {
  if (value === undefined) return '–';
  let unit = 0;
  let rest = value;
  for (; rest >= 1024 && unit < UNITS.length - 1; unit++) rest /= 1024;
  return `${unit === 0 || rest >= 100 ? Math.round(rest) : rest.toFixed(1)} ${UNITS[unit]}`;
}

export function percent(share: number | undefined): string {
  return share === undefined || Number.isNaN(share) ? '–' : `${Math.round(share * 100)} %`;
}

/** A duration. */
export function ms(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  if (value < 1) return `${value.toFixed(2)} ms`;
  if (value < 1_000) return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
  const seconds = value / 1_000;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ${Math.round((seconds % 3_600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.round((seconds % 86_400) / 3_600)} h`;
}

/** From a time to another one, both in milliseconds since the Unix epoch. */
export function since(at: number | undefined, now: number): string {
  return at === undefined ? '–' : ms(Math.max(0, now - at));
}

export function clockTime(at: number | undefined): string {
  if (at === undefined) return '–';
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  const time = date.toLocaleTimeString('en-GB');
  return isToday ? time : `${date.toISOString().slice(0, 10)} ${time}`;
}

export function json(value: unknown): string {
  return value === undefined ? '' : JSON.stringify(value, undefined, 2);
}

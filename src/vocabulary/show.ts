/** How a value is shown at the end of an error's text: on one line, short, never throwing. */
import { inspect } from 'node:util';

const SHOWN_MAX = 120;

export function show(value: unknown): string {
  let text: string;
  try {
    text = inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxStringLength: SHOWN_MAX });
  } catch {
    text = `a ${typeof value} that cannot be shown`;
  }
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

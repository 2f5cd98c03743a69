/** How a value is shown at the end of an error's text: on one line, short, never throwing. */
import { inspect as inspectNode } from 'node:util';

const INSPECTED_MAX = 120;

export function inspect(value: unknown): string {
  let text: string;
  try {
    text = inspectNode(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxStringLength: INSPECTED_MAX });
  } catch {
    text = `a ${typeof value} that cannot be shown`;
  }
  return text.length > INSPECTED_MAX ? `${text.slice(0, INSPECTED_MAX)}…` : text;
}

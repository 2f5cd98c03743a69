/** How a value is shown at the end of an error's text: on one line, short, never throwing. */
import { inspect as inspectNode } from 'node:util';

export const INSPECTED_MAX = 120;

export function inspect(value: unknown): string {
  let text: string;
  try {
    text = inspectNode(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxStringLength: INSPECTED_MAX });
  } catch {
    text = `a ${typeof value} that cannot be shown`;
  }
  // Node.js puts a long list, and the stack of an error, on several.
  const line = text.replace(/\s*\n\s*/g, ' ');
  return line.length > INSPECTED_MAX ? `${line.slice(0, INSPECTED_MAX)}…` : line;
}

/** The sort of a value, without what is in it: a text about a message may come into a log, where its contents have no business. */
export function sortOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'function') return `a function${value.name === '' ? '' : ` '${value.name}'`}`;
  if (typeof value !== 'object') return `a ${typeof value}`;
  const name = classOf(value);
  return name === undefined || name === 'Object' ? 'an object' : `an object of class ${name}`;
}

function classOf(value: object): string | undefined {
  try {
    const { name } = value.constructor;
    return typeof name === 'string' && name !== '' ? name.slice(0, INSPECTED_MAX) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * How the texts of errors read. The mistake of a caller says what was expected and what was got; a fault says what
 * happened, to whom, and the limit with its value. So no text under the code of a fault has the form of the other.
 */
import { ERROR_CODES, type ErrorCode } from '../../src/vocabulary/errors.ts';
import type { Sources } from './architecture-rules.ts';

/** Codes of mistakes of a caller: their texts say what was expected. */
const MISTAKES: readonly ErrorCode[] = [
  ...(['INVALID_ACTOR_ID', 'UNKNOWN_KIND', 'INVALID_MESSAGE', 'UNKNOWN_MESSAGE'] as const),
  ...(['MESSAGE_TOO_LARGE', 'INVALID_OPTIONS'] as const),
];

export const FAULTS: readonly ErrorCode[] = (Object.keys(ERROR_CODES) as ErrorCode[]).filter(
  (code) => !MISTAKES.includes(code),
);

/** Lines before a code in which a text that is given by name is looked for. */
const LOOK_BACK = 14;

/** Every text of a fault that says `; got`, as `<path>: <code> <text>`. */
export function mistakenFaults(sources: Sources): string[] {
  return Object.entries(sources).flatMap(([path, source]) =>
    textsOfFaults(source)
      .filter(({ text }) => /; got\b/.test(text))
      .map(({ code, text }) => `${path}: ${code} ${text}`),
  );
}

/** The texts given beside a code of a fault: written there, or by a name that is set or returned shortly before. */
export function textsOfFaults(source: string): { code: string; text: string }[] {
  const found: { code: string; text: string }[] = [];
  const codes = `'(?:${FAULTS.join('|')})'`;
  const calls = new RegExp(
    String.raw`(${codes}),\s*([\`'"]|[A-Za-z_$]\w*)|\b(storeFailed)\(\s*([\`'"]|[A-Za-z_$]\w*)`,
    'g',
  );
  for (const call of source.matchAll(calls)) {
    const code = call[1] ?? "'STORE_FAILED'";
    const first = (call[2] ?? call[4]) as string;
    const at = call.index + call[0].length - first.length;
    if (/^\w/.test(first))
      found.push(...textsNamed(source.slice(0, call.index), first).map((text) => ({ code, text })));
    else found.push({ code, text: textAt(source, at) });
  }
  return found;
}

/** All texts of the statement that sets a name, in the lines before. */
function textsNamed(before: string, name: string): string[] {
  const lines = before.split('\n').slice(-LOOK_BACK).join('\n');
  const from = Math.max(lines.lastIndexOf(`const ${name} =`), lines.lastIndexOf(`let ${name} =`));
  if (from < 0) return [];
  const statement = lines.slice(from, lines.indexOf(';\n', from) + 1 || undefined);
  return [...statement.matchAll(/[`'"]/g)].map(({ index }) => textAt(statement, index));
}

/** The string or template that begins there, code inside it left in. */
function textAt(source: string, at: number): string {
  const quote = source[at] as string;
  for (let end = at + 1, depth = 0; end < source.length; end++) {
    if (source[end] === '\\') end++;
    else if (quote === '`' && source.startsWith('${', end)) depth++;
    else if (depth > 0 && source[end] === '}') depth--;
    else if (depth === 0 && source[end] === quote) return source.slice(at + 1, end);
  }
  return source.slice(at + 1);
}

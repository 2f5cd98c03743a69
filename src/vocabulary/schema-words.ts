/** The issues of a schema of the program, as one text. */
import { cutText, textOf } from './error-reading.ts';
import { asError, wordsOf } from './errors.ts';

/** The words of a schema about what does not pass, which may be anything. */
export function wordsOfIssues(issues: ReadonlyArray<{ message: string; path?: unknown }>): string {
  try {
    const words = issues.map(({ message, path }) => (path ? `${pathText(path)}: ${textOf(message)}` : textOf(message)));
    return cutText(words.join('; '));
  } catch (error) {
    return `its issues threw ${wordsOf(asError(error))}`;
  }
}

function pathText(path: unknown): string {
  if (!Array.isArray(path)) return '';
  return path.map((part) => String(typeof part === 'object' && part !== null ? part.key : part)).join('.');
}

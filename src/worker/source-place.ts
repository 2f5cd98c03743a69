/**
 * Lines as their author knows them. A loader of TypeScript such as tsx hands Node.js one long line, with a source map in it: stacks of errors are
 * mapped by Node.js, what the debugger says is not.
 */
import { SourceMap } from 'node:module';

const INLINE = /^data:application\/json[^,]*;base64,/;

/** Of a place in a script, all counted from 0 and the result from 1. Without a map inside the script, or one that can be read, the line as it is. */
export function sourceLine(sourceMapUrl: string | undefined, line: number, column: number): number {
  if (sourceMapUrl === undefined || !INLINE.test(sourceMapUrl)) return line + 1;
  try {
    const payload = JSON.parse(Buffer.from(sourceMapUrl.replace(INLINE, ''), 'base64').toString('utf8'));
    const found = new SourceMap(payload).findEntry(line, column);
    return 'originalLine' in found ? found.originalLine + 1 : line + 1;
  } catch {
    return line + 1;
  }
}

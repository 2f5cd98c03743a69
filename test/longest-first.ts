/**
 * Each core runs a process, which takes the next file when it is done with one: the longest files come first, or the last process
 * would go on alone. vitest knows sizes of files, and durations only where it ran before.
 */
import { readFileSync } from 'node:fs';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds by name, on an idle core: those that take more than a few. */
const SECONDS: Readonly<Record<string, number>> = JSON.parse(
  readFileSync(new URL('./long-files.json', import.meta.url), 'utf8'),
);

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => secondsOf(b) - secondsOf(a));
  }
}

function secondsOf({ moduleId }: TestSpecification): number {
  const name = /\/test\/(.*)\.test\.ts$/.exec(moduleId)?.[1];
  return (name !== undefined && SECONDS[name]) || 0;
}

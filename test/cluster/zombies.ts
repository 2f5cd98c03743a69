import { readFileSync } from 'node:fs';

/** Processes that have ended and that their parent has not reaped. */
export function zombiesOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return children.filter((child) => /^State:\s+Z/m.test(readFileSync(`/proc/${child}/status`, 'utf8')));
}

/** The findings of `troupe doctor`: each with a stable id, its evidence and what to do. Pure: what was seen goes in, findings come out. */
import { deadLetters, failingActors, growingMailboxes, hotActors, timedOutAsks } from './actor-findings.ts';
import type { Finding, Seen } from './finding.ts';
import { cpus, fillingStore, memory, openFiles } from './machine-findings.ts';
import {
  blockedLoops,
  deadWorkers,
  downWorkers,
  lateTimers,
  silentWorkers,
  stalledLinks,
  unevenPlacement,
} from './worker-findings.ts';

/** Findings of one id. */
export const FINDINGS_MAX = 10;

/** In the order of their weight: what stops all the rest comes first. */
const RULES: readonly ((seen: Seen) => Finding[])[] = [
  ...[blockedLoops, silentWorkers, downWorkers, deadWorkers, failingActors, hotActors, growingMailboxes],
  ...[timedOutAsks, deadLetters, stalledLinks, lateTimers, unevenPlacement],
  ...[fillingStore, memory, openFiles, cpus],
];

export function findingsOf(seen: Seen): Finding[] {
  return RULES.flatMap((rule) => rule(seen).slice(0, FINDINGS_MAX));
}

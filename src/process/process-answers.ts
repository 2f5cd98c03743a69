/** Answers to the queries of the master: to take no more calls, whether it is idle, to stop its actors, its counters. */
import type { LocalActors } from '../actor/local-actors.ts';
import type { IdleAnswer, ProcessQuery } from '../wire/process-query.ts';
import type { ProcessDurability } from '../durability/process-durability.ts';
import { kindOf } from '../vocabulary/address.ts';
import type { LinkFlushes } from '../peer/link-flushes.ts';
import { answerLook, type InspectedProcess } from '../inspection/inspections.ts';
import type { Checkup } from '../observe/checkup.ts';
import type { LoopWatch } from '../observe/loop-watch.ts';
import { isAboutHandOver } from '../machine-hand-over/hand-over-participant.ts';
import type { OtherMachines } from '../machine-routing/other-machines.ts';
import { processMetrics } from '../system/metrics.ts';
import type { Peers } from '../peer/peers.ts';
import { removedEnded } from './removed-kinds.ts';
import type { Router } from '../routing/router.ts';
import { unmovable } from './unmovable.ts';

export interface AnsweringParts {
  readonly actors: LocalActors;
  readonly router: Router;
  readonly peers: Peers;
  readonly flushes: LinkFlushes;
  readonly role: string;
  readonly loop: LoopWatch;
  readonly durability: ProcessDurability;
  /** Undefined: this machine is alone. */
  readonly others: OtherMachines | undefined;
}

export function answerTo(what: ProcessQuery, parts: AnsweringParts): unknown {
  const { actors, role } = parts;
  switch (what) {
    case 'close':
      actors.kernel.closing = true;
      actors.kernel.pauses?.refuseAsks('the system is shutting down, and the actor is paused');
      void actors.kernel.gateways.close();
      parts.router.refuseUnhosted('SHUTTING_DOWN', 'the system is shutting down; mail without a host is rejected');
      return undefined;
    case 'idle':
      return idlenessOf(parts);
    case 'stop-actors':
      return actors.stopAll();
    case 'metrics':
      return processMetrics(actors, role, {
        ...{ loop: parts.loop, commits: parts.durability.commits },
        links: [...parts.peers.all()].map((peer) => peer.metrics()),
      });
    case 'flush':
      return parts.flushes.flush(parts.peers.all());
    case 'unmovable':
      return unmovable(actors);
    case 'taken-up':
      return true;
    case 'flush-everywhere':
      return parts.others?.flush().then(() => true) ?? true;
    case 'removed-ended':
      return removedEnded({ kernel: actors.kernel, ids: () => actors.ids() });
    default:
      if (typeof what === 'object' && 'checkup' in what) return checkup(parts);
      if (typeof what === 'object' && isAboutHandOver(what)) return parts.others?.answer(what);
      if (typeof what === 'object' && 'readToEnd' in what) return parts.others?.readToEnd(what.readToEnd) ?? true;
      if (typeof what !== 'object' || !('idsOf' in what)) return answerLook(inspected(parts), what);
      return [...new Set([...actors.known()].filter((id) => kindOf(id) === what.idsOf))];
  }
}

/** Without a port of its own for each question. */
function inspected({ actors, router, durability }: AnsweringParts): InspectedProcess {
  return { actors, store: durability.store, isHostOf: (id) => router.runsAt(id, actors.kernel.worker) };
}

async function checkup(parts: AnsweringParts): Promise<Checkup> {
  const found = (await answerLook(inspected(parts), { checkup: true })) as Checkup;
  const links = [...parts.peers.all()].map(({ index, waiting, sent }) => ({ to: index, waiting, sent }));
  return { ...found, links };
}

export function idlenessOf({ actors, router, peers, durability }: AnsweringParts): IdleAnswer {
  let sent = 0;
  let received = 0;
  let waiting = router.holds.size;
  for (const peer of peers.all()) {
    sent += peer.sent;
    received += peer.received;
    waiting += peer.waiting;
  }
  const isBusy = actors.busy || actors.kernel.pending.size > 0 || durability?.isBusy === true;
  return { waiting, idle: waiting === 0 && !isBusy, sent, received };
}

/**
 * A flush that another machine has asked for: answered once the mail before it is with its receivers, here, or where this machine has passed it on to. Mail that
 * waits long for a link that has broken ends here, so that its sender need not wait for that: a gap, never a swap.
 */
import type { Kernel } from '../actor/kernel.ts';
import type { FlushDepth, LinkFlushes } from '../peer/link-flushes.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import { HELD_MS_MAX } from '../routing/held-mail.ts';
import type { Router } from '../routing/router.ts';
import { isInLine, isTracked } from '../vocabulary/envelope.ts';
import { machineIndexOf } from '../vocabulary/host-index.ts';
import { NOWHERE } from '../wire/control.ts';
import type { AllPeers } from './all-peers.ts';
import type { HandOverParticipant } from '../machine-hand-over/hand-over-participant.ts';
import type { MachinePeers } from './machine-peers.ts';

/** Milliseconds between two looks at a link on which mail goes on, and that has broken. */
export const ONWARD_MS_MAX = 2_000;

/** Milliseconds for mail that waits for a move among the workers, of a hand-over; and where a move of the other machine waits for it, for which this one's may. */
export const SETTLED_MS_MAX = 4_000;
export const MOVED_MS_MAX = 500;

export interface OnwardParts {
  readonly kernel: Kernel;
  readonly router: Router;
  readonly peers: AllPeers;
  readonly machines: Pick<MachinePeers, 'machines'>;
  readonly flushes: LinkFlushes;
  readonly handOvers: Pick<HandOverParticipant, 'released'>;
}

/** Begins anew where a link has ended meanwhile, or its process: the mail that had gone that way, and no further, is on its way to another host by now. */
export async function flushOn(parts: OnwardParts, depth: FlushDepth): Promise<void> {
  while (!(await flushOnce(parts, depth)));
}

/** False: a link has ended meanwhile. */
async function flushOnce(parts: OnwardParts, depth: FlushDepth): Promise<boolean> {
  const { peers, flushes, handOvers, machines, router } = parts;
  // Mail that waits here for its host goes on first, or ends: mail of its sender by another route may come to the host at once.
  if (depth === 'beyond') await router.settled(HELD_MS_MAX, 'all');
  else if (depth === 'onward') await router.settled(SETTLED_MS_MAX, 'held');
  else await router.settled(depth === 'link' ? MOVED_MS_MAX : SETTLED_MS_MAX, 'hosted');
  if (depth === 'onward' || depth === 'beyond') await handOvers.released();
  const own = [...peers.all()];
  const others = depth === 'beyond' ? [...machines.machines()] : [];
  const asked = [...own, ...others];
  const ends = asked.map((peer) => peer.ends);
  const [, ...arePassed] = await Promise.all([flushes.flush(own), ...others.map((other) => passedOn(parts, other))]);
  return arePassed.every(Boolean) && asked.every((peer, at) => peer.ends === ends[at]);
}

/** Resolves once all that went on to that machine is with its receivers, or ends here. False: the machine is lost, and what waited for it goes elsewhere. */
async function passedOn({ kernel, router, flushes }: OnwardParts, other: OutboundQueue): Promise<boolean> {
  const { clock, deadLetters } = kernel;
  const { holds } = router;
  const isForIt = (to: string): boolean => machineIndexOf(router.knownHostOf(to) ?? NOWHERE) === other.index;
  const waits = (): boolean =>
    holds.units().some((unit) => holds.peek(unit).some((first) => first !== undefined && isForIt(first.to)));
  if (other.ended ? !waits() : other.link === undefined && other.waiting === 0) return true;
  let isPassed = false;
  const passed = flushes.flush([other], 'onward').then(() => {
    isPassed = true;
  });
  while (!isPassed) {
    await Promise.race([passed, new Promise<void>((resolve) => clock.setTimer(ONWARD_MS_MAX, resolve))]);
    if (isPassed || !other.ended) continue;
    for (const envelope of holds.takeOf(
      (one) => isInLine(one) && !isTracked(one) && holds.isRelayed(one) && isForIt(one.to),
    )) {
      const text = `the machine that ${envelope.to} has moved to was not reached within ${ONWARD_MS_MAX} ms`;
      deadLetters.refuseUnlessResent(envelope, 'ACTOR_UNAVAILABLE', text);
    }
    return true;
  }
  return !other.ended;
}

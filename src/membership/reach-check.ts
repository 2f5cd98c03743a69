/** A look before a machine counts: whether those that are members already reach it at the address that it is about to tell. */
import type { Directory } from '../directory/directory.ts';
import type { MachineNetwork } from '../machine-links/machine-network.ts';
import type { MachineId } from '../machines/machine-row.ts';
import type { Log } from '../observe/log.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { decodeRow, ROW_PREFIX } from './cluster-entries.ts';

/** Machines that are asked; one of them that reaches it is enough. */
export const REACH_ASKED_MAX = 3;

export interface ReachCheckParts {
  readonly directory: Directory;
  readonly network: Pick<MachineNetwork, 'checkReach'>;
  /** Of this machine. */
  readonly address: string;
  readonly log: Log;
}

/** A member may have died a moment ago, or be asked by many: that says nothing of this machine. */
const SAYS_NOTHING: ReadonlySet<unknown> = new Set(['ACTOR_UNAVAILABLE', 'OVERLOADED']);

/**
 * Rejects INVALID_OPTIONS where members answer, and none reaches this machine, or where one has the certificates of another authority, or is of a build that
 * writes other frames. Where
 * none answers it is not known: this machine joins, and says so in the log.
 */
export async function checkOwnReach({ directory, network, address, log }: ReachCheckParts): Promise<void> {
  const asked = (await liveMachines(directory)).slice(-REACH_ASKED_MAX);
  const answers = await Promise.all(
    asked.map((member) =>
      network.checkReach(member.address, member.machine, address).then(
        (reason) => ({ ...member, hasAnswered: true, reason }),
        (error: TroupeError) => ({ ...member, hasAnswered: !SAYS_NOTHING.has(error.code), reason: error.message }),
      ),
    ),
  );
  if (answers.some(({ reason }) => reason === undefined)) return;
  const refusal = answers.find(({ hasAnswered }) => hasAnswered);
  if (refusal) {
    const expected =
      'cluster.advertise: expected an address at which the other machines reach this one, one authority (TROUPE_CA) and one wire version for all';
    const text = `${expected}; got ${address}, which ${refusal.machine} does not: ${refusal.reason}`;
    throw new TroupeError('INVALID_OPTIONS', text);
  }
  if (answers.length > 0)
    log.warn({ address, reasons: answers.map(({ reason }) => reason) }, 'no other machine answers');
}

/** As the directory has them now; none where it gives no answer. */
function liveMachines(directory: Directory): Promise<{ machine: MachineId; address: string }[]> {
  const found: { machine: MachineId; address: string }[] = [];
  return new Promise((resolve) => {
    const end = (): void => {
      watch.close();
      resolve(found);
    };
    const watch = directory.watch(ROW_PREFIX, {
      changed: ({ key, value }) => {
        const row = decodeRow(value);
        if (row?.state === 'live') found.push({ machine: key.slice(ROW_PREFIX.length), address: row.address });
      },
      removed: () => {},
      synced: end,
      gap: end,
    });
  });
}

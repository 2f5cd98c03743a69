/** A control message to the master, over the channel of the fork. */
import type { ToMaster } from '../wire/control.ts';
import { type HandedConnection, marked } from '../wire/control-mark.ts';

/** The end of the fork's channel at a worker: `process` itself. */
export type MasterChannel = Pick<NodeJS.Process, 'connected' | 'send'>;

/** A master that is gone hears nothing more; node:cluster then ends this process. */
export function sendToMaster(channel: MasterChannel, message: ToMaster | HandedConnection): void {
  if (!channel.connected) return;
  try {
    channel.send?.(marked(message), undefined, undefined, () => {});
  } catch (error) {
    // Node.js 20 throws a TypeError of its own where the master was killed a moment ago: the end of the channel is still to be read.
    if (!(error instanceof TypeError)) throw error;
  }
}

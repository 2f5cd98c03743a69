/** A machine in a process of its own, that links to another one, writes frames, says so, and waits for its end. */
import { Buffer } from 'node:buffer';
import { TlsMachineNetwork } from '../../../src/machine-links/tls-machine-network.ts';
import { silent } from '../peer/link-fixture.ts';
import { eventLoopClock } from '../wire/event-loop-clock.ts';

const { address, credentials, frames } = JSON.parse(process.argv[2] as string);
const network = new TlsMachineNetwork({
  ...{ clock: eventLoopClock, log: silent, cluster: 'troupe', credentials, process: 0, incarnation: 1 },
  frameBytesMax: 1_000,
});
const { link } = await network.connect(address, 'a');
link.listener = { onFrame: () => false, onDrain: () => {}, onEnd: () => {} };
for (let n = 0; n < frames; n++) {
  const bytes = Buffer.alloc(34);
  bytes.writeUInt32LE(30, 0);
  bytes.write(String(n).padStart(30), 4);
  link.write(bytes);
}
setInterval(() => {
  if (link.flushed === frames) process.stdout.write('written');
}, 5);

import { describe, expect, test } from 'vitest';
import { MemoryMachines, machineProcess } from '../../../src/doubles/memory-machines.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import {
  machineConformance,
  type MachineWorld,
  failure,
  listening,
  master,
} from '../machine-links/machine-conformance.ts';
import { eventLoopClock } from '../wire/event-loop-clock.ts';
import { Diary, frame } from '../wire/link-conformance.ts';

const FRAME_BYTES_MAX = 2 * 1024 * 1024;

function memoryWorld(): MachineWorld {
  const machines = new MemoryMachines({ clock: eventLoopClock, frameBytesMax: FRAME_BYTES_MAX });
  return {
    frameBytesMax: FRAME_BYTES_MAX,
    host: (self, terms) => machines.host(self, terms),
    credentials: (machine) => ({ machine, certificate: '', key: '', authority: '' }),
    dispose: async () => {},
  };
}

machineConformance('machines in memory', memoryWorld);

describe('machines in memory', () => {
  const a = machineProcess(master('a'));
  const b = machineProcess(master('b'));

  test('a killed master is gone for those who are linked and for those who connect', async () => {
    const machines = new MemoryMachines({ clock: eventLoopClock });
    const { address } = await listening(machines.host(master('a')), ({ link }) => new Diary(link));
    const near = new Diary((await machines.host(master('b')).connect(address, 'a')).link);
    machines.kill(a);
    await near.ended();
    const error = await failure(machines.host(master('c')).connect(address, 'a'));
    expect(error.message).toContain('nobody who listens there');
  });

  test('a stall between two machines holds frames, and lets a connect fail in time', async () => {
    const clock = new VirtualClock();
    const machines = new MemoryMachines({ clock });
    const { address } = await listening(machines.host(master('a')));
    machines.stall(a, b);
    const refused = failure(machines.host(master('b')).connect(address, 'a'));
    await clock.advance(5_000);
    expect((await refused).message).toContain('no answer within 5000 ms');
    machines.unstall(a, b);
    const linked = machines.host(master('b')).connect(address, 'a');
    await clock.advance(1);
    expect((await linked).link.write(frame('goes'))).toBe(true);
  });
});

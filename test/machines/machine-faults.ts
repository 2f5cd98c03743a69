/** What may happen to machines, their ways and their database. Each fault heals what it has done before it resolves. */
import { type Machine, type Rig, signalTo, sleep } from './rig.ts';

export interface FaultGround {
  readonly rig: Rig;
  readonly leaseMs: number;
  random(): number;
  breach(text: string): void;
  /** Begins a machine again, until it is there. */
  start(machine: Machine): Promise<void>;
}

export interface MachineFault {
  readonly name: string;
  readonly weight: number;
  /** Whom it takes: one machine, the database, or all; two faults of one target never overlap. */
  readonly takes: 'machine' | 'pair' | 'database';
  inflict(ground: FaultGround, machine: Machine, other: Machine): Promise<void>;
}

const LEAVE_MS = 10_000;

const between = ({ random }: FaultGround, from: number, to: number): number => from + random() * (to - from);

const stopped = (name: string, weight: number, from: number, to: number): MachineFault => ({
  name,
  weight,
  takes: 'machine',
  async inflict(ground, machine) {
    ground.rig.freeze(machine);
    await sleep(between(ground, from, to) * ground.leaseMs);
    ground.rig.thaw(machine);
  },
});

export const MACHINE_FAULTS: readonly MachineFault[] = [
  {
    name: 'machine killed',
    weight: 10,
    takes: 'machine',
    async inflict(ground, machine) {
      await ground.rig.kill(machine);
      await sleep(between(ground, 0, 1.5) * ground.leaseMs);
      await ground.start(machine);
    },
  },
  stopped('machine stopped for less than its lease', 10, 0.1, 0.8),
  stopped('machine stopped for longer', 10, 1.2, 2.5),
  {
    name: 'worker killed',
    weight: 12,
    takes: 'machine',
    async inflict(ground, machine) {
      const workers = ground.rig.workersOf(machine);
      const pid = workers[Math.floor(ground.random() * workers.length)];
      if (pid !== undefined) signalTo(pid, 'SIGKILL');
    },
  },
  {
    name: 'machine leaves and comes back',
    weight: 8,
    takes: 'machine',
    async inflict(ground, machine) {
      if (!(await ground.rig.leave(machine, LEAVE_MS)))
        ground.breach(`${machine.name} did not leave within ${2 * LEAVE_MS} ms`);
      await sleep(between(ground, 0, 0.3) * ground.leaseMs);
      await ground.start(machine);
    },
  },
  {
    name: 'two machines cut off from each other',
    weight: 10,
    takes: 'pair',
    async inflict(ground, machine, other) {
      ground.rig.part(machine, other);
      await sleep(between(ground, 0.1, 2) * ground.leaseMs);
      ground.rig.join(machine, other);
    },
  },
  {
    name: 'the way between two machines stalls',
    weight: 8,
    takes: 'pair',
    async inflict(ground, machine, other) {
      const proxy = machine.to.get(other.number);
      proxy?.stall('to', 'from');
      await sleep(between(ground, 0.1, 2) * ground.leaseMs);
      proxy?.resume();
      if (ground.random() < 0.3) proxy?.cut();
    },
  },
  {
    name: 'the way to the database is slow',
    weight: 6,
    takes: 'machine',
    async inflict(ground, { toDatabase }) {
      toDatabase.delay(between(ground, 10, 120));
      await sleep(between(ground, 0.5, 2) * ground.leaseMs);
      toDatabase.delay(0);
    },
  },
  {
    name: 'a connection to the database stalls',
    weight: 8,
    takes: 'machine',
    async inflict(ground, { toDatabase }) {
      toDatabase.stall(...(ground.random() < 0.5 ? (['to'] as const) : (['from'] as const)));
      await sleep(between(ground, 0.2, 2) * ground.leaseMs);
      if (ground.random() < 0.5) toDatabase.cut();
      toDatabase.resume();
    },
  },
  {
    name: 'connections to the database cut',
    weight: 8,
    takes: 'machine',
    async inflict(ground, { toDatabase }) {
      if (ground.random() < 0.5) return toDatabase.cut();
      toDatabase.refuse();
      await sleep(between(ground, 0.1, 2) * ground.leaseMs);
      toDatabase.accept();
    },
  },
  {
    // Statements of a machine that others have given up arrive when all of it is somebody else's.
    name: 'statements arrive late',
    weight: 8,
    takes: 'machine',
    async inflict(ground, { toDatabase }) {
      toDatabase.strand();
      await sleep(between(ground, 1.2, 2.5) * ground.leaseMs);
      await toDatabase.deliver(50);
      toDatabase.accept();
    },
  },
  {
    name: 'every session ended by the server',
    weight: 6,
    takes: 'database',
    async inflict({ rig }) {
      await rig.server.terminateAll();
    },
  },
  {
    name: 'the database stands still',
    weight: 6,
    takes: 'database',
    async inflict(ground) {
      ground.rig.server.freeze();
      await sleep(between(ground, 0.1, 2) * ground.leaseMs);
      ground.rig.server.thaw();
    },
  },
  {
    name: 'the database restarts',
    weight: 3,
    takes: 'database',
    async inflict(ground) {
      await ground.rig.server.stop(ground.random() < 0.5 ? 'SIGINT' : 'SIGQUIT');
      await sleep(between(ground, 0, 5) * 1_000);
      await ground.rig.server.begin();
    },
  },
  {
    name: 'everything killed',
    weight: 1,
    takes: 'database',
    async inflict(ground) {
      const { machines } = ground.rig;
      await Promise.all(machines.map((machine) => ground.rig.kill(machine)));
      await Promise.all(machines.map((machine) => ground.start(machine)));
    },
  },
];

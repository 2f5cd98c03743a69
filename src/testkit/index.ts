/** The testkit for your own actors: a system in the test's process on a virtual clock, probes, and a simulated cluster. */
import '../node-version.ts';

export type { MemoryDisk } from '../store/memory-store.ts';
export type { Parts, RecordHead, StoredRecord } from '../store/store.ts';
export type { Clock, Timer } from '../vocabulary/clock.ts';
export type { Verb } from '../vocabulary/envelope.ts';
export { Probe, type ProbeMessage } from '../doubles/probe.ts';
export { seededRandom } from '../doubles/seeded-random.ts';
export type { ControlMessage, FrameEntry, ObservedEvent, ObservedFrame } from '../simulation/observation.ts';
export {
  type Observer,
  type SimulatedProcess,
  Simulation,
  type SimulationEvent,
  type SimulationOptions,
  type SimulationStarter,
} from '../simulation/simulation-api.ts';
export { traceLine, type TraceOptions } from '../simulation/trace.ts';
export { createTestSystem, type TestSystem, type TestSystemOptions } from './test-system.ts';
export { VirtualClock } from '../doubles/virtual-clock.ts';

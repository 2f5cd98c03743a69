/** What tests of your own actors need: a system in the test's process on a virtual clock, probes, and a simulated cluster. */
import '../node-version.ts';

export type { MemoryDisk } from '../store/memory-store.ts';
export { Probe, type ProbeMessage } from './probe.ts';
export { seededRandom } from './seeded-random.ts';
export type { FrameEntry, ObservedFrame, Observer, SimulationEvent } from './simulation/observation.ts';
export type { SimulatedProcess } from './simulation/simulated-process.ts';
export { Simulation, type SimulationOptions } from './simulation/simulation.ts';
export { traceLine, type TraceOptions } from './simulation/trace.ts';
export { createTestSystem, type TestSystem, type TestSystemOptions } from './test-system.ts';
export { VirtualClock } from './virtual-clock.ts';

/** What tests of your own actors need: a system in the test's process on a virtual clock, and a simulated cluster. */
export { seededRandom } from './seeded-random.ts';
export type { SimulatedProcess } from './simulation/simulated-process.ts';
export { Simulation, type SimulationOptions } from './simulation/simulation.ts';
export { createTestSystem, type TestSystem, type TestSystemOptions } from './test-system.ts';
export { VirtualClock } from './virtual-clock.ts';

import { expect, it } from 'vitest';
import { linksByMachine } from '../../../src/machine-routes/counted-links.ts';
import { foreignWorkerIndex, GUEST_INDEX_MIN, MACHINE_INDEX_MIN } from '../../../src/vocabulary/host-index.ts';

it('counts the open links to each machine, to its workers too, and no guests', () => {
  const machine = (number: number): object => ({
    ...{ index: MACHINE_INDEX_MIN + number, machine: `m${number}`, address: '', workers: [] },
  });
  const link = {};
  const links = [
    { index: MACHINE_INDEX_MIN, link },
    { index: foreignWorkerIndex(MACHINE_INDEX_MIN, 1), link },
    { index: foreignWorkerIndex(MACHINE_INDEX_MIN, 2), link: undefined },
    { index: MACHINE_INDEX_MIN + 1, link },
    { index: MACHINE_INDEX_MIN + 2, link: undefined },
    { index: GUEST_INDEX_MIN + 1, link },
    { index: MACHINE_INDEX_MIN + 3, link },
  ];
  expect(linksByMachine([0, 1, 2].map(machine) as never, links as never)).toEqual(
    new Map([
      ['m0', 2],
      ['m1', 1],
    ]),
  );
});

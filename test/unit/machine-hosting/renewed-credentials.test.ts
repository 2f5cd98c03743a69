import { expect, test } from 'vitest';
import { PartitionHosting, type PartitionHostingParts } from '../../../src/machine-hosting/partition-hosting.ts';
import type { MachinesView } from '../../../src/wire/control.ts';

test('the processes of a machine get its credentials with the first view, and with the next one where they are renewed', () => {
  const hosting = new PartitionHosting();
  const views: MachinesView[] = [];
  let credentials = 'first';
  const membership = {
    ...{ id: 'a', tableEpoch: 1, machines: () => [], ownerOf: () => undefined, epochOf: () => undefined },
    ...{ isHandedLive: () => false, takesState: () => true },
  };
  const master = { machinesChanged: (view: MachinesView) => void views.push(view), keepInPlace: () => {} };
  hosting.begin(membership, {
    master,
    store: () => undefined,
    credentialsOf: () => credentials,
  } as unknown as PartitionHostingParts);
  hosting.changed();
  credentials = 'second';
  hosting.credentialsRenewed();
  hosting.changed();
  expect(views.map((view) => view.credentials)).toEqual(['first', 'second']);
});

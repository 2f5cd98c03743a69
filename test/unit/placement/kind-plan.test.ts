import { expect, test } from 'vitest';
import { planKinds } from '../../../src/placement/kind-plan.ts';
import type { KindTerms } from '../../../src/wire/control.ts';

const terms = (change: Partial<KindTerms> = {}): KindTerms => {
  const role = change.role ?? '';
  return { role, column: role, strategy: 'hash', isDurable: false, capacity: 100, ...change };
};
const plan = (before: Record<string, KindTerms>, after: Record<string, KindTerms>, roles?: string[]) =>
  planKinds(Object.entries(before), after, roles);

test('the same code changes nothing', () => {
  expect(plan({ job: terms() }, { job: terms() })).toEqual({ added: {}, changed: {}, removed: [], faults: [] });
});

test('a new kind gets a column that no other kind shares', () => {
  expect(plan({}, { job: terms({ role: 'mail' }) }).added).toEqual({
    job: terms({ role: 'mail', column: 'mail~job' }),
  });
});

test('a kind that is not there any more is removed', () => {
  expect(plan({ job: terms(), old: terms() }, { job: terms() }).removed).toEqual(['old']);
});

test('another role takes the kind out of the column that it shared', () => {
  const { changed } = plan({ job: terms() }, { job: terms({ role: 'mail' }) });
  expect(changed.job).toEqual(terms({ role: 'mail', column: 'mail~job' }));
});

test('a kind in a column of its own keeps it, whatever else changes', () => {
  const before = { job: terms({ role: 'mail', column: 'mail~job' }) };
  expect(plan(before, { job: terms({ role: 'mail' }) }).changed).toEqual({});
  expect(plan(before, { job: terms({ role: 'mail', capacity: 7 }) }).changed.job?.column).toBe('mail~job');
});

test('places given on demand do not need their shards to stay', () => {
  const before = { job: terms({ strategy: 'least-loaded' }) };
  expect(plan(before, { job: terms({ strategy: 'local', role: 'mail' }) }).changed.job?.column).toBe('mail');
});

test.each([true, false])('durable: %s cannot become the other, and the kind is named', (isDurable) => {
  const { faults, changed } = plan({ job: terms({ isDurable }) }, { job: terms({ isDurable: !isDurable }) });
  expect(faults).toEqual([expect.stringMatching(/^job\.durable: expected .*; got /)]);
  expect(changed).toEqual({});
});

test.each([true, false])(
  'a machine: %s cannot become the other, since neither reads the state of the other',
  (isOne) => {
    const machine = terms({ isMachine: true });
    const { faults, changed } = isOne
      ? plan({ job: machine }, { job: terms() })
      : plan({ job: terms() }, { job: machine });
    expect(faults).toEqual([expect.stringMatching(/^job\.machine: expected .*; got /)]);
    expect(changed).toEqual({});
    expect(plan({ job: machine }, { job: machine }).faults).toEqual([]);
  },
);

test('a role that no worker has is none to change to; a new kind may wait for one, and so may one that waits already', () => {
  const { faults, changed } = plan({ job: terms() }, { job: terms({ role: 'mial' }) }, ['web', 'mail']);
  expect(faults).toEqual([
    "job.placement.role: expected a role that a worker has, of web, mail; got 'mial' (did you mean 'mail'?)",
  ]);
  expect(changed).toEqual({});
  const later = { job: terms({ role: 'later' }) };
  expect(plan({}, later, ['web']).faults).toEqual([]);
  expect(plan(later, later, ['web']).faults).toEqual([]);
  expect(plan(later, { job: terms() }, ['web']).faults).toEqual([]);
  // Of several machines, others may have it.
  expect(plan({ job: terms() }, later).faults).toEqual([]);
});

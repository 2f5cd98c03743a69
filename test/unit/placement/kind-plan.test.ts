import { expect, test } from 'vitest';
import { planKinds } from '../../../src/placement/kind-plan.ts';
import type { KindTerms } from '../../../src/wire/control.ts';

const terms = (change: Partial<KindTerms> = {}): KindTerms => {
  const role = change.role ?? '';
  return { role, column: role, strategy: 'hash', isDurable: false, capacity: 100, ...change };
};
const plan = (before: Record<string, KindTerms>, after: Record<string, KindTerms>) =>
  planKinds(Object.entries(before), after);

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

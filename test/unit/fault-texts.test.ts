/** The texts of errors: a fault says what happened; only the mistake of a caller says what was expected. */
import { describe, expect, it, test } from 'vitest';
import { FAULTS, mistakenFaults, textsOfFaults } from './fault-texts.ts';
import { readSources } from './sources.ts';

describe('a fault', () => {
  it('says what happened, and never “; got”', () => {
    expect(mistakenFaults(readSources())).toEqual([]);
  });

  it('is looked for where it is: nearly every code has texts in the sources', () => {
    const all = Object.values(readSources()).flatMap((source) => textsOfFaults(source));
    expect(all.length).toBeGreaterThan(80);
    const seen = new Set(all.map(({ code }) => code.slice(1, -1)));
    // REFUSED has the text of the handler.
    expect(FAULTS.filter((code) => !seen.has(code) && code !== 'REFUSED')).toEqual([]);
  });

  test.each([
    ['a call', "throw new TroupeError('ASK_TIMEOUT', `a reply of #{id} was expected; got none`);"],
    ['a call over lines', "new TroupeError(\n  'NO_WORKER',\n  'a worker is there; got none',\n)"],
    ['a refusal', "deadLetters.refuse(envelope, 'MAILBOX_FULL', `at most #{f({ a: 1 })} wait; got one more`);"],
    [
      'a text with a name',
      'const text = isFull ? more : `the store is read; got #{x}`;\nthrow storeFailed(text, cause);',
    ],
    ['a failure of the store', "throw storeFailed('a commit is written; got a full disk');"],
  ])('is found in %s', (_, source) => {
    expect(mistakenFaults({ 'actor/x.ts': source.replaceAll('#{', '${') })).toHaveLength(1);
  });

  test.each([
    ['a mistake of the caller', "throw new TroupeError('INVALID_OPTIONS', `name: expected a text; got #{name}`);"],
    ['a fault that says what happened', "new TroupeError('STORE_FAILED', `the commit failed: #{reason}`)"],
    ['a text of another error before it', "const text = 'expected a; got b';\nuse(text);\nfail('NO_WORKER', 'none');"],
  ])('is not %s', (_, source) => {
    expect(mistakenFaults({ 'actor/x.ts': source.replaceAll('#{', '${') })).toEqual([]);
  });
});

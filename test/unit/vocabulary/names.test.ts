import { describe, expect, it } from 'vitest';
import { didYouMean, listed, NAMES_LISTED, unknownOption } from '../../../src/vocabulary/names.ts';

const KNOWN = ['add', 'subtract', 'get', 'transfer', 'workers'];

describe('the name that was probably meant', () => {
  it.each([
    ['ad', 'add'],
    ['ADD', 'add'],
    ['dad', 'add'],
    ['gte', 'get'],
    ['substract', 'subtract'],
    ['tranfser', 'transfer'],
    ['worker', 'workers'],
  ])('of %s is %s', (got, meant) => {
    expect(didYouMean(got, KNOWN)).toBe(` (did you mean '${meant}'?)`);
  });

  it.each(['remove', 'x', '', 'transfer-money-to', 'a'.repeat(100_000), 7, undefined])('of %j is none', (got) => {
    expect(didYouMean(got, KNOWN)).toBe('');
  });

  it('is not looked for among any number of names', () => {
    const many = Array.from({ length: 100_000 }, (_, n) => `name-${n}`);
    expect(didYouMean('name-99998x', many)).toContain('name-');
    expect(didYouMean('addd', [...many, 'add'])).toBe('');
  });
});

describe('a list of names', () => {
  it('is cut', () => {
    expect(listed([])).toBe('none');
    expect(listed(['a', 'b'])).toBe('a, b');
    const many = Array.from({ length: NAMES_LISTED + 5 }, (_, n) => `n${n}`);
    expect(listed(many)).toBe(`${many.slice(0, NAMES_LISTED).join(', ')} and 5 more`);
  });

  it('of options is whole', () => {
    expect(unknownOption('worker', 'worker', KNOWN)).toBe(
      "worker: expected one of add, subtract, get, transfer, workers; got 'worker' (did you mean 'workers'?)",
    );
  });
});

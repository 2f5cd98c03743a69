import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/supervision/failure-decision.ts';
import { DIRECTIVES, type Directive, type OnFailure } from '../../../src/supervision/supervision-options.ts';

const error = new Error('broken');
const context = { id: 'counter/alice', restarts: 2 };

describe('the decision about a failure', () => {
  it.each(DIRECTIVES)('is the directive %s itself', (directive) => {
    expect(decide(directive, error, context)).toBe(directive);
  });

  it.each(DIRECTIVES)('is the %s that a function returns', (directive) => {
    expect(decide(() => directive, error, context)).toBe(directive);
  });

  it('is made with the error, the id and the restarts so far', () => {
    const seen: unknown[] = [];
    decide(
      (...given) => {
        seen.push(...given);
        return 'stop';
      },
      error,
      context,
    );
    expect(seen).toEqual([error, context]);
  });

  it('is to escalate when the function throws', () => {
    const throwing: OnFailure = () => {
      throw new Error('the policy is broken too');
    };
    expect(decide(throwing, error, context)).toBe('escalate');
  });

  it.each([undefined, null, '', 'Restart', 'toString', 1, Promise.resolve('restart')])(
    'is to escalate when the function returns %s, no directive',
    (answer) => {
      expect(decide(() => answer as Directive, error, context)).toBe('escalate');
    },
  );
});

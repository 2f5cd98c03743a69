import { describe, expect, it } from 'vitest';
import { behaviourOf, MAILBOX_CAPACITY } from '../../../src/actor/behaviour.ts';
import { defineActor } from '../../../src/actor/define-actor.ts';

describe('the behaviour of a definition', () => {
  it('has defaults', () => {
    expect(behaviourOf('room', defineActor({ receive: {} }))).toMatchObject({
      ...{
        kind: 'room',
        capacity: MAILBOX_CAPACITY,
        passivateAfterMs: 0,
        role: '',
        strategy: 'hash',
        schema: undefined,
      },
      policy: { onFailure: 'restart', intensity: 5, periodMs: 10_000, children: 'one_for_one' },
    });
  });
});

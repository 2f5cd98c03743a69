import { describe, expect, it } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import {
  MAILBOX_CAPACITY_MAX,
  PASSIVATE_AFTER_MS_MAX,
  validateDefinition,
} from '../../../src/actor/definition-check.ts';

const faultsOf = (options: object): string[] => validateDefinition('room', defineActor(options as never));

describe('a definition', () => {
  it.each([{ options: {} }, undefined, 7, () => {}])('is what defineActor() returns, and nothing else: %o', (value) => {
    expect(validateDefinition('room', value)).toHaveLength(1);
  });

  it('names all its faults at once', () => {
    const faults = faultsOf({
      ...{ recieve: {}, state: 7, onStart: 'x', onStop: 1, onTerminated: {}, messages: {}, durable: 7 },
      receive: { add: 'no function' },
      mailbox: { capacity: 0 },
      passivateAfterMs: 0.5,
      placement: { strategy: 'anywhere', role: '' },
      supervision: { onFailure: 'ignore' },
    });
    const names = faults.map((fault) => fault.slice('room.'.length, fault.indexOf(':'))).sort();
    expect(names).toEqual(
      [
        ...['recieve', 'state', 'onStart', 'onStop', 'onTerminated', 'messages', 'durable', 'receive.add'],
        ...['mailbox.capacity', 'passivateAfterMs', 'placement.strategy', 'placement.role', 'supervision.onFailure'],
      ].sort(),
    );
  });

  it.each([
    [{}, 'room.receive'],
    [{ receive: [] }, 'room.receive'],
    [{ machine: {} }, 'room.machine'],
    [{ receive: {}, mailbox: { capacity: MAILBOX_CAPACITY_MAX + 1 } }, 'room.mailbox.capacity'],
    [{ receive: {}, passivateAfterMs: PASSIVATE_AFTER_MS_MAX + 1 }, 'room.passivateAfterMs'],
    [{ receive: {}, mailbox: null }, 'room.mailbox'],
    [{ receive: {}, placement: 'local' }, 'room.placement'],
    [{ receive: {}, durable: { sync: 1 } }, 'room.durable.sync'],
    [{ receive: {}, durable: { version: 0 } }, 'room.durable.version'],
    [{ receive: {}, durable: { version: 2, migrate: { 2: () => {} } } }, 'room.durable.migrate'],
    [{ receive: {}, durable: { version: 2, migrate: { 1: 7 } } }, 'room.durable.migrate.1'],
  ])('%o is faulty', (options, name) => {
    expect(faultsOf(options)[0]?.startsWith(`${name}: expected`)).toBe(true);
  });

  it('at its bounds is fine', () => {
    const most = { mailbox: { capacity: MAILBOX_CAPACITY_MAX }, passivateAfterMs: PASSIVATE_AFTER_MS_MAX };
    expect([faultsOf({ receive: {}, ...most }), faultsOf({ receive: {}, mailbox: { capacity: 1 } })]).toEqual([[], []]);
  });
});

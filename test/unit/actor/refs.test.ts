import { describe, expect, it } from 'vitest';
import type { UntypedRef } from '../../../src/actor/actor-ref.ts';
import { defineActor, fateOf, startKit, thrownBy } from './kernel-fixture.ts';

let outside: UntypedRef;

const echo = defineActor({
  receive: {
    who: (ctx) => ctx.sender,
    me: (ctx) => ctx.self.id,
    'by-ref': (_ctx, { to }: { to: UntypedRef }) => to.ask({ type: 'who' }),
    'by-outside': () => outside.ask({ type: 'who' }),
    'wake-then-outside': (ctx) => {
      ctx.tell('echo/sleeping', { type: 'me' });
      return outside.ask({ type: 'who' });
    },
    'by-kind': (ctx): Promise<string> => ctx.ref(echo, 'typed').ask({ type: 'me' }),
  },
});

describe('a ref', () => {
  it('tells, asks and stops the actor that it names', async () => {
    const { system, heard } = startKit({ echo });
    const ref = system.ref('echo/a');
    expect([ref.id, await ref.ask({ type: 'me' }), ref.tell({ type: 'me' })]).toEqual(['echo/a', 'echo/a', true]);
    await ref.stop('enough');
    expect(heard('actor-stopped')).toMatchObject([{ id: 'echo/a', reason: 'enough' }]);
  });

  it('is made of an id, of another ref, or of a definition and a key', async () => {
    const { system } = startKit({ echo });
    const ids = [system.ref('echo/a'), system.ref(system.ref('echo/a')), system.ref(echo, 'a')].map(({ id }) => id);
    expect(ids).toEqual(['echo/a', 'echo/a', 'echo/a']);
    expect(await system.ask('echo/a', { type: 'by-kind' })).toBe('echo/typed');
  });

  it('is not made of anything else', () => {
    const { system } = startKit({ echo });
    const other = defineActor({ receive: {} });
    expect(thrownBy(() => system.ref(other, 'a')).code).toBe('UNKNOWN_KIND');
    expect(thrownBy(() => system.ref(echo, '')).code).toBe('INVALID_ACTOR_ID');
    expect(thrownBy(() => system.ref({} as never)).code).toBe('INVALID_ACTOR_ID');
  });

  it('sends as the actor whose handler uses it, wherever it was made', async () => {
    const { system } = startKit({ echo });
    outside = system.ref('echo/target');
    expect(await outside.ask({ type: 'who' })).toBeUndefined();
    expect(await system.ask('echo/a', { type: 'by-outside' })).toBe('echo/a');
    expect(await system.ask('echo/a', { type: 'wake-then-outside' })).toBe('echo/a');
  });

  it('travels in messages', async () => {
    const { system } = startKit({ echo });
    expect(await system.ask('echo/a', { type: 'by-ref', to: system.ref('echo/b') })).toBe('echo/a');
  });

  it('is its id in JSON', () => {
    const { system } = startKit({ echo });
    expect(JSON.stringify({ to: system.ref('echo/a') })).toBe('{"to":"echo/a"}');
  });

  it('is refused a wrong message at the call', async () => {
    const { system } = startKit({ echo });
    expect(thrownBy(() => system.ref('echo/a').tell({} as never)).code).toBe('INVALID_MESSAGE');
    expect(await fateOf(system.ref('echo/a').ask({ type: 'nope' }))).toBe('UNKNOWN_MESSAGE/not-executed');
  });
});

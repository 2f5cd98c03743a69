import { describe, expect, test } from 'vitest';
import { CLIENT_RIGHTS, Rights } from '../../../src/gateway/rights.ts';

describe('the rights of a client', () => {
  test('give what they name, for the kinds that they name', () => {
    const rights = new Rights('ada', ['tell', 'ask'], ['chat-*', 'user']);
    for (const id of ['chat-room/a', 'chat-/a', 'user/x']) expect(rights.refusal('tell', id)).toBeUndefined();
    for (const id of ['chat/a', 'users/x', 'a-chat-room/a', 'user-x/chat-a'])
      expect(rights.refusal('tell', id)).toBe(`this client does not reach ${id}: its kinds are chat-*, user`);
    expect(rights.refusal('watch', 'user/x')).toBe('this client has no right to watch: its rights are tell, ask');
  });

  test('of everybody give all; none give nothing', () => {
    const all = new Rights('all', CLIENT_RIGHTS, ['*']);
    for (const right of CLIENT_RIGHTS) expect(all.refusal(right, 'any/x')).toBeUndefined();
    const none = new Rights('none', [], []);
    for (const right of CLIENT_RIGHTS) expect(none.refusal(right, 'any/x')).toContain('are none');
    expect(none.refusalOfKind('any/x')).toContain('kinds are none');
  });

  test('take a pattern for its letters: what means something elsewhere does not here', () => {
    expect(new Rights('x', ['tell'], ['a-b']).refusal('tell', 'axb/1')).toContain('does not reach');
  });
});

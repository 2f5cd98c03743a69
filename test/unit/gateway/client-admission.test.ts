import { describe, expect, it } from 'vitest';
import { CLIENT_VERSION, type Hello } from '../../../src/client-wire/client-greeting.ts';
import { admitClient } from '../../../src/gateway/client-admission.ts';
import type { Listen } from '../../../src/gateway/listen-options.ts';
import { Rights } from '../../../src/gateway/rights.ts';

const rightsOf = (name: string): Rights => new Rights(name, ['ask'], ['*']);
const [everybody, shop, till] = ['everybody', 'shop', 'till'].map(rightsOf);
const listen = {
  everybody: undefined,
  clients: [
    { token: 'of the shop', cn: undefined, rights: shop },
    { token: undefined, cn: 'till', rights: till },
    { token: 'of the safe', cn: 'safe', rights: rightsOf('safe') },
  ],
} as unknown as Listen;
const hello = (token?: string, version: number = CLIENT_VERSION): Hello => ({ version, token }) as Hello;

describe('a client is let in', () => {
  it('by its token, or by the name in its certificate, with the rights of the first that fits', () => {
    expect(admitClient(hello('of the shop'), undefined, listen)).toBe(shop);
    expect(admitClient(hello(), 'till', listen)).toBe(till);
    expect(admitClient(hello('of the shop'), 'till', listen)).toBe(shop);
  });

  it('by both, where both are asked for', () => {
    expect(admitClient(hello('of the safe'), 'safe', listen)).toMatchObject({ name: 'safe' });
    expect(admitClient(hello('of the safe'), 'till', listen)).toBe(till);
    expect(admitClient(hello('of the safe'), undefined, listen)).toMatchObject({ cause: 'token' });
    expect(admitClient(hello(), 'safe', listen)).toMatchObject({ cause: 'token' });
  });

  it('without either, where everybody is; a known one has its own rights all the same', () => {
    const open = { ...listen, everybody } as Listen;
    expect(admitClient(hello('of somebody'), undefined, open)).toBe(everybody);
    expect(admitClient(hello('of the shop'), undefined, open)).toBe(shop);
  });
});

describe('a client is refused', () => {
  it('with an unknown token, and without any', () => {
    expect(admitClient(hello('of somebody'), undefined, listen)).toEqual({
      ...{ cause: 'token', code: 'FORBIDDEN', text: 'the token is not known here' },
    });
    expect(admitClient(hello(), undefined, listen)).toEqual({
      ...{ cause: 'token', code: 'FORBIDDEN', text: 'no token or certificate that is known here was shown' },
    });
  });

  it('of another version, whatever it shows', () => {
    const text = `a client speaks version ${CLIENT_VERSION}; got ${CLIENT_VERSION + 1}`;
    expect(admitClient(hello('of the shop', CLIENT_VERSION + 1), undefined, listen)).toEqual({
      ...{ cause: 'version', code: 'INVALID_OPTIONS', text },
    });
  });
});

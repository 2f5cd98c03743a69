/** Whether a client is let in by its greeting: the version that it speaks, and its token or certificate, which say what rights it has. Pure. */
import { CLIENT_VERSION, type Hello } from '../client-wire/client-greeting.ts';
import type { ErrorCode } from '../vocabulary/errors.ts';
import { isSameSecret } from '../wire/handshake.ts';
import type { Listen } from './listen-options.ts';
import type { Rights } from './rights.ts';

/** Why not: counted and logged by its cause, told to the client by its code. */
export interface ClientRefusal {
  readonly cause: 'token' | 'version';
  readonly code: ErrorCode;
  readonly text: string;
}

/** `cn`: the name in its certificate, which TLS has checked. */
export function admitClient(hello: Hello, cn: string | undefined, listen: Listen): Rights | ClientRefusal {
  if (hello.version !== CLIENT_VERSION) {
    const text = `a client speaks version ${CLIENT_VERSION}; got ${hello.version}`;
    return { cause: 'version', code: 'INVALID_OPTIONS', text };
  }
  const rights = rightsOf(listen, hello.token, cn);
  if (rights !== undefined) return rights;
  const text =
    hello.token === undefined ? 'no token or certificate that is known here was shown' : 'the token is not known here';
  return { cause: 'token', code: 'FORBIDDEN', text };
}

/** All tokens are compared, each in constant time: how long it takes says nothing of which was nearly right. */
function rightsOf(listen: Listen, token: string | undefined, cn: string | undefined): Rights | undefined {
  let found: Rights | undefined;
  for (const client of listen.clients) {
    const hasToken = client.token === undefined || (token !== undefined && isSameSecret(client.token, token));
    const hasName = client.cn === undefined || client.cn === cn;
    if (hasToken && hasName) found ??= client.rights;
  }
  return found ?? listen.everybody;
}

/** Ports for servers of tests, which are told them before they listen. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below those that Linux gives to outgoing connections (32 768 and on, `ip_local_port_range`): one of these, asked of the kernel and given back,
 * is now and then a connection's of another test by the time that a server begins to listen.
 */
const FIRST = 12_000;
const COUNT = 20_000;
const TRIES_MAX = 100;

/** Of this machine; nobody keeps it for the caller. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = FIRST + randomInt(COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error(`expected a free port from ${FIRST} on; none of ${TRIES_MAX} tried is`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port);
  const isListening = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  if (isListening) await new Promise((resolve) => server.close(resolve));
  return isListening;
}

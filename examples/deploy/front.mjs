// Keeps a port open while the program behind it restarts: connections wait, and are not refused. For PM2, which has no sockets that outlive
// a restart, as systemd has. It copies bytes and knows no HTTP, so it has no reason to be restarted itself.
// PORT: default 8080. BEHIND: the unix socket of the program.
import { connect, createServer } from 'node:net';

const { PORT = '8080', BEHIND = '/tmp/app.sock' } = process.env;
const RETRY_MS = 20;
/** How long a connection waits for the program, and how many at once. */
const WAIT_MS_MAX = 60_000;
const CONNECTIONS_MAX = 10_000;

const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  // A client that breaks off is its own affair.
  client.on('error', () => {});
  forward(client, performance.now() + WAIT_MS_MAX);
});
server.maxConnections = CONNECTIONS_MAX;
server.listen(Number(PORT), () => process.send?.('ready'));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(0));

/** Nothing of a client is read before the program is there, so nothing has to be sent twice. */
function forward(client, until) {
  let isThere = false;
  const behind = connect({ path: BEHIND, allowHalfOpen: true });
  behind.once('connect', () => {
    isThere = true;
    client.pipe(behind).pipe(client);
    client.once('close', () => behind.destroy());
    behind.once('close', () => client.destroySoon());
  });
  behind.on('error', () => {
    if (isThere || performance.now() > until) client.destroy();
    else if (!client.destroyed) setTimeout(forward, RETRY_MS, client, until);
  });
}

// What every worker runs: HTTP on one port that all of them share.
// GET /?key=ann counts a visit. GET /live: this process answers. GET /ready: actors answer too; 503 where they do not.
import { createServer } from 'node:http';

const READY_MS_MAX = 1_000;
const STATUS = { INVALID_ACTOR_ID: 400, MAILBOX_FULL: 429, OVERLOADED: 429, NO_WORKER: 503, SHUTTING_DOWN: 503 };

export default (system) => {
  const server = createServer(async (request, response) => {
    try {
      const answer = await answerTo(system, new URL(request.url, 'http://localhost'));
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    } catch (error) {
      response.statusCode = STATUS[error.code] ?? 500;
      response.end(`${error.code ?? 'failed'}\n`);
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(listenOn(), resolve);
  });
};

/** A path of a unix socket, the socket that systemd has opened already, or a port. */
function listenOn() {
  const { LISTEN_FDS, PORT = '8080' } = process.env;
  if (LISTEN_FDS === '1') return { fd: 3 };
  return PORT.startsWith('/') ? PORT : Number(PORT);
}

async function answerTo(system, { pathname, searchParams }) {
  const { worker, pid } = system.self;
  if (pathname === '/live') return { worker, pid };
  if (pathname === '/ready') {
    await system.ask('visits/probe', { type: 'count' }, { timeoutMs: READY_MS_MAX }).catch(() => {
      throw Object.assign(new Error('not ready'), { code: 'NO_WORKER' });
    });
    return { workers: system.workers().filter(({ state }) => state === 'ready').length };
  }
  return { ...(await system.ask(`visits/${searchParams.get('key') ?? 'all'}`, { type: 'visit' })), worker, pid };
}

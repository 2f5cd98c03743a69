// `main` with requests of all lengths: /twice asks two times, one after the other; /never is not answered, but counted; all others are at once.
import { createServer } from 'node:http';

export default (system) => {
  const server = createServer(async (request, response) => {
    try {
      const { pathname, searchParams } = new URL(request.url, 'http://localhost');
      if (pathname === '/never') return await system.ask('counter/never', { type: 'visit' });
      const id = `counter/${searchParams.get('key') ?? 'twice'}`;
      if (pathname === '/twice') await system.ask(id, { type: 'sleep', ms: 1_000 });
      const count = await system.ask(id, { type: 'visit' });
      response.end(JSON.stringify({ pid: process.pid, version: 1, count }));
    } catch (error) {
      response.statusCode = 503;
      response.end(error.code);
    }
  });
  return new Promise((resolve, reject) =>
    server.on('error', reject).listen(Number(process.env.TEST_PORT), '127.0.0.1', resolve),
  );
};

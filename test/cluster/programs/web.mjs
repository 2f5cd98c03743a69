// `main` with an HTTP server: all workers share its port.
import { createServer } from 'node:http';

export default (system) => {
  const server = createServer(async (_request, response) => {
    const count = await system.ask('counter/visits', { type: 'visit' });
    response.setHeader('connection', 'close');
    response.end(JSON.stringify({ pid: process.pid, worker: system.self.worker, count }));
  });
  return new Promise((resolve, reject) =>
    server.on('error', reject).listen(Number(process.env.TEST_PORT), '127.0.0.1', resolve),
  );
};

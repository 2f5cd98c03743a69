// `main` of the reload tests: an HTTP server on the shared port, which answers with what an actor says; connections are kept.
import { createServer } from 'node:http';

export default (system) => {
  const server = createServer(async (request, response) => {
    const key = new URL(request.url, 'http://localhost').searchParams.get('key');
    try {
      const { version, count } = await system.ask(`versioned/${key}`, { type: 'visit' });
      response.end(JSON.stringify({ pid: process.pid, version, count }));
    } catch (error) {
      response.statusCode = 500;
      response.end(`${error.code} ${error.fate} ${error.message}`);
    }
  });
  return new Promise((resolve, reject) =>
    server.on('error', reject).listen(Number(process.env.TEST_PORT), '127.0.0.1', resolve),
  );
};

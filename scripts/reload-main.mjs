// `main` of scripts/reload.mjs: streams of its own, and an HTTP server on the shared port that keeps connections.
import { createServer } from 'node:http';
import streamMain from '../test/cluster/programs/stream-main.mjs';

export default (system) => {
  streamMain(system);
  const server = createServer(async (request, response) => {
    const key = new URL(request.url, 'http://localhost').searchParams.get('key');
    try {
      const count = await system.ask(`counter/${key}`, { type: 'visit' });
      response.end(JSON.stringify({ pid: process.pid, version: 1, count }));
    } catch (error) {
      response.statusCode = 500;
      response.end(`${error.code} ${error.fate} ${error.message}`);
    }
  });
  return new Promise((resolve, reject) =>
    server.on('error', reject).listen(Number(process.env.TEST_PORT), '127.0.0.1', resolve),
  );
};

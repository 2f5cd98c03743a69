// `main` with an HTTP server that answers by itself: all workers share its port.
import { createServer } from 'node:http';

export default () => {
  const server = createServer((_request, response) => {
    response.setHeader('connection', 'close');
    response.end(String(process.pid));
  });
  return new Promise((resolve, reject) =>
    server.on('error', reject).listen(Number(process.env.TEST_PORT), '127.0.0.1', resolve),
  );
};

// `main` of a reload test: an HTTP server that says on each open connection that it closes, as soon as it does.
import { createServer } from 'node:http';

export default () => {
  const connections = new Set();
  const server = createServer((_request, response) => response.end('answered'));
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
  });
  // One that waits is closed by the end of the server, not by its own silence.
  server.keepAliveTimeout = 60_000;
  const close = server.close.bind(server);
  server.close = (whenClosed) => {
    close(whenClosed);
    for (const socket of connections) socket.write('CLOSING');
    return server;
  };
  return new Promise((resolve, reject) =>
    server.on('error', reject).listen(Number(process.env.TEST_PORT), '127.0.0.1', resolve),
  );
};

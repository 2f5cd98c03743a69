// What PM2's cluster mode does: the program itself is a worker of node:cluster.
import cluster from 'node:cluster';
import { createSystem } from 'troupe';
import { outcomeOf } from '../actors/_outcome.mjs';

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => process.send(message));
  worker.on('exit', () => process.exit(0));
} else {
  const outcome = await outcomeOf(createSystem({ actors: new URL('../actors/', import.meta.url), workers: 1 }));
  process.send(outcome, () => process.disconnect());
}

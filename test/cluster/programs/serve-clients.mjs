// A system that clients reach at the address that is given, until it is killed.
import { createSystem } from 'troupe';

const actors = new URL('../actors/', import.meta.url);
await createSystem({ actors, workers: 1, log: 'silent', listen: [{ url: process.argv[2] }] });
process.send('ready');

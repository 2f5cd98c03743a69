// A system that clients reach at the address that is given, until it is killed; more options as JSON.
import { createSystem } from 'troupe';

const actors = new URL('../actors/', import.meta.url);
const [url, more = '{}'] = process.argv.slice(2);
await createSystem({ actors, workers: 1, log: 'silent', listen: [{ url }], ...JSON.parse(more) });
process.send('ready');

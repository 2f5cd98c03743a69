// A system in a process of its own whose master has the gateway, so that a test can kill both at once.
import { createSystem } from 'troupe';
import main from './rabbit-main.mjs';

const options = JSON.parse(process.argv[2]);
const system = await createSystem({ log: 'silent', ...options });
await main(system);
process.send({ value: 'started' });

// A system that is looked at over HTTP: `node healthy.mjs PORT DATA_DIR`. One turn of it lasts until DATA_DIR/go is there.
import { createSystem } from 'troupe';

const [, , port, dataDir] = process.argv;
const system = await createSystem({
  ...{ actors: new URL('../healthy-actors/', import.meta.url), workers: 2, dataDir, log: 'silent' },
  metrics: { port: Number(port) },
  shutdownMs: 60_000,
});
console.log('started');
await system.subscribe('said', ({ text }) => console.log(text));
system.tell('slow/one', { type: 'work', until: `${dataDir}/go` });

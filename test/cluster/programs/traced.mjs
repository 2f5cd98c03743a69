// A system of three workers that is traced: `node --import ./trace-sdk.mjs traced.mjs DATA_DIR`. Calls come in as lines of JSON.
import { createInterface } from 'node:readline';
import { trace } from '@opentelemetry/api';
import { createSystem } from 'troupe';

const [, , dataDir] = process.argv;
const supervision = { intensity: 100, backoff: { initialMs: 20, maxMs: 50, factor: 1, jitter: 0 } };
const system = await createSystem({
  ...{
    actors: new URL('../traced-actors/', import.meta.url),
    workers: 3,
    dataDir,
    supervision,
    log: 'silent',
    trace: true,
  },
});
await system.subscribe('noted', (message) => console.log(JSON.stringify({ noted: message.name, by: message.by })));
const tracer = trace.getTracer('the test');
const say = (line) => console.log(JSON.stringify(line));
const calls = {
  where: async (id) => (await system.where(id)).worker,
  subscribe: async (topic, id) => void (await system.subscribe(topic, id)),
  move: (id, worker) => system.move(id, worker),
  kill: async (worker) => void process.kill(system.workers().find(({ index }) => index === worker).pid, 'SIGKILL'),
  // Each in a trace of its own, whose id is the answer.
  ask: (id, message) =>
    rooted((span) =>
      system.ask(id, message, { timeoutMs: 30_000 }).then(
        () => span,
        (error) => ({ ...span, code: error.code }),
      ),
    ),
  tell: (id, message) =>
    rooted(async (span) => {
      system.tell(id, message);
      return span;
    }),
  untraced: async (id, message) => void (await system.ask(id, message)),
};
function rooted(work) {
  return tracer.startActiveSpan('root', async (span) => {
    const { traceId, spanId } = span.spanContext();
    return work({ traceId, spanId }).finally(() => span.end());
  });
}
say({ started: true });
for await (const line of createInterface({ input: process.stdin })) {
  const { number, call, args } = JSON.parse(line);
  calls[call](...args).then(
    (value) => say({ number, value }),
    (error) => say({ number, error: String(error) }),
  );
}
await system.shutdown();

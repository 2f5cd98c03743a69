// A program that uses node:cluster itself, beside a system: workers of its own, and messages of its own on every channel.
import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { createSystem } from 'troupe';

const ODD = [
  ...[null, 7, 'ready', [], {}, { type: 7 }, { type: 'nonsense' }, { cmd: 'stats' }, { 'troupe:control': null }],
  ...['hello', 'listening', 'linked', 'ready', 'load-failed', 'main-failed', 'heartbeat', 'installed', 'refused'],
  ...['prepared', 'answer', 'spawned', 'ended', 'listen', 'event', 'request'],
  ...['boot', 'welcome', 'peer', 'table', 'hold', 'unhold', 'prepare', 'go', 'workers', 'reply', 'query', 'exit'],
].map((one) => (typeof one === 'string' ? { type: one, job: 7 } : one));

if (cluster.isWorker && !process.env.TROUPE_WORKER) {
  process.send({ own: process.argv[1] });
} else {
  // Root alone may give its workers to another user.
  const nobody = process.getuid() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  cluster.setupPrimary({ args: ['own'], silent: true, ...nobody });
  const before = cluster.settings;
  const heard = [];
  cluster.on('message', (_, message) => {
    if (message?.own || !message?.['troupe:control']) heard.push(message);
  });
  const system = await createSystem({
    ...{ actors: new URL('../actors/', import.meta.url), workers: 2, log: 'silent' },
    main: new URL('./odd-main.mjs', import.meta.url),
  });
  const pids = system.workers().map(({ pid }) => pid);
  const echoes = [];
  await system.subscribe('echo', ({ message }) => echoes.push(message));
  for (const worker of Object.values(cluster.workers)) for (const one of ODD) worker.send(one);
  system.publish('say', { type: 'say', messages: ODD });
  const until = async (check) => {
    for (let n = 0; n < 500 && !check(); n++) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  await until(() => heard.length === 2 * ODD.length && echoes.length === 2 * ODD.length);
  const isKept = cluster.settings.uid === nobody.uid;
  cluster.setupPrimary({ uid: undefined, gid: undefined });
  const own = cluster.fork();
  await until(() => heard.some((message) => message?.own));
  const said = heard.find((message) => message?.own);
  own.kill();
  process.send({
    pids: system.workers().map(({ pid, state }) => (state === 'ready' && pids.includes(pid) ? 'same' : state)),
    answer: await system.ask('counter/a', { type: 'get' }),
    fromWorkers: heard.filter((message) => !message?.own).length,
    toWorkers: echoes.length,
    odd: ODD.length,
    own: said?.own === fileURLToPath(import.meta.url),
    settings: isKept && cluster.settings.silent === before.silent && cluster.settings.args.join() === 'own',
  });
  await system.shutdown();
  process.disconnect();
}

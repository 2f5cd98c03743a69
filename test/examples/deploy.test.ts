/** What examples/deploy says to systemd, Docker and Kubernetes, as far as it can be tried without them: most of it for real. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { canRun, PID_NAMESPACE } from '../cluster/ground.ts';
import { childrenOf, isAlive, sleep, until } from '../cluster/harness.ts';
import { WebClients } from '../cluster/web-clients.ts';
import { freePort } from '../free-port.ts';
import { installed } from './install.ts';
import { ROOT } from './pages.ts';

const EXAMPLE = join(ROOT, 'examples/deploy');
const textOf = (file: string): string => readFileSync(join(EXAMPLE, file), 'utf8');

const folders: string[] = [];
const running: ChildProcess[] = [];

afterEach(() => {
  for (const { pid = 0, exitCode } of running.splice(0))
    for (const one of [
      ...childrenOf(pid).flatMap((child) => [...childrenOf(child), child]),
      ...(exitCode === null ? [pid] : []),
    ])
      if (isAlive(one)) process.kill(one, 'SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'd-'));
  folders.push(folder);
  return folder;
}

function run(command: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const [program, ...args] = command as [string, ...string[]];
  const child = spawn(program, args, { cwd: EXAMPLE, env: { ...process.env, WORKERS: '2', ...env }, stdio: 'ignore' });
  running.push(child);
  return child;
}

async function codeOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null) await once(child, 'exit');
  return child.exitCode;
}

async function untilReady(port: number): Promise<void> {
  const isReady = async (): Promise<boolean> =>
    (await fetch(`http://127.0.0.1:${port}/ready`).catch(() => undefined))?.ok === true;
  await until('it is ready', isReady, 30_000);
}

describe('systemd', () => {
  const HAS_ANALYZE = canRun('systemd-analyze', ['systemd-analyze', '--version']);
  const HAS_NOTIFY = canRun('systemd-notify, and perl to read what it writes', [
    'sh',
    '-c',
    'systemd-notify --version && perl -v',
  ]);
  const HAS_ACTIVATE = canRun('systemd-socket-activate', ['systemd-socket-activate', '--version']);

  test.skipIf(!HAS_ANALYZE)('has nothing to say against the units', () => {
    const folder = newFolder();
    const paths = ['app.service', 'app.socket'].map((file) => {
      writeFileSync(join(folder, file), textOf(file).replace('/usr/bin/node', process.execPath));
      return join(folder, file);
    });
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', ...paths], { encoding: 'utf8' });
    expect([status, stdout, stderr]).toEqual([0, '', '']);
  });

  /** A datagram socket, which Node.js has none of: each datagram becomes a line. */
  const RECEIVER = `use Socket; use IO::Handle; STDOUT->autoflush(1);
    socket(my $s, PF_UNIX, SOCK_DGRAM, 0); bind($s, pack_sockaddr_un($ARGV[0])) or die $!; print "bound\\n";
    while (defined(recv($s, my $text, 4096, 0))) { $text =~ s/\\n/ /g; print "$text\\n"; }`;

  test.skipIf(!HAS_NOTIFY)(
    'is told when it is ready, that it lives, not while it hangs, and that it stops',
    async () => {
      const folder = newFolder();
      const socket = join(folder, 'notify');
      const receiver = spawn('perl', ['-e', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
      running.push(receiver);
      let told = '';
      receiver.stdout.on('data', (text) => (told += text));
      const heard = (what: string): number => told.split('\n').filter((line) => line.includes(what)).length;
      await until('it listens', () => told.startsWith('bound'));
      const port = await freePort();
      const env = {
        NOTIFY_SOCKET: socket,
        WATCHDOG_USEC: '600000',
        PORT: String(port),
        DATA_DIR: join(folder, 'data'),
      };
      const app = run([process.execPath, 'app.mjs'], env);
      await until('it is ready', () => heard('READY=1') > 0, 30_000);
      expect((await fetch(`http://127.0.0.1:${port}/ready`)).status).toBe(200);
      expect(told).toContain('STATUS=2 of 2 workers');
      await until('it lives', () => heard('WATCHDOG=1') > 2);
      process.kill(app.pid as number, 'SIGSTOP');
      await sleep(200);
      const before = heard('WATCHDOG=1');
      await sleep(1_000);
      expect(heard('WATCHDOG=1')).toBe(before);
      process.kill(app.pid as number, 'SIGCONT');
      await until('it lives again', () => heard('WATCHDOG=1') > before);
      app.kill('SIGTERM');
      expect(await codeOf(app)).toBe(0);
      await until('it was told', () => heard('STOPPING=1') === 1);
    },
  );

  test.skipIf(!HAS_ACTIVATE)('keeps the port open over restarts: nothing refused, nothing lost', async () => {
    const port = await freePort();
    const own = { DATA_DIR: join(newFolder(), 'data'), WORKERS: '2', NODE_ENV: 'production' };
    const [policy] = /NODE_CLUSTER_SCHED_POLICY=\w+/.exec(textOf('app.service')) as RegExpExecArray;
    const set = [policy, ...Object.entries(own).map(([name, value]) => `${name}=${value}`)].map(
      (each) => `--setenv=${each}`,
    );
    // The shell is given the socket, and keeps it while one program follows another, as systemd does.
    const once = `"${process.execPath}" app.mjs`;
    const shell = run([
      'systemd-socket-activate',
      `--listen=127.0.0.1:${port}`,
      ...set,
      'sh',
      '-c',
      `${once}; ${once}; ${once}; exit $?`,
    ]);
    await sleep(500);
    await untilReady(port);
    const web = new WebClients(port);
    web.start(2, false);
    web.start(2, true);
    for (let restart = 0; restart < 2; restart++) {
      await sleep(1_000);
      const [app] = childrenOf(shell.pid as number) as [number];
      const pids = new Set(web.count.pids);
      process.kill(app, 'SIGTERM');
      await until('others answer', () => [...web.count.pids].some((pid) => !pids.has(pid)), 30_000);
    }
    const { answers, faults, counts, pids } = await web.stop();
    console.log(
      `${answers} answers of ${pids.size} processes over two restarts, refused and lost: ${JSON.stringify(faults)}`,
    );
    expect(faults).toEqual({});
    for (const [key, seen] of counts) expect(seen, key).toEqual(seen.map((_, n) => n + 1));
    process.kill((childrenOf(shell.pid as number) as [number])[0], 'SIGTERM');
    expect(await codeOf(shell)).toBe(0);
  });
});

describe.skipIf(!canRun('a pid namespace', PID_NAMESPACE, 'true'))('Docker', () => {
  const HAS_INIT = canRun('tini, the init of the image', ['tini', '--version']);

  test('what the image runs is process 1, is ready and alive for its probes, and ends with 0', async () => {
    const text = textOf('Dockerfile');
    const listOf = (word: string): string[] =>
      JSON.parse(new RegExp(`^${word} (\\[.*\\])$`, 'm').exec(text)?.[1] ?? '[]');
    const [signal] = /(?<=^STOPSIGNAL )\w+/m.exec(text) as unknown as [NodeJS.Signals];
    const command = [
      ...(HAS_INIT ? listOf('ENTRYPOINT') : []),
      ...listOf('CMD').map((each) => each.replace(/^node$/, process.execPath)),
    ];
    expect(command.at(-1)).toBe('app.mjs');
    const port = await freePort();
    const child = run([...PID_NAMESPACE, ...command], { PORT: String(port), DATA_DIR: join(newFolder(), 'data') });
    await untilReady(port);
    expect(await (await fetch(`http://127.0.0.1:${port}/ready`)).json()).toEqual({ workers: 2 });
    expect((await fetch(`http://127.0.0.1:${port}/live`)).status).toBe(200);
    process.kill((childrenOf(child.pid as number) as [number])[0], signal);
    expect(await codeOf(child)).toBe(0);
  });
});

interface Model {
  validate(): void;
}
type Document = Record<string, unknown> & { apiVersion: string; kind: string };

const packages = installed('kubernetes', 'the schemas of Kubernetes', 'TROUPE_KUBERNETES');

describe.skipIf(packages === undefined)('Kubernetes', () => {
  const load = createRequire(join(packages ?? ROOT, 'any.js'));

  function documents(): Document[] {
    const { parseAllDocuments } = load('yaml') as { parseAllDocuments(text: string): { toJS(): Document }[] };
    return parseAllDocuments(textOf('kubernetes.yaml')).map((one) => one.toJS());
  }

  async function faultsOf(document: Document): Promise<string[]> {
    const path = join(packages as string, 'kubernetes-models', document.apiVersion, `${document.kind}.js`);
    const models = (await import(path)) as Record<string, new (data: unknown) => Model>;
    const faultOf = (data: unknown): string | undefined => {
      try {
        new (models[document.kind] as new (data: unknown) => Model)(data).validate();
        return undefined;
      } catch (error) {
        return (error as Error).message;
      }
    };
    const fault = faultOf(document);
    if (fault !== undefined) return [fault];
    // A field that may have any value at all is one that the schema does not know.
    return pathsOf(document)
      .filter((each) => faultOf(replaced(document, each)) === undefined)
      .map((each) => each.join('.'));
  }

  test('the manifest is as its schemas say, without a field that they do not know', async () => {
    expect(documents().map(({ kind }) => kind)).toEqual(['Deployment', 'PersistentVolumeClaim', 'Service']);
    for (const document of documents()) expect(await faultsOf(document), document.kind).toEqual([]);
    const [deployment] = documents() as [Document];
    expect(await faultsOf({ ...deployment, spek: 1 })).toEqual(['spek']);
  });

  test('the probes ask what the program serves', async () => {
    const [{ spec }] = documents() as unknown as [{ spec: { template: { spec: PodSpec } } }];
    const [{ ports, startupProbe, readinessProbe, livenessProbe }] = spec.template.spec.containers;
    expect(ports.map(({ name }) => name)).toEqual(['http', 'health']);
    const [port, metricsPort] = [await freePort(), await freePort()];
    const own = {
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
      WORKERS: '1',
      DATA_DIR: join(newFolder(), 'data'),
    };
    const child = run([process.execPath, 'app.mjs'], own);
    for (const { httpGet } of [startupProbe, readinessProbe, livenessProbe]) {
      expect(httpGet.port).toBe('health');
      const url = `http://127.0.0.1:${metricsPort}${httpGet.path}`;
      await expect.poll(async () => (await fetch(url).catch(() => undefined))?.status, { timeout: 50_000 }).toBe(200);
    }
    child.kill('SIGTERM');
    expect(await codeOf(child)).toBe(0);
  });

  test('the time to stop is longer than preStop and the drain', () => {
    const [{ spec }] = documents() as unknown as [{ spec: { template: { spec: PodSpec } } }];
    const pod = spec.template.spec;
    const [, seconds] = pod.containers[0].lifecycle.preStop.exec.command;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(Number(seconds) + 10 + 5);
  });
});

interface PodSpec {
  terminationGracePeriodSeconds: number;
  containers: [
    Record<'startupProbe' | 'readinessProbe' | 'livenessProbe', { httpGet: { path: string; port: string } }> & {
      ports: { name: string }[];
    } & { lifecycle: { preStop: { exec: { command: string[] } } } },
  ];
}

/** Of every field, at any depth. */
function pathsOf(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const own = [...path, name];
    return [...(Array.isArray(value) ? [] : [own]), ...pathsOf(inner, own)];
  });
}

/** A copy with a value there that is of no type of JSON. */
function replaced(document: Document, path: string[]): Document {
  const copy = structuredClone(document);
  let at = copy as Record<string, unknown>;
  for (const name of path.slice(0, -1)) at = at[name] as Record<string, unknown>;
  at[path.at(-1) as string] = () => {};
  return copy;
}

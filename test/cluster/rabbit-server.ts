/**
 * A RabbitMQ server of the tests' own: Debian's, started here with its own name, ports, data and port mapper, and ended by its pid. Where it is not
 * installed, root installs it by apt.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectSocket, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const BIN = '/usr/lib/rabbitmq/bin';
const POLICY = '/usr/sbin/policy-rc.d';
/** For apt, which may be slow. */
const INSTALL_MS_MAX = 300_000;
const START_MS_MAX = 150_000;
const STOP_MS_MAX = 15_000;

/** Undefined where there is a server; else why there is none. Installs it where it can. */
export function lackOfRabbit(): string | undefined {
  if (isInstalled()) return undefined;
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !existsSync('/usr/bin/apt-get'))
    return 'no rabbitmq-server is installed, and only root can install it by apt';
  installRabbit();
  return isInstalled() ? undefined : 'rabbitmq-server could not be installed by apt';
}

function isInstalled(): boolean {
  return existsSync(`${BIN}/rabbitmq-server`);
}

/** A package that is installed starts no service: ours is started by itself. */
function installRabbit(): void {
  const hasPolicy = existsSync(POLICY);
  if (!hasPolicy) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, timeout: INSTALL_MS_MAX, stdio: 'ignore' } as const;
  try {
    spawnSync('apt-get', ['update'], options);
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'rabbitmq-server'], options);
  } finally {
    if (!hasPolicy) rmSync(POLICY, { force: true });
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export class RabbitServer {
  #folder = '';
  #ports: number[] = [];
  #mapper: ChildProcess | undefined;
  #server: ChildProcess | undefined;

  get port(): number {
    return this.#ports[0] as number;
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    if (this.#ports.length === 0) {
      this.#folder = mkdtempSync(join(tmpdir(), 'troupe-rabbit-'));
      this.#ports = await freePorts(3);
    }
    mkdirSync(join(this.#folder, 'db'), { recursive: true });
    writeFileSync(
      join(this.#folder, 'rabbitmq.conf'),
      'disk_free_limit.absolute = 1MB\nlog.file.level = warning\nlog.console = false\ncollect_statistics = none\n',
    );
    // Ours, in the foreground: a daemon that the server started would stay behind.
    if (!this.#mapper)
      this.#mapper = spawn('epmd', ['-port', String(this.#ports[2]), '-address', '127.0.0.1'], { stdio: 'ignore' });
    const server = spawn(`${BIN}/rabbitmq-server`, [], { env: this.#env, stdio: 'ignore' });
    this.#server = server;
    const until = Date.now() + START_MS_MAX;
    while (!(await greets(this.port))) {
      if (server.exitCode !== null || Date.now() > until)
        throw new Error(`rabbitmq-server did not start; its log is in ${this.#folder}/log`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** At once, as at a power failure, or in good order. */
  async stop(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    server.kill(signal);
    const late = setTimeout(() => server.kill('SIGKILL'), STOP_MS_MAX);
    await once(server, 'exit');
    clearTimeout(late);
  }

  async end(): Promise<void> {
    await this.stop();
    const mapper = this.#mapper;
    this.#mapper = undefined;
    if (mapper && mapper.exitCode === null) {
      mapper.kill('SIGKILL');
      await once(mapper, 'exit');
    }
    if (this.#folder !== '') rmSync(this.#folder, { recursive: true, force: true });
  }

  /** `rabbitmqctl …`; it takes a second or two. */
  async control(...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(`${BIN}/rabbitmqctl`, args, { env: this.#env, timeout: 30_000 });
    return stdout;
  }

  get #env(): NodeJS.ProcessEnv {
    const [port, distribution, mapper] = this.#ports.map(String);
    const folder = this.#folder;
    return {
      PATH: process.env.PATH,
      HOME: folder,
      LANG: 'C.UTF-8',
      // The virtual machine in the place of the script that starts it: its pid is the one that is known here.
      RUNNING_UNDER_SYSTEMD: 'true',
      RABBITMQ_NODENAME: `troupe-${port}@localhost`,
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: port,
      RABBITMQ_DIST_PORT: distribution,
      ERL_EPMD_PORT: mapper,
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_MNESIA_BASE: join(folder, 'db'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+sbwt none',
    };
  }
}

/** Whether an AMQP server answers there: it takes connections before it can speak. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, '127.0.0.1', () => socket.write('AMQP\0\0\u0009\u0001'));
    const end = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.on('error', () => end(false));
    socket.on('close', () => resolve(false));
    socket.on('data', (bytes) => end(bytes[0] === 1));
  });
}

/** Between a client and the server: its connections can be cut, and held up. */
export class BrokerProxy {
  readonly #server: Server;
  readonly #pairs = new Set<[Socket, Socket]>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(port: number): Promise<BrokerProxy> {
    const server = createServer();
    const proxy = new BrokerProxy(server);
    server.on('connection', (near) => {
      const far = connectSocket(port, '127.0.0.1');
      const pair: [Socket, Socket] = [near, far];
      proxy.#pairs.add(pair);
      for (const socket of pair) socket.on('error', () => {});
      near.pipe(far);
      far.pipe(near);
      for (const socket of pair)
        socket.on('close', () => {
          for (const each of pair) each.destroy();
          proxy.#pairs.delete(pair);
        });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** From now on nothing of what clients say is passed on, acknowledgements say; what the server says is. */
  hold(): void {
    for (const [near, far] of this.#pairs) {
      near.unpipe(far);
      near.resume();
    }
  }

  cut(): void {
    for (const [near, far] of this.#pairs) {
      near.destroy();
      far.destroy();
    }
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

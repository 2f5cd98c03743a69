/** Clients that ask again and again over HTTP, on new connections and on kept ones, and count what becomes of it. */
import { Agent, request } from 'node:http';

/** Of each client after an answer: what they load is to be busy, and to have time for what is tested as well. */
const PAUSE_MS = 8;

export interface WebCount {
  answers: number;
  /** Answers by the version of the code that gave them. */
  versions: Record<number, number>;
  /** Processes that answered. */
  pids: Set<number>;
  /** Everything but an answer: code of the error, or status. */
  faults: Record<string, number>;
  /** A kept connection that its server ended as the request went out: HTTP lets clients send it again, and they do. */
  sentAgain: number;
  /** Counts of each key, as answered: each one more than the last. */
  counts: Map<string, number[]>;
}

type Answer = { version: number; count: number; pid: number };

export class WebClients {
  readonly count: WebCount = { answers: 0, versions: {}, pids: new Set(), faults: {}, sentAgain: 0, counts: new Map() };
  readonly #port: number;
  readonly #agents: Agent[] = [];
  readonly #running: Promise<void>[] = [];
  #isOver = false;

  constructor(port: number) {
    this.#port = port;
  }

  /** `count` clients of one kind; each has an actor of its own. */
  start(count: number, keepAlive: boolean): void {
    for (let n = 0; n < count; n++) {
      const agent = new Agent({ keepAlive, maxSockets: 1 });
      this.#agents.push(agent);
      this.#running.push(this.#run(`${keepAlive ? 'kept' : 'new'}-${n}`, agent));
    }
  }

  async stop(): Promise<WebCount> {
    this.#isOver = true;
    await Promise.all(this.#running);
    for (const agent of this.#agents) agent.destroy();
    return this.count;
  }

  async #run(key: string, agent: Agent): Promise<void> {
    const seen: number[] = [];
    this.count.counts.set(key, seen);
    while (!this.#isOver) {
      const answer = await this.#ask(key, agent);
      if (typeof answer === 'string') {
        this.count.faults[answer] = (this.count.faults[answer] ?? 0) + 1;
        continue;
      }
      this.count.answers++;
      this.count.pids.add(answer.pid);
      this.count.versions[answer.version] = (this.count.versions[answer.version] ?? 0) + 1;
      seen.push(answer.count);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  #ask(key: string, agent: Agent): Promise<Answer | string> {
    return new Promise((resolve) => {
      const asking = request({ port: this.#port, host: '127.0.0.1', path: `/?key=${key}`, agent }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => (text += chunk));
        response.on('error', (error) => resolve(`broken answer ${(error as NodeJS.ErrnoException).code}`));
        response.on('end', () =>
          resolve(response.statusCode === 200 ? JSON.parse(text) : `${response.statusCode} ${text}`),
        );
      });
      asking.on('error', (error) => {
        const { code } = error as NodeJS.ErrnoException;
        if (!asking.reusedSocket || code !== 'ECONNRESET') return resolve(`${code}`);
        this.count.sentAgain++;
        resolve(this.#ask(key, agent));
      });
      asking.end();
    });
  }
}

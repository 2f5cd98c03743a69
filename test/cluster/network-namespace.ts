/** A network of its own for a process of a test, joined with this one by a cable that can be pulled. Linux, as root, with `ip`. */
import { execFileSync } from 'node:child_process';

const PREFIX_LENGTH = 30;

export class NetworkNamespace {
  readonly name: string;
  /** Of this end, as seen from inside. */
  readonly address: string;
  readonly #cable: string;

  private constructor(number: number) {
    this.name = `troupe-test-${process.pid}-${number}`;
    this.#cable = `tt${process.pid}.${number}`.slice(0, 15);
    const net = `10.231.${process.pid % 200}`;
    this.address = `${net}.${number * 4 + 1}`;
    const inside = `${net}.${number * 4 + 2}/${PREFIX_LENGTH}`;
    ip('netns', 'add', this.name);
    ip('link', 'add', this.#cable, 'type', 'veth', 'peer', 'name', 'inside', 'netns', this.name);
    ip('addr', 'add', `${this.address}/${PREFIX_LENGTH}`, 'dev', this.#cable);
    ip('link', 'set', this.#cable, 'up');
    ip('-n', this.name, 'addr', 'add', inside, 'dev', 'inside');
    ip('-n', this.name, 'link', 'set', 'inside', 'up');
  }

  /** Undefined, and why in a sentence on the console, where there is none to be had. */
  static make(number: number): NetworkNamespace | undefined {
    try {
      return new NetworkNamespace(number);
    } catch (error) {
      const sentence = `the tests over another network cannot run: ${(error as Error).message.split('\n')[0]}`;
      if (process.env.TROUPE_NETNS === 'required') throw new Error(sentence);
      console.warn(sentence);
      return undefined;
    }
  }

  /** The command that runs another one inside. */
  get within(): string[] {
    return ['ip', 'netns', 'exec', this.name];
  }

  pull(): void {
    ip('link', 'set', this.#cable, 'down');
  }

  plug(): void {
    ip('link', 'set', this.#cable, 'up');
  }

  remove(): void {
    ip('netns', 'del', this.name);
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' });
}

/** A terminal that is taken for a while, with its keys, and given back as it was, however the program ends. */

const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const CLEARED = '\x1b[H\x1b[J';
const INTERRUPT = '\x03';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export class Terminal {
  readonly #keys: (key: string) => void;
  readonly #ended: () => void;
  #isTaken = false;

  /** `ended`: by Ctrl-C or a signal. */
  constructor(keys: (key: string) => void, ended: () => void) {
    this.#keys = keys;
    this.#ended = ended;
  }

  /** Both ends of it are a terminal. */
  static get isThere(): boolean {
    return process.stdin.isTTY === true && process.stdout.isTTY === true;
  }

  take(): void {
    this.#isTaken = true;
    process.stdout.write(ENTER);
    process.stdin.setRawMode(true);
    process.stdin.on('data', this.#heard);
    for (const signal of SIGNALS) process.on(signal, this.#ended);
    // Also where an error ends the program.
    process.on('exit', this.#giveBack);
  }

  give(): void {
    this.#giveBack();
    process.stdin.off('data', this.#heard);
    process.stdin.pause();
    for (const signal of SIGNALS) process.off(signal, this.#ended);
    process.off('exit', this.#giveBack);
  }

  /** As many lines as it has, each as wide as it is. */
  draw(text: string): void {
    // One that does not know its size says 0.
    const columns = process.stdout.columns || 80;
    const rows = process.stdout.rows || 24;
    const lines = text.split('\n').slice(0, rows - 1);
    process.stdout.write(`${CLEARED}${lines.map((line) => line.slice(0, columns)).join('\r\n')}`);
  }

  readonly #heard = (data: Buffer): void => {
    for (const key of data.toString()) {
      if (key === INTERRUPT) this.#ended();
      else this.#keys(key);
    }
  };

  readonly #giveBack = (): void => {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    process.stdin.setRawMode(false);
    process.stdout.write(LEAVE);
  };
}

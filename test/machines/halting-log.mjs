// A logger by which a machine of a test stops itself, as SIGSTOP does, at a step of a hand-over: just then, before anything else happens.
export class HaltingLog {
  #armed;

  /** The next hand-over that comes to that step halts the master. */
  arm(step) {
    this.#armed = step;
  }

  debug({ step }) {
    if (step === undefined || step !== this.#armed) return;
    this.#armed = undefined;
    process.kill(process.pid, 'SIGSTOP');
  }

  info() {}

  warn(fields, text) {
    console.log(JSON.stringify({ ...fields, text }));
  }

  error(fields, text) {
    console.log(JSON.stringify({ ...fields, err: fields.err?.stack, text }));
  }

  child() {
    return this;
  }
}

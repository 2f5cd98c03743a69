/**
 * The load of one process: transfers between durable ledgers, each repeated until it is known to be carried out; asks and tells of volatile
 * tallies. What it notices itself, and what the judge has to compare later, it says as plain data.
 */
import { performance } from 'node:perf_hooks';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const ASK_MS = 5_000;
/** Looks of 100 ms in which an ask has to have settled, beyond its own time: looks do not go on while the process is stopped. */
const LATE_LOOKS = 25;

export class Driver {
  acked = 0;
  faults = {};
  isOver = false;
  #attempts = 0;
  #looks = 0;
  #running = [];
  #timer;

  /** `known`: `loop/ledger` → the last order that an earlier process of this name is known to have had carried out. */
  constructor({ system, name, start, ledgers, tallies, known = {}, loops = 2, pauseMs = 40, say }) {
    Object.assign(this, { system, name, start, ledgers, tallies, loops, pauseMs, say });
    this.known = new Map(Object.entries(known));
    /** Orders of this process, which nobody else can have carried out. */
    this.own = new Set();
    this.isPutBack = false;
  }

  begin() {
    this.#timer = setInterval(() => this.#looks++, 100);
    for (let loop = 0; loop < this.loops; loop++) this.#running.push(this.#transfers(loop));
    this.#running.push(this.#adds(), this.#notes());
  }

  async end() {
    this.isOver = true;
    await Promise.all(this.#running);
    clearInterval(this.#timer);
  }

  /** The database has been put back to a backup: what was acknowledged may be undone, once for each ledger. */
  putBack() {
    this.own.clear();
    this.isPutBack = true;
  }

  async #transfers(loop) {
    const driver = `${this.name}.${loop}`;
    while (!this.isOver) {
      const ledger = pick(this.ledgers);
      const key = `${driver}/${ledger}`;
      await this.#transfer(driver, ledger, key);
      await sleep(this.pauseMs * (0.5 + Math.random()));
    }
  }

  async #transfer(driver, ledger, key) {
    const to = pick(this.ledgers);
    const n = (this.known.get(key) ?? 0) + 1;
    const fates = new Map();
    for (;;) {
      const attempt = `${this.start}.${++this.#attempts}`;
      const deadline = Date.now() + ASK_MS;
      const message = { type: 'transfer', driver, n, attempt, to, amount: 1 + (n % 7), deadline };
      const { value, error } = await this.#ask(ledger, message);
      if (error) {
        fates.set(attempt, error);
        if (this.isOver && fates.size > 3) return;
        await sleep(20 + Math.random() * 80);
        continue;
      }
      const told = fates.get(value.by);
      if (told?.fate === 'not-executed')
        this.#breach(`${key} ${n}: an attempt that was "not-executed" carried it out: ${told.code} ${told.message}`);
      const mayDiffer = !this.own.has(key);
      if (value.n !== n) {
        if (value.n < n && !mayDiffer)
          this.#breach(`${key}: ${n - 1} was acknowledged and is not there, ${value.n} is`);
        if (value.n > n && !mayDiffer) this.#breach(`${key}: ${value.n} is there, and ${n} is the next`);
        if (value.n < n && mayDiffer && !this.isPutBack)
          this.#breach(`${key}: ${n - 1} was acknowledged to an earlier process and is not there, ${value.n} is`);
      }
      this.own.add(key);
      this.known.set(key, value.n);
      this.acked++;
      this.say({ ack: key, n: value.n, ledger, fence: value.fence });
      if (value.n >= n) return;
      return;
    }
  }

  async #adds() {
    while (!this.isOver) {
      const attempt = `${this.name}@${this.start}.a${++this.#attempts}`;
      const { error } = await this.#ask(pick(this.tallies), { type: 'add', attempt });
      this.say({ add: attempt, fate: error ? error.fate : 'replied' });
      await sleep(this.pauseMs * 4);
    }
  }

  async #notes() {
    const sent = Object.fromEntries(this.tallies.map((id) => [id, 0]));
    const from = `${this.name}@${this.start}`;
    while (!this.isOver) {
      for (const id of this.tallies) {
        try {
          this.system.tell(id, { type: 'note', from, n: ++sent[id] });
        } catch (error) {
          this.#count(error);
        }
      }
      try {
        this.system.tell(pick(this.tallies), { type: 'spread', to: this.tallies });
      } catch (error) {
        this.#count(error);
      }
      await sleep(this.pauseMs * 4);
    }
  }

  async #ask(id, message) {
    const { name } = this;
    const begun = this.#looks;
    const asked = performance.now();
    let isSettled = false;
    const watch = setInterval(() => {
      if (isSettled || this.#looks - begun < ASK_MS / 100 + LATE_LOOKS) return;
      this.#breach(`${name}: an ask of ${id} has not settled after ${Math.round(performance.now() - asked)} ms`);
      clearInterval(watch);
    }, 500);
    try {
      return { value: await this.system.ask(id, message, { timeoutMs: ASK_MS }) };
    } catch (error) {
      if (error.fate !== 'not-executed' && error.fate !== 'unknown')
        this.#breach(`${name}: an ask of ${id} ended without a fate: ${error.code} ${error.message}`);
      this.#count(error);
      return { error };
    } finally {
      isSettled = true;
      clearInterval(watch);
    }
  }

  #count({ code, fate }) {
    const key = `${code} ${fate}`;
    this.faults[key] = (this.faults[key] ?? 0) + 1;
  }

  #breach(text) {
    this.say({ breach: `${new Date().toISOString()} ${text}` });
  }
}

function pick(list) {
  return list[Math.floor(Math.random() * list.length)];
}

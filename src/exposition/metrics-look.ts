/** The metrics of a system, looked at for many scrapers at once: every process is asked, so that one look serves those who come meanwhile, and shortly after. */
import type { System } from '../system/system.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { MetricsText } from './metrics-text.ts';
import { systemMetricsText } from './system-metrics-text.ts';

/** Milliseconds that a look holds. */
export const METRICS_LOOK_MS = 200;

export class MetricsLook {
  readonly #system: System;
  readonly #clock: Clock;
  readonly #version: string;
  #last: { at: number; text: Promise<MetricsText> } | undefined;
  #isSuspended = false;
  #suspensions = 0;

  constructor(system: System, clock: Clock, version: string) {
    this.#system = system;
    this.#clock = clock;
    this.#version = version;
    system.on('suspended', () => {
      this.#isSuspended = true;
      this.#suspensions++;
    });
    system.on('resumed', () => {
      this.#isSuspended = false;
    });
  }

  /** Rejects as `system.metrics()` does; the next call looks again. */
  text(): Promise<MetricsText> {
    const now = this.#clock.now();
    if (this.#last === undefined || now - this.#last.at >= METRICS_LOOK_MS)
      this.#last = { at: now, text: this.#look() };
    return this.#last.text;
  }

  async #look(): Promise<MetricsText> {
    const { name } = this.#system;
    try {
      const metrics = await this.#system.metrics();
      const seen = this.#system.machines();
      const machines = { seen, isSuspended: this.#isSuspended, suspensions: this.#suspensions };
      return systemMetricsText({ name, version: this.#version, metrics, workers: this.#system.workers(), machines });
    } catch (error) {
      this.#last = undefined;
      throw error;
    }
  }
}

/**
 * The lease of a machine, as its holder counts it. It begins when a renewal was *sent*, on the holder's own monotonic clock, and
 * counts only once the table of partitions was read after the renewal was made. Pure; all times are milliseconds of one clock.
 */

/** Default of `leaseMs`: so long may a machine serve after its last renewal. */
export const LEASE_MS = 15_000;
export const LEASE_MS_MIN = 300;
export const LEASE_MS_MAX = 600_000;

/** A time before all others: nothing has been sent yet. */
export const NEVER: number = -1e9;

/** From one renewal to the next. */
export function renewEveryMs(leaseMs: number): number {
  return leaseMs / 3;
}

/** From a renewal that failed to the next try. */
export function renewAgainMs(leaseMs: number): number {
  return leaseMs / 15;
}

/** How long before the end of its lease a machine stops to serve: for a timer that is late, and for clocks that run apart. */
export function marginMs(leaseMs: number): number {
  return leaseMs / 10;
}

/** So long must a lease be seen unchanged before its machine counts as lost. */
export function silenceMs(leaseMs: number): number {
  return leaseMs * 1.1;
}

export interface LeaseState {
  leaseMs: number;
  /** When the renewal was sent that is on its way, or was made last. */
  sentAt: number;
  nextAt: number;
  /** When the newest renewal was sent that counts; `NEVER`: none does. */
  confirmedAt: number;
  isBusy: boolean;
}

export function newLease(leaseMs: number): LeaseState {
  return { leaseMs, sentAt: NEVER, nextAt: NEVER, confirmedAt: NEVER, isBusy: false };
}

export class LeaseHolder {
  readonly state: LeaseState;

  constructor(state: LeaseState) {
    this.state = state;
  }

  /** A turn starts, and an output leaves, only before this time. */
  serveUntil(): number {
    return this.state.confirmedAt + this.state.leaseMs - marginMs(this.state.leaseMs);
  }

  isValid(now: number): boolean {
    return now < this.serveUntil();
  }

  isDue(now: number): boolean {
    return !this.state.isBusy && now >= this.state.nextAt;
  }

  sending(now: number): void {
    this.state.sentAt = now;
    this.state.isBusy = true;
  }

  /** The renewal is made. It counts from this time once the table has been read. */
  made(_now: number): number {
    this.state.isBusy = false;
    this.state.nextAt = this.state.sentAt + renewEveryMs(this.state.leaseMs);
    return this.state.sentAt;
  }

  /** It was not, or nobody knows: a renewal whose answer is unknown extends nothing. */
  failed(now: number): void {
    this.state.isBusy = false;
    this.state.nextAt = now + renewAgainMs(this.state.leaseMs);
  }

  confirmed(sentAt: number): void {
    this.state.confirmedAt = Math.max(this.state.confirmedAt, sentAt);
  }
}

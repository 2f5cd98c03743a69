/** A session: the memory that the system has of a client while it is not connected, so that nothing of it is handled twice. */
import type { Kernel } from '../actor/kernel.ts';
import { Sender } from '../actor/sender.ts';
import type { Rights } from './rights.ts';
import { SessionMail } from './session-mail.ts';

/** The part of a client that outlives its connection. */
export class Session {
  readonly rights: Rights;
  readonly mail: SessionMail;
  readonly sender: Sender;
  /** That of the process, but for the way of what is sent. */
  readonly kernel: Kernel;
  /** The one that stands; another one takes its place. */
  connection: { replace(): void } | undefined;
  /** On `Clock.now()`. */
  endedAt = 0;
  /** Why its last connection was cut. */
  cut: string | undefined;

  constructor(kernel: Kernel, rights: Rights, name: string) {
    this.rights = rights;
    this.mail = new SessionMail(kernel, name);
    this.kernel = Object.create(kernel, { router: { value: this.mail } }) as Kernel;
    this.sender = new Sender(this.kernel, undefined);
  }

  /** The highest number that the system has taken over, with all before it. */
  get accepted(): number {
    return this.mail.accepted;
  }
}

/** The credentials of one machine: a key of its own that never leaves it, and a certificate with its id, renewed for as long as it runs. */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { Buffer } from 'node:buffer';
import type { MachineId } from '../machines/machine-row.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { inspect } from '../plain-data/inspect.ts';
import { type Authority, BACKDATED_MS, pemOf, signerOf } from './authority.ts';
import { issuerOf, nameOf, signedCertificate } from './certificate.ts';
import type { MachineCredentials } from './machine-network.ts';

const DAY_MS = 86_400_000;
/** Milliseconds for which a certificate of a machine counts, and after which a running machine makes itself another. */
export const CERTIFICATE_MS: number = 365 * DAY_MS;
export const RENEWED_AFTER_MS: number = 30 * DAY_MS;
/** Milliseconds between two looks at its age: by the wall clock, which may be set. */
export const AGE_LOOK_MS = 3_600_000;
/** Bytes of a machine's id, which is the common name in its certificate (RFC 5280, ub-common-name). */
export const MACHINE_NAME_BYTES_MAX = 64;

/** `now`: milliseconds since the Unix epoch. */
export function issueCredentials(
  authority: Authority,
  cluster: string,
  machine: MachineId,
  now: number,
): MachineCredentials {
  const length = Buffer.byteLength(machine);
  if (length === 0 || length > MACHINE_NAME_BYTES_MAX) {
    const text = `the id of a machine has 1 to ${MACHINE_NAME_BYTES_MAX} bytes; got ${inspect(machine)}`;
    throw new TroupeError('INVALID_OPTIONS', text);
  }
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { subject: issuer, keyId } = issuerOf(signerOf(authority));
  const validity = { from: now - BACKDATED_MS, until: now + CERTIFICATE_MS };
  const terms = {
    issuer,
    subject: nameOf(cluster, machine),
    publicKey,
    ...validity,
    isAuthority: false,
    issuerKeyId: keyId,
  };
  const certificate = signedCertificate(terms, createPrivateKey(authority.key));
  return { machine, certificate, key: pemOf(privateKey), authority: authority.certificates };
}

export interface RenewedCredentialsParts {
  readonly authority: Authority;
  readonly cluster: string;
  readonly machine: MachineId;
  readonly clock: Clock;
  /** Told of each that follows the first: the network of this process uses it, and so do those of the workers. */
  renewed(credentials: MachineCredentials): void;
}

/** Those of a machine that runs. */
export class RenewedCredentials {
  readonly #parts: RenewedCredentialsParts;
  #current: MachineCredentials;
  #issuedAt: number;
  #timer: Timer | undefined;

  constructor(parts: RenewedCredentialsParts) {
    this.#parts = parts;
    this.#issuedAt = parts.clock.wall();
    this.#current = issueCredentials(parts.authority, parts.cluster, parts.machine, this.#issuedAt);
    this.#lookLater();
  }

  get current(): MachineCredentials {
    return this.#current;
  }

  /** The machine joins again under another id. */
  renameTo(machine: MachineId): void {
    const { authority, cluster, clock, renewed } = this.#parts;
    this.#issuedAt = clock.wall();
    this.#current = issueCredentials(authority, cluster, machine, this.#issuedAt);
    renewed(this.#current);
  }

  close(): void {
    this.#timer?.cancel();
  }

  #lookLater(): void {
    const { clock } = this.#parts;
    this.#timer = clock.setTimer(AGE_LOOK_MS, () => {
      this.#lookLater();
      if (Math.abs(clock.wall() - this.#issuedAt) >= RENEWED_AFTER_MS) this.renameTo(this.#current.machine);
    });
  }
}

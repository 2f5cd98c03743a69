/**
 * The authority of a cluster: whoever shows a certificate that it has signed is a machine of the cluster. It is made at the first join and kept
 * in the directory, its key as well, since each machine signs its own certificate: whoever can read the database can join. Or it is the
 * operator's own, from a file.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Directory } from '../directory/directory.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import { keyIdOf, nameOf, signedCertificate } from './certificate.ts';

export interface Authority {
  /** In PEM, the one that signs first; others are trusted besides, while one follows another. */
  readonly certificates: string;
  /** Of the first certificate, in PEM. */
  readonly key: string;
}

/** Not among the entries that machines watch. */
export const AUTHORITY_KEY = 'authority';
/** Of the form of the entry; one of a later build is not read. */
const FORM = 1;
const YEAR_MS = 365 * 86_400_000;
export const AUTHORITY_YEARS = 20;
/** Milliseconds before its making from which a certificate counts: clocks of machines differ. */
export const BACKDATED_MS = 86_400_000;
/** Milliseconds for the directory to give the authority, at a start; and between two tries. */
export const AUTHORITY_MS_MAX = 30_000;
const TRY_MS = 500;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN ((?:EC |RSA )?PRIVATE KEY)-----[\s\S]+?-----END \1-----/;

/** `now`: milliseconds since the Unix epoch. */
export function newAuthority(cluster: string, now: number): Authority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // A name of its own: of two authorities of one name, the wrong one would be tried.
  const name = nameOf(cluster, `authority ${randomBytes(8).toString('hex')}`);
  const [from, until] = [now - BACKDATED_MS, now + AUTHORITY_YEARS * YEAR_MS];
  const terms = {
    issuer: name,
    subject: name,
    publicKey,
    from,
    until,
    isAuthority: true,
    issuerKeyId: keyIdOf(publicKey),
  };
  return { certificates: signedCertificate(terms, privateKey), key: pemOf(privateKey) };
}

/** The cluster's own, made where there is none. Rejects STORE_FAILED where the directory does not give one in time, or one that nobody can use. */
export async function clusterAuthority(directory: Directory, cluster: string, clock: Clock): Promise<Authority> {
  const until = clock.now() + AUTHORITY_MS_MAX;
  for (;;) {
    const entry = await directory.readLinearizable(AUTHORITY_KEY);
    if (entry === undefined) {
      const made = newAuthority(cluster, clock.wall());
      const written = await directory.create(AUTHORITY_KEY, encodeAuthority(made));
      if (written.is === 'done') return made;
      // Another machine was first, or nobody knows: the next read tells.
      if (written.is === 'conflict') continue;
    } else if (entry !== 'unavailable') {
      return checked(decodeAuthority(entry.value), clock.wall(), (got) => {
        const text = `the authority of the cluster ${cluster} in its database cannot be used: ${got}; remove the entry "${AUTHORITY_KEY}" while no machine runs, and the next start makes another`;
        return new TroupeError('STORE_FAILED', text);
      });
    }
    if (clock.now() > until) {
      const text = `the database gave no authority of the cluster ${cluster} within ${AUTHORITY_MS_MAX} ms`;
      throw new TroupeError('STORE_FAILED', text);
    }
    await new Promise<void>((resolve) => clock.setTimer(TRY_MS, resolve));
  }
}

/** The operator's own: a file in PEM with a private key and its certificate, others behind it are trusted too. Throws INVALID_OPTIONS. */
export function authorityOfFile(path: string, now: number): Authority {
  const expected = `TROUPE_CA: expected the path of a file in PEM with the certificate of an authority and its private key`;
  const refused = (got: string): TroupeError => new TroupeError('INVALID_OPTIONS', `${expected}; got ${path}: ${got}`);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw refused(asError(error).message);
  }
  const certificates = (text.match(CERTIFICATE) ?? []).join('\n');
  return checked({ certificates, key: PRIVATE_KEY.exec(text)?.[0] ?? '' }, now, refused);
}

/** Its first certificate. */
export function signerOf({ certificates }: Authority): string {
  return certificates.match(CERTIFICATE)?.[0] ?? '';
}

function checked(authority: Authority | undefined, now: number, refused: (got: string) => TroupeError): Authority {
  if (!authority) throw refused('it is of another build, or no authority');
  const got = faultIn(authority, now);
  if (got !== undefined) throw refused(got);
  return authority;
}

function faultIn(authority: Authority, now: number): string | undefined {
  const signer = signerOf(authority);
  if (signer === '') return 'no certificate';
  if (authority.key === '') return 'no private key';
  let certificate: X509Certificate;
  let key: KeyObject;
  try {
    certificate = new X509Certificate(signer);
    key = createPrivateKey(authority.key);
  } catch (error) {
    return asError(error).message;
  }
  if (!certificate.checkPrivateKey(key)) return 'a key of another certificate';
  if (!certificate.ca) return 'a certificate that may not sign others';
  if (now > Date.parse(certificate.validTo)) return `a certificate that has expired on ${certificate.validTo}`;
  return undefined;
}

function encodeAuthority(authority: Authority): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ form: FORM, ...authority }));
}

function decodeAuthority(value: Uint8Array): Authority | undefined {
  try {
    const { form, certificates, key } = JSON.parse(new TextDecoder().decode(value)) as Record<string, unknown>;
    const isWhole = form === FORM && typeof certificates === 'string' && typeof key === 'string';
    return isWhole ? { certificates, key } : undefined;
  } catch {
    return undefined;
  }
}

export function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}

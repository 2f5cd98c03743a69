/**
 * X.509 certificates (RFC 5280) of an authority and of the machines that it knows. Node.js makes keys and signatures and reads certificates, but
 * does not write them; docs/decisions/0092-machines-link-by-mutual-tls.md says why that is done here.
 */
import { Buffer } from 'node:buffer';
import { createHash, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import {
  bits,
  boolean,
  CONTEXT,
  integer,
  nothing,
  objectIdentifier,
  octets,
  SEQUENCE,
  sequence,
  set,
  tagged,
  time,
  utf8,
  valuesIn,
} from './der.ts';

/** A certificate to be signed. */
export interface CertificateTerms {
  /** DER of the one who signs. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  /** Milliseconds since the Unix epoch. */
  readonly from: number;
  readonly until: number;
  readonly isAuthority: boolean;
  /** The identifier of the key that signs, where it has one. */
  readonly issuerKeyId: Buffer | undefined;
}

/** Signs: the certificate in PEM. */
export function signedCertificate(terms: CertificateTerms, key: KeyObject): string {
  const { algorithm, hash } = signatureOf(key);
  const body = sequence(
    // Version 3.
    tagged(CONTEXT, integer(Buffer.from([2]))),
    integer(serialNumber()),
    algorithm,
    terms.issuer,
    sequence(time(terms.from), time(terms.until)),
    terms.subject,
    terms.publicKey.export({ type: 'spki', format: 'der' }),
    tagged(CONTEXT + 3, sequence(...extensionsOf(terms))),
  );
  return pemOf(sequence(body, algorithm, bits(sign(hash, body, key))));
}

/** A name in DER: the cluster as organization, and who it is as common name. */
export function nameOf(cluster: string, name: string): Buffer {
  const part = (identifier: string, text: string): Buffer => set(sequence(objectIdentifier(identifier), utf8(text)));
  return sequence(part('2.5.4.10', cluster), part('2.5.4.3', name));
}

/** The identifier of a public key: the hash of its bits (RFC 5280, 4.2.1.2). */
export function keyIdOf(publicKey: KeyObject): Buffer {
  const [spki] = valuesIn(publicKey.export({ type: 'spki', format: 'der' }));
  const [, keyBits] = valuesIn((spki as { body: Buffer }).body);
  return createHash('sha1')
    .update((keyBits as { body: Buffer }).body.subarray(1))
    .digest();
}

/** The issuer as it stands in the certificates that this one signs. Throws for one that cannot be read. */
export function issuerOf(pem: string): { subject: Buffer; keyId: Buffer | undefined } {
  const [certificate] = valuesIn(Buffer.from(new X509Certificate(pem).raw));
  const [body] = valuesIn(certificate?.body ?? Buffer.alloc(0));
  const fields = valuesIn(body?.body ?? Buffer.alloc(0));
  // Version 1 leaves its number out.
  const subject = fields[fields[0]?.tag === CONTEXT ? 5 : 4];
  if (subject?.tag !== SEQUENCE) throw new Error('a certificate without a subject');
  const extensions = fields.find(({ tag }) => tag === CONTEXT + 3);
  return { subject: subject.whole, keyId: extensions && keyIdIn(extensions.body) };
}

function keyIdIn(extensions: Buffer): Buffer | undefined {
  const identifier = objectIdentifier(KEY_ID);
  for (const { body } of valuesIn(valuesIn(extensions)[0]?.body ?? Buffer.alloc(0))) {
    const parts = valuesIn(body);
    if (parts[0]?.whole.equals(identifier)) return valuesIn(parts.at(-1)?.body ?? Buffer.alloc(0))[0]?.body;
  }
  return undefined;
}

const KEY_ID = '2.5.29.14';

function extensionsOf({ isAuthority, publicKey, issuerKeyId }: CertificateTerms): Buffer[] {
  const extension = (identifier: string, isCritical: boolean, value: Buffer): Buffer =>
    sequence(objectIdentifier(identifier), ...(isCritical ? [boolean(true)] : []), octets(value));
  // keyCertSign and cRLSign, or digitalSignature: bits 5 and 6, or 0.
  const usage = isAuthority ? bits(Buffer.from([0x06]), 1) : bits(Buffer.from([0x80]), 7);
  // An authority signs machines and no other authority.
  const constraints = isAuthority ? sequence(boolean(true), integer(Buffer.from([0]))) : sequence();
  const both = sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'), objectIdentifier('1.3.6.1.5.5.7.3.2'));
  return [
    extension('2.5.29.19', true, constraints),
    extension('2.5.29.15', true, usage),
    ...(isAuthority ? [] : [extension('2.5.29.37', false, both)]),
    extension(KEY_ID, false, octets(keyIdOf(publicKey))),
    ...(issuerKeyId ? [extension('2.5.29.35', false, sequence(tagged(0x80, issuerKeyId)))] : []),
  ];
}

/** The algorithm by which a key signs, in DER and for `sign`. Throws for a key that no certificate here is signed by. */
function signatureOf(key: KeyObject): { algorithm: Buffer; hash: string | null } {
  switch (key.asymmetricKeyType) {
    case 'ec':
      return { algorithm: sequence(objectIdentifier('1.2.840.10045.4.3.2')), hash: 'sha256' };
    case 'rsa':
      return { algorithm: sequence(objectIdentifier('1.2.840.113549.1.1.11'), nothing()), hash: 'sha256' };
    case 'ed25519':
      return { algorithm: sequence(objectIdentifier('1.3.101.112')), hash: null };
    default:
      throw new Error(
        `a key of the type ${key.asymmetricKeyType}; an authority has one of the type ec, rsa or ed25519`,
      );
  }
}

/** Positive, and one of 2^119 at least (RFC 5280 allows 20 bytes). */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return bytes;
}

function pemOf(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** The authority of a cluster and what it signs; OpenSSL, in Node.js, is the judge. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MemoryDirectory, MemoryEngine } from '../../../src/directory/memory-directory.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import {
  AUTHORITY_KEY,
  AUTHORITY_MS_MAX,
  AUTHORITY_YEARS,
  authorityOfFile,
  type Authority,
  clusterAuthority,
  newAuthority,
  pemOf,
} from '../../../src/machine-links/authority.ts';
import { issuerOf, keyIdOf, nameOf, signedCertificate } from '../../../src/machine-links/certificate.ts';
import {
  AGE_LOOK_MS,
  CERTIFICATE_MS,
  issueCredentials,
  MACHINE_NAME_BYTES_MAX,
  RENEWED_AFTER_MS,
  RenewedCredentials,
} from '../../../src/machine-links/credentials.ts';
import type { MachineCredentials } from '../../../src/machine-links/machine-network.ts';
import { failure } from './machine-conformance.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z');
const DAY_MS = 86_400_000;

describe('a certificate', () => {
  const authority = newAuthority('shop', NOW);
  const signer = new X509Certificate(authority.certificates);
  const credentials = issueCredentials(authority, 'shop', 'm-1', NOW);
  const certificate = new X509Certificate(credentials.certificate);

  test('of a machine is signed by the authority, names machine and cluster, and goes with its key', () => {
    expect(certificate.checkIssued(signer)).toBe(true);
    expect(certificate.verify(signer.publicKey)).toBe(true);
    expect(certificate.subject).toBe('O=shop\nCN=m-1');
    expect(certificate.checkPrivateKey(createPrivateKey(credentials.key))).toBe(true);
    expect([certificate.ca, signer.ca]).toEqual([false, true]);
    expect(signer.verify(signer.publicKey)).toBe(true);
  });

  test('counts from a day before, for clocks that differ, and for a year; that of the authority for twenty', () => {
    expect(Date.parse(certificate.validFrom)).toBe(NOW - DAY_MS);
    expect(Date.parse(certificate.validTo)).toBe(NOW + CERTIFICATE_MS);
    expect(Date.parse(signer.validTo)).toBe(NOW + AUTHORITY_YEARS * 365 * DAY_MS);
  });

  test('has its dates right on both sides of 2050, where the form of a time changes', () => {
    for (const date of ['2049-12-31T23:59:59Z', '2050-01-01T00:00:00Z']) {
      const now = Date.parse(date) + DAY_MS;
      const late = new X509Certificate(newAuthority('shop', now).certificates);
      expect(new Date(Date.parse(late.validFrom)).toISOString()).toBe(date.replace('Z', '.000Z'));
    }
  });

  test('of another authority of the same cluster is not taken for one of this', () => {
    const other = new X509Certificate(newAuthority('shop', NOW).certificates);
    expect(certificate.checkIssued(other)).toBe(false);
    expect(certificate.verify(other.publicKey)).toBe(false);
  });

  test('has a serial number of its own', () => {
    const again = new X509Certificate(issueCredentials(authority, 'shop', 'm-1', NOW).certificate);
    expect(again.serialNumber).not.toBe(certificate.serialNumber);
    expect(again.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
  });

  test('is for an id of at most 64 bytes', () => {
    const longest = 'x'.repeat(MACHINE_NAME_BYTES_MAX);
    expect(new X509Certificate(issueCredentials(authority, 'shop', longest, NOW).certificate).subject).toContain(
      longest,
    );
    for (const id of ['', `${longest}x`])
      expect(() => issueCredentials(authority, 'shop', id, NOW)).toThrow(/^the id of a machine has 1 to 64 bytes; got/);
  });
});

describe('the authority of a cluster', () => {
  function world() {
    const clock = new VirtualClock({ wall: NOW });
    const engine = new MemoryEngine(clock);
    return { clock, engine, directory: new MemoryDirectory(engine, clock, 1_000) };
  }
  const stored = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

  test('is made once, whoever comes first', async () => {
    const { clock, engine } = world();
    const directories = [1, 2, 3].map(() => new MemoryDirectory(engine, clock, 1_000));
    engine.delayMs = () => 5;
    const asked = Promise.all(directories.map((directory) => clusterAuthority(directory, 'shop', clock)));
    await clock.advance(100);
    const [first, ...others] = await asked;
    for (const other of others) expect(other).toEqual(first);
  });

  test('is the one that was written, where the answer was lost', async () => {
    const { clock, engine, directory } = world();
    engine.fateOf = (isWrite) => (isWrite ? 'lost' : 'answered');
    const asked = clusterAuthority(directory, 'shop', clock);
    await clock.advance(5_000);
    const entry = engine.read(AUTHORITY_KEY);
    expect(JSON.parse(new TextDecoder().decode(entry?.value))).toMatchObject(await asked);
  });

  test('is waited for while the database is away, and not for ever', async () => {
    const { clock, engine, directory } = world();
    engine.isGone = true;
    const asked = failure(clusterAuthority(directory, 'shop', clock));
    await clock.advance(AUTHORITY_MS_MAX + 1_000);
    const error = await asked;
    expect([error.code, error.message]).toEqual([
      'STORE_FAILED',
      'the database gave no authority of the cluster shop within 30000 ms',
    ]);
    const later = clusterAuthority(directory, 'shop', clock);
    engine.isGone = false;
    await clock.advance(1_000);
    expect(await later).toMatchObject({ key: expect.stringContaining('PRIVATE KEY') });
  });

  test.each([
    ['no JSON', new Uint8Array([1, 2, 3]), 'it is of another build, or no authority'],
    ['another form', stored({ form: 2 }), 'it is of another build, or no authority'],
    ['an expired one', stored({ form: 1, ...newAuthority('shop', NOW - 21 * 365 * DAY_MS) }), 'that has expired on'],
    [
      'the key of another',
      stored({ form: 1, ...newAuthority('shop', NOW), key: newAuthority('shop', NOW).key }),
      'a key of another certificate',
    ],
  ])('is refused where it is damaged: %s', async (_, value, got) => {
    const { clock, engine, directory } = world();
    engine.write(AUTHORITY_KEY, value, undefined);
    const asked = failure(clusterAuthority(directory, 'shop', clock));
    await clock.advance(10);
    const error = await asked;
    expect(error.code).toBe('STORE_FAILED');
    expect(error.message).toContain(got);
    expect(error.message).toContain('remove the entry "authority" while no machine runs');
  });
});

describe("an operator's own authority", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'troupe-ca-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function file(text: string): string {
    const path = join(folder, 'ca.pem');
    writeFileSync(path, text);
    return path;
  }

  function ownAuthority(publicKey: KeyObject, privateKey: KeyObject): Authority {
    const name = nameOf('Corp', 'Own CA');
    const terms = { issuer: name, subject: name, publicKey, from: NOW, until: NOW + DAY_MS, isAuthority: true };
    return {
      certificates: signedCertificate({ ...terms, issuerKeyId: keyIdOf(publicKey) }, privateKey),
      key: pemOf(privateKey),
    };
  }

  test.each([
    ['rsa', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['ec', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['ed25519', () => generateKeyPairSync('ed25519')],
  ])('signs with a key of the type %s, under its own name', (_, newKeys) => {
    const { publicKey, privateKey } = newKeys();
    const own = ownAuthority(publicKey, privateKey);
    const authority = authorityOfFile(file(`${own.key}${own.certificates}`), NOW);
    const certificate = new X509Certificate(issueCredentials(authority, 'shop', 'm-1', NOW).certificate);
    const signer = new X509Certificate(own.certificates);
    expect(certificate.issuer).toBe('O=Corp\nCN=Own CA');
    expect([certificate.checkIssued(signer), certificate.verify(signer.publicKey)]).toEqual([true, true]);
    expect(issuerOf(own.certificates).keyId).toEqual(keyIdOf(publicKey));
  });

  test('is trusted together with others that stand behind it', () => {
    const [own, next] = [newAuthority('shop', NOW), newAuthority('shop', NOW)];
    const { certificates } = authorityOfFile(file(own.certificates + next.certificates + own.key), NOW);
    expect(certificates.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  });

  const good = newAuthority('shop', NOW);
  const machine = issueCredentials(good, 'shop', 'm-1', NOW);
  test.each([
    ['no certificate', good.key, 'no certificate'],
    ['no key', good.certificates, 'no private key'],
    ['a key that is none', `${good.certificates}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----`, ''],
    ['another key', good.certificates + machine.key, 'a key of another certificate'],
    ['a certificate of a machine', machine.certificate + machine.key, 'a certificate that may not sign others'],
  ])('is refused at once: %s', (_, text, got) => {
    const path = file(text);
    expect(() => authorityOfFile(path, NOW)).toThrow(
      `TROUPE_CA: expected the path of a file in PEM with the certificate of an authority and its private key; got ${path}: ${got}`,
    );
  });

  test('is refused where it has expired, and where there is no file', () => {
    const path = file(good.certificates + good.key);
    expect(() => authorityOfFile(path, NOW + 21 * 365 * DAY_MS)).toThrow('has expired on');
    expect(() => authorityOfFile(join(folder, 'none'), NOW)).toThrow('ENOENT');
  });
});

describe('the credentials of a machine that runs', () => {
  function running() {
    const clock = new VirtualClock({ wall: NOW });
    const renewals: MachineCredentials[] = [];
    const authority = newAuthority('shop', NOW);
    const parts = { authority, cluster: 'shop', machine: 'm-1', clock };
    return { clock, renewals, held: new RenewedCredentials({ ...parts, renewed: (one) => renewals.push(one) }) };
  }

  test('are made anew long before they expire', async () => {
    const { clock, renewals, held } = running();
    const first = held.current;
    clock.stepWall(RENEWED_AFTER_MS - 2 * AGE_LOOK_MS);
    await clock.advance(AGE_LOOK_MS);
    expect([renewals, held.current]).toEqual([[], first]);
    await clock.advance(2 * AGE_LOOK_MS);
    expect(renewals).toEqual([held.current]);
    expect(held.current.key).not.toBe(first.key);
    const { validTo } = new X509Certificate(held.current.certificate);
    expect(Date.parse(validTo)).toBeGreaterThanOrEqual(NOW + CERTIFICATE_MS + RENEWED_AFTER_MS - AGE_LOOK_MS);
  });

  test('are made anew where the clock was wrong, and is set', async () => {
    const { clock, renewals } = running();
    clock.stepWall(-400 * DAY_MS);
    await clock.advance(AGE_LOOK_MS);
    expect(renewals).toHaveLength(1);
  });

  test('follow the machine to another id', () => {
    const { renewals, held } = running();
    held.renameTo('m-2');
    expect(renewals.map(({ machine }) => machine)).toEqual(['m-2']);
    expect(new X509Certificate(held.current.certificate).subject).toBe('O=shop\nCN=m-2');
  });
});

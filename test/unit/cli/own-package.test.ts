/** From where a new project has this package. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownDependency } from '../../../src/cli-ground/own-package.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'own-package-'));
  mkdirSync(join(folder, 'node_modules/troupe'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function installed(lock: string): string {
  writeFileSync(join(folder, 'node_modules/.package-lock.json'), lock);
  return ownDependency(join(folder, 'node_modules/troupe/'));
}

const lockOf = (resolved: string): string => JSON.stringify({ packages: { 'node_modules/troupe': { resolved } } });

test('one that was installed from a packed file is that file', () => {
  expect(installed(lockOf('file:packed/troupe-0.1.0.tgz'))).toBe(`file:${join(folder, 'packed/troupe-0.1.0.tgz')}`);
  expect(installed(lockOf('file:/elsewhere/troupe.tgz'))).toBe('file:/elsewhere/troupe.tgz');
});

test('one of a registry, of another installer, or of a work tree is its version', () => {
  for (const lock of [lockOf('https://a.registry.example/troupe.tgz'), '{}', '[]', 'null', 'no json'])
    expect(installed(lock), lock).toMatch(/^\^\d+\.\d+\.\d+/);
  expect(ownDependency()).toMatch(/^\^\d/);
});

import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dataDirOf, dataDirsToSearch } from '../../../src/data-dir/data-dir.ts';

let root: string;
const file = (path: string): string => {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), '');
  return join(root, path);
};

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'troupe-place-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a relative dataDir', () => {
  it('lies beside the entry module, wherever the program is started', () => {
    const entry = file('app/main.mjs');
    expect(dataDirOf(undefined, { entry, cwd: () => root })).toBe(join(root, 'app', '.troupe'));
    expect(dataDirOf('../data', { entry, cwd: () => '/' })).toBe(join(root, 'data'));
  });

  it('lies beside the file that a link leads to', () => {
    const entry = file('app/main.mjs');
    symlinkSync(entry, join(root, 'run'));
    expect(dataDirOf('data', { entry: join(root, 'run'), cwd: () => '/' })).toBe(join(root, 'app', 'data'));
  });

  it('lies in the working folder where there is no entry, or a package runs the program', () => {
    for (const entry of [undefined, join(root, 'nothing.mjs'), file('node_modules/runner/cli.mjs')])
      expect(dataDirOf('data', { entry, cwd: () => root })).toBe(join(root, 'data'));
  });

  it('stays in the working folder where its data lies there already, and none beside the entry', () => {
    const entry = file('app/main.mjs');
    mkdirSync(join(root, 'data', 'store'), { recursive: true });
    expect(dataDirOf('data', { entry, cwd: () => root })).toBe(join(root, 'data'));
    mkdirSync(join(root, 'app', 'data', 'store'), { recursive: true });
    expect(dataDirOf('data', { entry, cwd: () => root })).toBe(join(root, 'app', 'data'));
  });

  it('needs no working folder', () => {
    const gone = (): string => {
      throw new Error('ENOENT');
    };
    expect(dataDirOf('data', { entry: file('app/main.mjs'), cwd: gone })).toBe(join(root, 'app', 'data'));
  });

  it('that is absolute is taken as it is', () => {
    expect(dataDirOf(resolve('/data'), { entry: undefined, cwd: () => root })).toBe(resolve('/data'));
  });
});

describe('a dataDir that another program looks for', () => {
  it('is in the working folder, then beside its entry module; an absolute one is where it is', () => {
    const entry = file('tools/ask.mjs');
    expect(dataDirsToSearch(undefined, { entry, cwd: () => root })).toEqual([
      ...[join(root, '.troupe'), join(root, 'tools', '.troupe')],
    ]);
    expect(dataDirsToSearch('data', { entry: undefined, cwd: () => root })).toEqual([join(root, 'data')]);
    expect(dataDirsToSearch('data', { entry, cwd: () => join(root, 'tools') })).toEqual([join(root, 'tools', 'data')]);
    expect(dataDirsToSearch(resolve('/data'), { entry, cwd: () => root })).toEqual([resolve('/data')]);
  });
});

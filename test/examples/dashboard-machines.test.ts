/** The page of one machine of several, in a real browser: which machines there are, and what becomes of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { createSystem, type System } from 'troupe';
import { describe, expect, test } from 'vitest';
import { lackOfPostgres } from '../postgres/postgres-files.ts';
import { PostgresServer } from '../postgres/postgres-server.ts';
import { environment, findBrowser } from './browser.ts';
import { freePort } from '../free-port.ts';

const found = findBrowser();

describe.skipIf('missing' in found || lackOfPostgres() !== undefined)('the page of one machine of several', () => {
  test('lists them, says which one it is, and shows one go', async ({ onTestFinished }) => {
    if ('missing' in found) throw new Error('there is no browser');
    const folder = mkdtempSync(join(tmpdir(), 'troupe-page-'));
    const server = await PostgresServer.start();
    const systems: System[] = [];
    onTestFinished(async () => {
      await Promise.all(systems.map((system) => system.shutdown()));
      await server.end();
      rmSync(folder, { recursive: true, force: true });
    });
    const port = await freePort();
    const start = async (name: string, more = {}): Promise<System> => {
      const system = await createSystem({
        ...{ actors: new URL('./seen-actors/', import.meta.url), workers: 1, log: 'silent', signals: false },
        ...{ dataDir: join(folder, name), cluster: { url: server.url, leaseMs: 3_000 }, controlSocket: false, ...more },
      });
      systems.push(system);
      return system;
    };
    const own = await start('a', { dashboard: { port, token: 'the-token-of-the-page' } });
    const other = await start('b');

    const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];
    const browser = await chromium.launch({ executablePath: found.path, env: environment(found), args });
    onTestFinished(() => browser.close());
    const page = await (await browser.newContext({ locale: 'en-US' })).newPage();
    await page.goto(`http://127.0.0.1:${port}/#/workers`);
    await page.getByLabel('Token').fill('the-token-of-the-page');
    await page.keyboard.press('Enter');
    const rows = page.getByRole('table', { name: 'Machines' }).locator('tbody tr');
    const cells = async (): Promise<(string | undefined)[][]> =>
      (await rows.all()).length === 0
        ? []
        : Promise.all((await rows.all()).map(async (row) => (await row.locator('td, th').allInnerTexts()).slice(0, 2)));
    await expect.poll(cells, { timeout: 20_000 }).toEqual(
      [
        [`${own.self.machine} (this one)`, 'live'],
        [`${other.self.machine}`, 'live'],
      ].sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
    );
    systems.splice(1);
    await other.shutdown();
    await expect.poll(cells, { timeout: 20_000 }).toEqual([[`${own.self.machine} (this one)`, 'live']]);
  }, 90_000);
});

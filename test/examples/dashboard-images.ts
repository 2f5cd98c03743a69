/** Makes the pictures of docs/images anew: `npm run build && npx tsx test/examples/dashboard-images.ts`. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { createSystem } from 'troupe';
import { environment, findBrowser } from './browser.ts';
import { freePort } from '../free-port.ts';

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
/** Milliseconds for the charts to have something to show. */
const CHARTED_MS = 20_000;

const found = findBrowser();
if ('missing' in found) throw new Error(found.missing);
mkdirSync(IMAGES, { recursive: true });
const dataDir = mkdtempSync(join(tmpdir(), 'troupe-images-'));
const port = await freePort();
const system = await createSystem({
  ...{ name: 'shop', actors: new URL('./seen-actors/', import.meta.url), workers: 2, log: 'silent', dataDir },
  ...{ history: { turns: 100 }, dashboard: { port } },
});
let rounds = 0;
const traffic = setInterval(() => {
  const load = 10 + 8 * Math.sin(rounds++ / 40);
  for (let n = 0; n < load; n++) system.tell(`desk/${n}`, { type: 'add' });
  if (rounds % 70 === 0) system.tell('desk/7', { type: 'fail' });
}, 50);
await system.ask('desk/front', { type: 'hire', count: 3 });
for (let n = 0; n < 20; n++) {
  system.tell('desk/front', { type: 'add' });
  await new Promise((resolve) => setTimeout(resolve, 100));
}
system.ask('desk/front', { type: 'hand', to: 'desk/back', ms: 90_000 }, { timeoutMs: 120_000 }).catch(() => {});
for (let n = 0; n < 3; n++) system.tell('desk/front', { type: 'add' });
await system.ask('order/4711', { type: 'pay' });

const args = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run'];
const browser = await chromium.launch({ executablePath: found.path, env: environment(found), args });
const take = async (
  screen: string,
  name: string,
  height: number,
  colorScheme: 'dark' | 'light',
  waitMs: number,
): Promise<void> => {
  const page = await browser.newPage({ viewport: { width: 960, height }, colorScheme, locale: 'en-US' });
  await page.goto(`http://localhost:${port}/#/${screen}`);
  await page.waitForTimeout(waitMs);
  await page.screenshot({ path: join(IMAGES, `${name}.png`) });
  await page.close();
};
await take('overview', 'overview', 720, 'light', CHARTED_MS);
await take('actor?id=desk%2Ffront', 'actor', 560, 'dark', 3_000);
await take('actor?id=order%2F4711', 'machine', 700, 'light', 3_000);
await browser.close();
clearInterval(traffic);
await system.shutdown({ timeoutMs: 1_000 });
rmSync(dataDir, { recursive: true, force: true });
process.exit(0);

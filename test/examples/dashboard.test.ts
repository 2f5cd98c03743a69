/** The page of a system, as it is shipped, in a real browser: a system with workers that is seen and steered, and is accessible. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { createSystem, type System } from 'troupe';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { environment, findBrowser } from './browser.ts';
import { freePort } from '../free-port.ts';

const TOKEN = 'the-token-of-the-page';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const LOOKS = [
  { width: 360, colorScheme: 'dark' },
  { width: 768, colorScheme: 'light' },
  { width: 1_280, colorScheme: 'light' },
] as const;
const found = findBrowser();
const inBrowser = test.skipIf('missing' in found);
if ('missing' in found) {
  const sentence = `the tests of the dashboard cannot run, there is no browser: ${found.missing}`;
  if (process.env.TROUPE_BROWSER === 'required') throw new Error(sentence);
  console.warn(sentence);
}

interface AxeResult {
  violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
}

declare global {
  var axe: { run(): Promise<AxeResult> };
}

// A browser beside the workers takes its time on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

let system: System;
let browser: Browser | undefined;
let folder: string;
let url: string;
const contexts: BrowserContext[] = [];
/** Of pages and of their policy: there are none. */
const faults: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-seen-'));
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  system = await createSystem({
    ...{ actors: new URL('./seen-actors/', import.meta.url), workers: 2, log: 'silent', dataDir: folder },
    ...{
      history: { turns: 50 },
      supervision: { hangMs: 30_000, backoff: { initialMs: 20, maxMs: 50, factor: 1, jitter: 0 } },
    },
    dashboard: {
      ...{ port, token: TOKEN, redact: { account: ['iban'] } },
      panels: new URL('./seen-panels/', import.meta.url),
    },
  });
  if ('missing' in found) return;
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];
  browser = await chromium.launch({ executablePath: found.path, env: environment(found), args });
}, 120_000);

afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()));
  expect(faults.splice(0)).toEqual([]);
});

afterAll(async () => {
  await browser?.close();
  await system?.shutdown();
  rmSync(folder, { recursive: true, force: true });
});

interface Look {
  width?: number;
  colorScheme?: 'dark' | 'light';
}

/** A page of a browser that has not been here before. */
async function newPage({ width = 1_280, colorScheme = 'light' }: Look = {}): Promise<Page> {
  // One that is told no locale takes a name that is none from some machines.
  const context = await (browser as Browser).newContext({
    viewport: { width, height: 800 },
    colorScheme,
    locale: 'en-US',
  });
  contexts.push(context);
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    const text = message.text();
    // The first look of one that has no token yet is refused, and so are those at a system that has ended.
    if (message.type() === 'error' && !/401|net::ERR_CONNECTION/.test(text)) faults.push(text);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith('http://127.0.0.1:') && !request.url().startsWith('data:'))
      faults.push(`fetched ${request.url()}`);
  });
  return page;
}

/** One that has shown the token. */
async function open(screen: string, look?: Look): Promise<Page> {
  const page = await newPage(look);
  await page.goto(`${url}/#/${screen}`);
  await page.getByLabel('Token').fill(TOKEN);
  await page.getByRole('button', { name: 'Come in' }).click();
  await page.getByText('live', { exact: true }).waitFor();
  return page;
}

async function show(page: Page, screen: string): Promise<void> {
  await page.goto(`${url}/#/${screen}`);
}

async function consent(page: Page, act: string): Promise<void> {
  await page.getByRole('dialog').getByRole('button', { name: act }).click();
}

function told(page: Page): ReturnType<Page['getByRole']> {
  return page.locator('.notice');
}

const idOn = async (kind: string, worker: number, name: string): Promise<string> => {
  for (let n = 0; n < 1_000; n++) {
    const id = `${kind}/${name}-${n}`;
    if ((await system.where(id)).worker === worker) return id;
  }
  throw new Error(`expected an id on worker ${worker}`);
};

describe('the actor', () => {
  inBrowser('is shown with what it does, since when, what it waits for and what waits behind it', async () => {
    await system.ask('desk/front', { type: 'hire', count: 2 });
    const done = system.ask('desk/front', { type: 'hand', to: 'desk/back', ms: 60_000 }, { timeoutMs: 60_000 });
    for (let n = 0; n < 3; n++) system.tell('desk/front', { type: 'add' });
    const page = await open('actor?id=desk%2Ffront');
    const now = page.getByLabel('What it does now');
    await now.getByText(/handles hand for/).waitFor();
    await now.getByText(/Waits for the reply of desk\/back to work/).waitFor();
    await now.getByText('3 messages wait').waitFor();
    await page.getByText('By type: add 3').waitFor();
    // From one jam to its reason.
    await now.getByRole('link', { name: 'desk/back' }).click();
    await page.getByRole('heading', { level: 1, name: 'desk/back' }).waitFor();
    await now.getByText(/handles work for/).waitFor();
    await system.kill('desk/back');
    expect(await done).toBe('ACTOR_STOPPED');
    await show(page, 'actor?id=desk%2Ffront');
    await now.getByText('nothing waits').waitFor();
    await page.getByText('"done": 3').waitFor();
    await page.getByText('Children: 2').waitFor();
    await page.getByText(/5 turns since/).waitFor();
    await page.getByText('The turns as a table').click();
    expect(await page.getByRole('region', { name: 'Last turns' }).getByRole('row').count()).toBe(6);
  });

  inBrowser('shows no field that is redacted', async () => {
    await system.ask('account/ada', { type: 'pay', amount: 5 });
    const page = await open('actor?id=account%2Fada');
    await page.getByText('"iban": "[redacted]"').waitFor();
    await page.getByText('"sum": 5').waitFor();
    expect(await page.content()).not.toContain('DE0212');
  });

  inBrowser('that is a machine is drawn, with the state lit that it is in, as it changes', async () => {
    const page = await open('actor?id=order%2F1');
    await system.ask('order/1', { type: 'pay' });
    const diagram = page.getByRole('img', { name: 'now in open, open.packing' });
    await diagram.waitFor();
    expect(await diagram.locator('.state.active > text').allTextContents()).toEqual(['open', 'packing']);
    await system.ask('order/1', { type: 'packed' });
    await page.getByRole('img', { name: 'now in open, open.sent' }).waitFor();
    expect(await page.locator('.machine .edge').count()).toBe(6);
  });

  inBrowser('is sent a message, moved, stopped and killed, each after a question', async () => {
    const id = await idOn('desk', 1, 'steered');
    await system.ask(id, { type: 'add' });
    const page = await open(`actor?id=${encodeURIComponent(id)}`);
    await page.getByRole('button', { name: 'Send a message' }).click();
    await page.getByLabel('Message, as JSON').fill('{ "type": "add" }');
    await consent(page, 'Send and wait');
    await told(page).getByText('It replied: 2').waitFor();
    await page.getByRole('button', { name: 'Move' }).click();
    await page.getByLabel('To worker').fill('2');
    await consent(page, 'Move it');
    await told(page).getByText('is on worker 2').waitFor();
    expect(await system.where(id)).toMatchObject({ worker: 2, active: true });
    await page.getByText(/Worker 2, pid/).waitFor();
    const places = page.getByRole('region', { name: 'Places' }).getByRole('row');
    await places.nth(1).getByText('it was moved').waitFor();
    await places.nth(2).getByText('nobody hosted it').waitFor();
    await page.getByRole('button', { name: 'Kill' }).click();
    await consent(page, 'Cancel');
    expect((await system.where(id)).active).toBe(true);
    await page.getByRole('button', { name: 'Stop' }).click();
    await consent(page, 'Stop it');
    await told(page).getByText('has ended').waitFor();
    expect((await system.where(id)).active).toBe(false);
    await system.ask(id, { type: 'add' });
    await page.getByRole('button', { name: 'Kill' }).click();
    await consent(page, 'Kill it');
    await told(page).getByText('was killed').waitFor();
    expect((await system.where(id)).active).toBe(false);
    await page.getByRole('button', { name: 'Send a message' }).click();
    await page.getByLabel('Message, as JSON').fill('{ not JSON');
    await consent(page, 'Send and wait');
    await told(page).getByText('The message is no JSON').waitFor();
  });
});

describe('a panel of its own', () => {
  inBrowser('draws what the screen shows, without what is redacted, and can do nothing else', async () => {
    await system.ask('account/paneled', { type: 'pay', amount: 7 });
    const page = await open('actor?id=account%2Fpaneled');
    const panel = page.frameLocator('iframe');
    await panel.getByText('account/paneled has 7, [redacted]').waitFor();
    await system.ask('account/paneled', { type: 'pay', amount: 1 });
    await panel.getByText('account/paneled has 8, [redacted]').waitFor();
    expect(await page.locator('iframe').getAttribute('height')).toBe('321');
    const color = 'getComputedStyle(document.querySelector("p")).color';
    const [, frame] = page.frames();
    expect(await frame?.evaluate(color)).toBe('rgb(1, 2, 3)');
    await expect.poll(() => panel.locator('#tried').textContent()).not.toBe('not tried');
    expect(JSON.parse((await panel.locator('#tried').textContent()) ?? '')).toEqual({
      ...{ read: 'TypeError', cookie: 'SecurityError', page: 'SecurityError', inline: 'EvalError' },
      ...{ storage: 'SecurityError', open: 'done: null' },
    });
    // It takes itself to no other address.
    await frame?.evaluate('location.href = "https://example.org/?sum=8"').catch(() => {});
    await page.waitForTimeout(500);
    expect(
      page
        .frames()
        .map((one) => one.url())
        .filter((at) => at.includes('example.org')),
    ).toEqual([]);
    expect(faults.splice(0).filter((text) => !/Content Security Policy|sandbox|chrome-error/i.test(text))).toEqual([]);
    await show(page, 'actor?id=desk%2Fno-panel');
    await page.getByText('There is none to be shown').waitFor();
    expect(await page.locator('iframe').count()).toBe(0);
  });
});

describe('the system', () => {
  inBrowser('is seen at a glance, with rates and what stands out', async () => {
    const page = await open('overview');
    const timer = setInterval(() => system.tell('desk/busy', { type: 'add' }), 10);
    try {
      await expect.poll(() => tile(page, 'Messages per second'), { timeout: 20_000 }).toMatch(/^[1-9]/);
      await page
        .getByRole('img', { name: /Messages per second, last: handled/ })
        .locator('canvas')
        .waitFor();
      expect(await tile(page, 'Workers ready')).toBe('2 of 2');
      system.tell('desk/busy', { type: 'fail' });
      await page.getByRole('region', { name: 'Last failures' }).getByRole('link', { name: 'desk/busy' }).waitFor();
    } finally {
      clearInterval(timer);
    }
  });

  inBrowser('has actors in an order that is kept in the address, a page after the other', async () => {
    for (let n = 0; n < 12; n++) await system.ask(`desk/listed-${n}`, { type: 'add' });
    const page = await open('overview');
    await page.getByRole('link', { name: 'Actors', exact: true }).click();
    await page.getByRole('combobox', { name: 'Kind' }).selectOption('desk');
    await page.getByLabel('In the order of').selectOption('id');
    await page.getByLabel('At once').selectOption('10');
    await expect.poll(() => page.url()).toContain('kind=desk&sort=id&limit=10');
    const rows = page.getByRole('region', { name: 'Actors in memory' }).getByRole('row');
    await expect.poll(() => rows.count()).toBe(11);
    const first = await rows.nth(1).getByRole('link').textContent();
    await page.getByRole('link', { name: 'The next ones' }).click();
    await expect.poll(() => rows.nth(1).getByRole('link').textContent()).not.toBe(first);
    await page.reload();
    await page.getByRole('link', { name: 'From the first' }).click();
    await expect.poll(() => rows.nth(1).getByRole('link').textContent()).toBe(first);
  });

  inBrowser('has workers: one that is killed comes again before the eyes, one is restarted', async () => {
    const page = await open('workers');
    const row = page.getByRole('row').filter({ hasText: '1 worker' });
    await row.getByText('ready').waitFor();
    const { pid = 0 } = system.workers().find(({ index }) => index === 1) ?? {};
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => row.textContent(), { timeout: 20_000 }).not.toContain(String(pid));
    await row.getByText('ready').waitFor();
    const before = system.workers().find(({ index }) => index === 1)?.pid;
    // What steers it is seen without scrolling sideways.
    const drain = await page.getByRole('button', { name: 'Drain 1' }).boundingBox();
    const { right } = await page.locator('.scroll').evaluate((element) => element.getBoundingClientRect());
    expect((drain?.x ?? 0) + (drain?.width ?? 0)).toBeLessThan(right);
    await page.getByRole('button', { name: 'Restart 1' }).click();
    await consent(page, 'Restart it');
    await told(page).getByText('Worker 1 is ready again').waitFor();
    expect(system.workers().find(({ index }) => index === 1)?.pid).not.toBe(before);
  });

  inBrowser('has several kinds beside each other, and views that are saved under a name', async () => {
    await system.ask('order/beside', { type: 'pay' });
    await system.ask('desk/beside', { type: 'add' });
    const page = await open('actors?kind=order&sort=id&limit=200');
    await page.getByRole('link', { name: 'order/beside', exact: true }).waitFor();
    await page.getByLabel('Beside it').selectOption('desk');
    const figures = page.getByRole('region', { name: 'Kinds beside each other' });
    await expect.poll(() => figures.getByRole('row').count()).toBe(3);
    for (const kind of ['order', 'desk'])
      await page
        .getByRole('region', { name: `Actors of ${kind}` })
        .getByText(`${kind}/beside`, { exact: true })
        .waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByLabel('Name of this view').fill('Both kinds');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Only order' }).click();
    await page.getByRole('region', { name: 'Actors in memory' }).waitFor();
    await page.reload();
    await page.getByRole('link', { name: 'Both kinds' }).click();
    await figures.waitFor();
    await page.getByRole('button', { name: 'Forget Both kinds' }).click();
    await page.getByRole('link', { name: 'Both kinds' }).waitFor({ state: 'detached' });
  });

  inBrowser('has a worker that is blocked, by an actor and a line that are named', async () => {
    const id = await idOn('desk', 2, 'blocking');
    await system.ask(id, { type: 'add' });
    const page = await open('workers');
    await page.getByRole('row').filter({ hasText: '2 worker' }).getByText('ready').waitFor();
    system.tell(id, { type: 'block', ms: 7_000 });
    const alert = page.getByRole('alert').filter({ hasText: 'Blocked event loops' });
    await alert.getByRole('link', { name: id }).waitFor();
    await alert.getByText(/At .*block.*desk\.mjs/).waitFor();
    await page.getByRole('row').filter({ hasText: '2 worker' }).getByText('no answer').waitFor();
    await alert.waitFor({ state: 'detached' });
  });

  inBrowser('has dead letters, which are sent again and discarded in bulk', async () => {
    for (let n = 0; n < 3; n++) system.tell('account/bo', { type: 'pay', amount: 500 + n, iban: 'DE99' });
    const lost = await idOn('desk', 2, 'lost');
    system.tell(lost, { type: 'nosuch' });
    // The page looks again only now and then.
    await expect.poll(() => system.deadLetters.list()).toHaveLength(3);
    const page = await open('dead-letters');
    const region = page.getByRole('region', { name: 'Dead letters on disk' });
    await expect.poll(() => region.getByRole('row').count()).toBe(4);
    const inMemory = page.getByRole('region', { name: 'Dead letters in memory' });
    await inMemory.getByRole('row').filter({ hasText: lost }).locator('summary', { hasText: 'nosuch' }).waitFor();
    expect(await inMemory.getByRole('row').filter({ hasText: 'account/bo' }).count()).toBe(0);
    await region.getByText('pay').first().click();
    await region.getByText('"iban":"[redacted]"').first().waitFor();
    await page.getByRole('button', { name: 'Choose all 3' }).click();
    await page.getByRole('button', { name: 'Send 3 again' }).click();
    await consent(page, 'Send again');
    await told(page).getByText('3 failed').waitFor();
    expect(await system.deadLetters.list()).toHaveLength(3);
    await page.getByRole('button', { name: 'Choose all 3' }).click();
    await page.getByRole('button', { name: 'Discard 3' }).click();
    await consent(page, 'Discard');
    await told(page).getByText('3 done').waitFor();
    expect(await system.deadLetters.list()).toEqual([]);
  });

  inBrowser('has a tree of supervision, which is opened level by level, and a placement', async () => {
    await system.ask('desk/chief', { type: 'hire', count: 2 });
    await system.ask('desk/chief-helper-1', { type: 'hire', count: 1 });
    const page = await open('tree');
    await page.getByRole('link', { name: 'desk/chief', exact: true }).waitFor();
    await page.getByText('2 children of desk/chief', { exact: true }).click();
    await page.getByText('1 children of desk/chief-helper-1').click();
    await page.getByRole('link', { name: 'desk/chief-helper-1-helper-1' }).waitFor();
    await page.getByRole('link', { name: 'Placement' }).click();
    const shards = page.getByRole('region', { name: 'Shards of any role by worker' }).getByRole('row');
    await shards.nth(2).waitFor();
    const counts = await shards.locator('td:nth-child(2)').allTextContents();
    expect(counts.map((text) => Number(text.replace(',', ''))).reduce((sum, n) => sum + n, 0)).toBe(1_024);
  });

  inBrowser('has a flow of messages, from kind to kind and from outside', async () => {
    const page = await open('flow');
    const rows = page.getByRole('region', { name: 'Flows of messages' }).getByRole('row');
    const timer = setInterval(() => system.tell('desk/flowing', { type: 'hand', to: 'desk/flowed', ms: 0 }), 20);
    try {
      const inner = rows.filter({ hasText: /^desk\s*desk/ });
      await inner.waitFor();
      await rows.filter({ hasText: /^\(outside\)\s*desk/ }).waitFor();
      await expect.poll(() => inner.locator('td').nth(2).textContent(), { timeout: 20_000 }).toMatch(/^[1-9]/);
      await page.getByRole('img', { name: /flows, the busiest from/ }).waitFor();
    } finally {
      clearInterval(timer);
    }
  });

  inBrowser('is paused and resumed, with mail that is kept', async () => {
    await system.ask('desk/held', { type: 'add' });
    const page = await open('actor?id=desk%2Fheld');
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByLabel('Reason').fill('looked at');
    await consent(page, 'Pause');
    await told(page).getByText('desk/held is paused').waitFor();
    system.tell('desk/held', { type: 'add' });
    const now = page.getByLabel('What it does now');
    await now.getByText(/Paused by desk\/held for .*: looked at/).waitFor();
    await now.getByText('1 messages wait').waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await consent(page, 'Resume');
    await told(page).getByText('desk/held is resumed').waitFor();
    await page.getByText('"done": 2').waitFor();
  });

  inBrowser('has reminders and a store that are seen without waking an actor', async () => {
    await system.ask('account/later', { type: 'remindMe', ms: 3_600_000 });
    const page = await open('reminders');
    const row = page.getByRole('row').filter({ hasText: 'account/later' });
    await row.getByText('bill').waitFor();
    await page.getByRole('link', { name: 'Store' }).click();
    await page.getByRole('region', { name: 'Commits' }).getByRole('row').nth(1).waitFor();
    expect(await tile(page, 'Failed commits')).toBe('0');
  });

  inBrowser('tells of what happens, and of what it was started with', async () => {
    const page = await open('events');
    await page.getByText('Nothing has happened').waitFor();
    await system.ask('desk/told-of', { type: 'add' });
    await page.getByRole('link', { name: 'desk/told-of' }).waitFor();
    await page.getByRole('link', { name: 'Configuration' }).click();
    await page.getByRole('row').filter({ hasText: 'history' }).getByText('given').waitFor();
    expect(await page.content()).not.toContain(TOKEN);
  });
});

describe('the page', () => {
  inBrowser('wants the token, once; a wrong one is told so; no script can read what it is given', async () => {
    const page = await newPage();
    await page.goto(`${url}/#/actor?id=desk%2Ffront`);
    await page.getByLabel('Token').fill('wrong');
    await page.getByRole('button', { name: 'Come in' }).click();
    await page.getByRole('alert').getByText('the token is not').waitFor();
    await page.getByLabel('Token').fill(TOKEN);
    await page.keyboard.press('Enter');
    await page.getByLabel('What it does now').waitFor();
    expect(await page.evaluate('document.cookie')).toBe('');
    await page.reload();
    await page.getByLabel('What it does now').waitFor();
  });

  inBrowser('is used by keyboard: to the content, into a question and out of it', async () => {
    await system.ask('desk/front', { type: 'add' });
    const page = await open('actor?id=desk%2Ffront');
    await page.reload();
    await page.getByLabel('What it does now').waitFor();
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('To the content');
    await page.keyboard.press('Enter');
    expect(await focused(page)).toBe('desk/front');
    await page.getByRole('button', { name: 'Kill' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Kill desk/front?' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect((await system.where('desk/front')).active).toBe(true);
  });

  inBrowser('asks the system for nothing while it is hidden', async () => {
    const page = await open('overview');
    const streams: string[] = [];
    page.on('request', (request) => void (request.url().includes('/api/') && streams.push(request.url())));
    const hide = (isHidden: boolean): Promise<unknown> =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { get: () => ${isHidden}, configurable: true });
         document.dispatchEvent(new Event('visibilitychange'));`,
      );
    await hide(true);
    await page.waitForTimeout(3_000);
    expect(streams).toEqual([]);
    await hide(false);
    await expect.poll(() => streams.length).toBe(2);
  });

  inBrowser('says when the system has ended, and goes on with the next one', async () => {
    const port = await freePort();
    const options = {
      ...{
        actors: new URL('./seen-actors/', import.meta.url),
        workers: 0,
        log: 'silent',
        dataDir: join(folder, 'own'),
      },
      dashboard: { port },
    };
    let own = await createSystem(options);
    const page = await newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.getByText('live', { exact: true }).waitFor();
    await page.getByText('all is in one process').waitFor();
    await own.shutdown();
    await page.getByText('not connected').waitFor();
    await page.getByRole('alert').getByText('The system does not answer').waitFor();
    own = await createSystem(options);
    await page.getByText('live', { exact: true }).waitFor({ timeout: 20_000 });
    await own.shutdown();
  });

  test.skipIf('missing' in found).each(LOOKS)(
    'is accessible on every screen, and no wider than it, at $width pixels in $colorScheme',
    async (look) => {
      system.tell('account/axe', { type: 'pay', amount: 500 });
      await system.ask('order/axe', { type: 'pay' });
      const page = await open('overview', look);
      for (const screen of SCREENS) {
        await show(page, screen);
        // Of what is folded in nobody has looked yet.
        await page.getByText('Looking …').filter({ visible: true }).first().waitFor({ state: 'hidden' });
        // A colour that fades in is none that anybody reads.
        await page.evaluate('Promise.allSettled(document.getAnimations().map((one) => one.finished))');
        expect(await violations(page), screen).toEqual([]);
        const widths = await page.evaluate('[document.documentElement.scrollWidth, innerWidth]');
        const [needed, there] = widths as [number, number];
        expect(needed, `${screen} is wider than the screen`).toBeLessThanOrEqual(there);
      }
      await show(page, 'actor?id=order%2Faxe');
      await page.getByRole('button', { name: 'Send a message' }).click();
      await page.getByRole('dialog').waitFor();
      expect(await violations(page)).toEqual([]);
    },
    180_000,
  );
});

const SCREENS = [
  'overview',
  'actor?id=order%2Faxe',
  'actors?sort=id',
  'actors?kind=order&beside=desk,account&sort=id',
  'workers',
  'flow',
  'actor?id=account%2Faxe',
  'dead-letters',
  'events',
  'tree',
  'placement',
  'reminders',
  'store',
  'configuration',
];

async function violations(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
  const { violations: found } = await page.evaluate(() => axe.run());
  return found.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}

function focused(page: Page): Promise<string> {
  return page.evaluate('document.activeElement.textContent');
}

function tile(page: Page, name: string): Promise<string | null> {
  return page.locator('.tile').filter({ hasText: name }).locator('strong').textContent();
}

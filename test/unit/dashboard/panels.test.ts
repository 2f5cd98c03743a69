/** Own panels of kinds: which files are served, under which policy, and what no folder of panels is. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PANEL_BYTES_MAX, PANEL_FILES_MAX, Panels } from '../../../src/dashboard/panels.ts';
import { validateWeb } from '../../../src/web/web-options.ts';
import { closeListeners, listen, type Reply, send } from '../web/web-fixture.ts';

const ADDRESS = {
  ...({ option: 'dashboard', host: '127.0.0.1', port: 0, token: 'a-token', readOnly: true } as const),
};
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-panels-'));
});
afterEach(async () => {
  await closeListeners();
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text = 'x'): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

async function get(path: string): Promise<Reply> {
  const { url } = await listen(ADDRESS, new Panels(folder).routes());
  return send(url, `GET ${path} HTTP/1.1\r\nhost: localhost`);
}

test('files come under a policy that lets them draw, without an origin, and nothing else', async () => {
  write('order/index.html', '<p>order</p>');
  write('order/lib/draw.mjs', 'export {};');
  expect(new Panels(folder).kinds).toEqual(['order']);
  const page = await get('/panels/order/index.html');
  expect(page).toMatchObject({ status: 200, body: '<p>order</p>' });
  const policy = page.headers['content-security-policy'] ?? '';
  expect(policy).toBe(
    "sandbox allow-scripts; default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
      "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
  );
  const script = await get('/panels/order/lib/draw.mjs');
  expect(script.headers).toMatchObject({
    ...{ 'content-type': 'text/javascript; charset=utf-8', 'x-content-type-options': 'nosniff' },
    ...{ 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' },
  });
});

test('nothing outside of the folder comes, by whatever path or link', async () => {
  write('order/index.html');
  const secret = write('secret.html', 'hush');
  write('order/notes.txt', 'hush');
  symlinkSync(secret, join(folder, 'order', 'linked.html'));
  for (const path of [
    '../secret.html',
    '%2e%2e/secret.html',
    'linked.html',
    'notes.txt',
    '',
    'lib',
    '..%5csecret.html',
  ])
    expect([path, (await get(`/panels/order/${path}`)).status]).toEqual([path, 404]);
});

test('what is no folder of panels is refused at the start, with what is expected', () => {
  expect(() => new Panels(join(folder, 'none'))).toThrow(/dashboard.panels: expected a folder with .* got ENOENT/);
  write('order/panel.html');
  expect(() => new Panels(folder)).toThrow("expected a file index.html for each kind; got none for 'order'");
  write('order/index.html');
  write('No Kind/index.html');
  expect(() => new Panels(folder)).toThrow("got a folder 'No Kind'");
  expect(new Panels(undefined).routes()).toEqual([]);
  for (const panels of ['', 7, new URL('http://localhost/')])
    expect(validateWeb(undefined, { port: 0, panels })).toEqual([
      expect.stringContaining('dashboard.panels: expected the path or URL of a folder; got'),
    ]);
  expect(validateWeb(undefined, { port: 0, panels: './panels' })).toEqual([]);
});

test('files and bytes beyond the limit are refused before they are read', () => {
  write('order/index.html');
  truncateSync(write('order/large.png'), PANEL_BYTES_MAX - 1);
  expect(new Panels(folder).kinds).toEqual(['order']);
  truncateSync(join(folder, 'order/large.png'), PANEL_BYTES_MAX);
  expect(() => new Panels(folder)).toThrow(`files with ${PANEL_BYTES_MAX} bytes; got more`);
  truncateSync(join(folder, 'order/large.png'), 1);
  for (let n = 0; n <= PANEL_FILES_MAX; n++) write(`order/${n}.css`);
  expect(() => new Panels(folder)).toThrow(`at most ${PANEL_FILES_MAX} files`);
});

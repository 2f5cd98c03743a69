/** `/metrics` of real processes: read by a strict reader, by Prometheus's own where it is installed, and by the dashboard of docs/grafana. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { System } from 'troupe';
import { connect } from 'troupe/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ReadFamily, readOpenMetrics } from '../unit/exposition/open-metrics.ts';
import { kill, startSystem, stopSystems, TIRELESS, until } from './harness.ts';

const ACTORS = new URL('./inspected-actors/', import.meta.url);
let dataDir: string;
let system: System;
let url = '';

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'troupe-metrics-'));
  const log = {
    ...{ debug: () => {}, warn: () => {}, error: () => {}, child: () => log },
    info: (fields: object) => {
      if ('url' in fields) url = String(fields.url);
    },
  };
  system = await startSystem({ actors: ACTORS, workers: 3, dataDir, supervision: TIRELESS, metrics: { port: 0 }, log });
  for (let n = 0; n < 30; n++) await system.ask(`desk/d${n}`, { type: 'add' });
  await system.ask('vault/a', { type: 'nothing' }).catch(() => {});
  system.tell('desk/d0', { type: 'nothing' });
  // From the first look on it is measured.
  await system.metrics();
  await system.ask('desk/d1', { type: 'wait', ms: 300 }, { timeoutMs: 100 }).catch(() => {});
  await system.ask('desk/d1', { type: 'add' });
  const client = await connect({ dataDir });
  await client.ask('desk/d0', { type: 'add' });
  await client.close();
});
afterAll(async () => {
  await stopSystems();
  rmSync(dataDir, { recursive: true, force: true });
});

async function scrape(accept?: string): Promise<{ type: string | null; text: string }> {
  const answer = await fetch(`${url}/metrics`, { headers: accept === undefined ? {} : { accept } });
  expect(answer.status).toBe(200);
  return { type: answer.headers.get('content-type'), text: await answer.text() };
}

const sumOf = (families: ReadFamily[], name: string): number =>
  families.flatMap(({ samples }) => samples).reduce((sum, one) => sum + (one.name === name ? one.value : 0), 0);

test('OpenMetrics of three workers and the master, which agree with metrics(); no id is in it', async () => {
  const { type, text } = await scrape();
  expect(type).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  const families = readOpenMetrics(text);
  const metrics = await system.metrics();
  expect(sumOf(families, 'messaging_client_consumed_messages_total')).toBe(metrics.messages);
  expect(metrics.messages).toBeGreaterThan(30);
  expect(sumOf(families, 'troupe_actors')).toBe(metrics.actors);
  expect(sumOf(families, 'troupe_worker_ready')).toBe(3);
  expect(sumOf(families, 'troupe_dead_letters_total')).toBe(metrics.deadLetters);
  expect(sumOf(families, 'troupe_clients_accepted_total')).toBe(1);
  for (const worker of ['0', '1', '2', '3'])
    expect(
      families
        .find(({ name }) => name === 'process_memory_usage_bytes')
        ?.samples.some(({ labels }) => labels.worker === worker),
    ).toBe(true);
  const labels = new Set(families.flatMap(({ samples }) => samples.flatMap((one) => Object.values(one.labels))));
  expect([...labels].filter((label) => label.includes('/') || /^d\d+$/.test(label))).toEqual([]);
});

test('the text of Prometheus for those who prefer it, with the same series', async () => {
  const { type, text } = await scrape('text/plain;version=0.0.4');
  expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(text).not.toContain('# EOF');
  const names = (lines: string): Set<string> =>
    new Set(lines.split('\n').flatMap((line) => /^([a-z]\w*[^ ]*) /.exec(line)?.[1] ?? []));
  expect(names(text)).toEqual(names((await scrape()).text));
});

test.skipIf(spawnSync('promtool', ['--version']).error !== undefined)(
  "Prometheus's own check finds no fault",
  async () => {
    const { text } = await scrape('text/plain');
    const { status, stderr, stdout } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect(`${status} ${stdout}${stderr}`).toBe('0 ');
  },
);

test('the dashboard of Grafana asks only for what there is, with labels that are there', async () => {
  const dashboard = JSON.parse(readFileSync(new URL('../../docs/grafana/troupe.json', import.meta.url), 'utf8')) as {
    panels: { title: string; targets?: { expr: string }[] }[];
  };
  const samples = readOpenMetrics((await scrape()).text).flatMap((family) => family.samples);
  const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  expect(expressions.length).toBeGreaterThan(20);
  for (const expr of expressions) {
    const names = [...expr.matchAll(/\b([a-z]\w*)\{/g)].map(([, name]) => name as string);
    expect(names, expr).not.toEqual([]);
    const by = /\bby \(([\w, ]+)\)/.exec(expr)?.[1]?.split(', ') ?? [];
    for (const name of names) {
      const found = samples.filter((one) => one.name === name);
      expect(found, name).not.toEqual([]);
      for (const { labels } of found) for (const label of by) expect(labels, expr).toHaveProperty(label);
    }
  }
});

test('a worker that is killed begins at 0, under the same labels', async () => {
  const of = async (worker: string): Promise<number | undefined> =>
    readOpenMetrics((await scrape()).text)
      .find(({ name }) => name === 'messaging_client_consumed_messages')
      ?.samples.find(({ labels }) => labels.worker === worker && labels.kind === 'desk')?.value;
  expect(await of('1')).toBeGreaterThan(0);
  kill(system, 1);
  await until('it is back', async () => (await of('1')) === 0, 30_000);
  const restarts = readOpenMetrics((await scrape()).text).find(({ name }) => name === 'troupe_worker_restarts');
  expect(restarts?.samples.find(({ labels }) => labels.worker === '1')?.value).toBe(1);
});

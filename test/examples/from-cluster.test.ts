/** docs/from-cluster.md: each program of node:cluster, and the same in troupe beside it, do the same. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { blocksOf, outputOf, projectOf, tidyUp } from './pages.ts';

const PAGE = 'docs/from-cluster.md';
const PROGRAMS = ['fork', 'both-ways', 'own-id', 'delegate', 'email', 'whole'] as const;
const EXPECTED: Record<(typeof PROGRAMS)[number], string[]> = {
  fork: ['worker 1 is online', 'worker 2 is online'],
  'both-ways': ['doubled: 42', 'news: a number came'],
  'own-id': ['invoices got number 7', 'reports got number 1'],
  delegate: ['primes: 664579, 25', 'the first process went on: true'],
  email: ['sent: By a worker'],
  whole: ['sent: The first', 'sum: 6', 'sum by another process: 9'],
};

interface Mail {
  subject: string;
  to: string;
}

const mails: Mail[] = [];
let inbox: { url: string; close(): Promise<void> };

beforeAll(async () => {
  const { startInbox } = await import(new URL('../../examples/email/inbox-server.mjs', import.meta.url).href);
  inbox = await startInbox({ onMail: (mail: Mail) => mails.push(mail) });
});
afterEach(tidyUp);
afterAll(() => inbox.close());

describe.each(PROGRAMS)('%s', (name) => {
  test.each(['cluster', 'troupe'])('by %s', async (side) => {
    mails.length = 0;
    const output = await outputOf(projectOf(PAGE), [`${name}/${side}.mjs`], { SMTP_URL: inbox.url });
    // Of two workers, either may be online first; an answer may pass what was published before it.
    const lines = output.trim().split('\n');
    const isSorted = name === 'fork' || name === 'both-ways';
    expect(isSorted ? lines.sort() : lines).toEqual(EXPECTED[name]);
    const sent = EXPECTED[name].flatMap((line) => /^sent: (.*)/.exec(line)?.[1] ?? []);
    expect(mails.map(({ subject, to }) => [subject, to])).toEqual(
      sent.map((subject) => [subject, 'reader@example.net']),
    );
  });
});

test('the page has these programs and no others, each on both sides', () => {
  const programs = blocksOf(PAGE).flatMap(([file]) => (file.includes('/actors/') ? [] : [file]));
  expect(programs).toEqual(PROGRAMS.flatMap((name) => [`${name}/cluster.mjs`, `${name}/troupe.mjs`]));
});

/** A mail accepted is a mail sent: a real SMTP server, real workers, and kill -9 between the two. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystem, type System } from 'troupe';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Program } from '../cluster/program.ts';

const ACTORS = new URL('../../actors/', import.meta.url);
const WORKERS = [{ role: 'mail', count: 1 }];
const SUPERVISION = { intensity: 1_000, backoff: { initialMs: 20, maxMs: 50 } };
/** Of an account, five a second. */
const ACCOUNTS = 4;
const MAILS = 24;
/** More than are sent until all are accepted. */
const LIFE_MAILS = 12;

interface Inbox {
  url: string;
  close(): Promise<void>;
}

interface Arrived {
  subject: string;
  messageId: string;
}

let dataDir: string;
let inbox: Inbox;
let arrived: Arrived[];
/** Called with the first mail in the server's hand, before it says yes. */
let onFirst = (): unknown => undefined;
let system: System | undefined;
const programs: Program[] = [];

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'troupe-mail-'));
  arrived = [];
  onFirst = () => undefined;
  const onMail = (mail: Arrived): void => {
    if (arrived.push(mail) === 1) onFirst();
  };
  const { startInbox } = await import(new URL('../../examples/email/inbox-server.mjs', import.meta.url).href);
  inbox = await startInbox({ verdict: () => undefined, onMail });
  process.env.SMTP_URL = inbox.url;
});

afterEach(async () => {
  await system?.shutdown({ timeoutMs: 5_000 });
  system = undefined;
  for (const program of programs.splice(0)) {
    program.kill('SIGKILL');
    await program.ended;
  }
  await inbox.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const options = () => ({
  actors: ACTORS.href,
  workers: WORKERS,
  dataDir,
  supervision: SUPERVISION,
  log: 'silent' as const,
});
const accountOf = (n: number) => `email/account-${n % ACCOUNTS}`;

function mail(n: number): { type: string } & Record<string, unknown> {
  return { type: 'send', to: 'reader@example.net', subject: `Mail ${n}`, text: 'Hello.' };
}

/** Every accepted mail has come, under one Message-ID; how many came again. */
function expectAll(accepted: ReadonlySet<number>): number {
  const ids = new Map<string, Set<string>>();
  for (const { subject, messageId } of arrived) {
    ids.set(subject, (ids.get(subject) ?? new Set()).add(messageId));
  }
  expect([...accepted].filter((n) => !ids.has(`Mail ${n}`))).toEqual([]);
  expect([...ids.values()].filter(({ size }) => size > 1)).toEqual([]);
  return arrived.length - ids.size;
}

async function untilSent(of: (id: string) => Promise<{ queued: number }>): Promise<void> {
  const waiting = async (): Promise<number> => {
    const all = await Promise.all(Array.from({ length: ACCOUNTS }, (_, n) => of(accountOf(n))));
    return all.reduce((sum, { queued }) => sum + queued, 0);
  };
  await vi.waitFor(async () => expect(await waiting()).toBe(0), { timeout: 40_000, interval: 200 });
}

describe('an accepted mail', () => {
  test('is sent although its worker is killed again and again; it comes twice at most once for a kill', async () => {
    system = await createSystem(options());
    const own = system;
    const accepted = new Set<number>();
    const asks = Array.from({ length: MAILS }, async (_, n) => {
      // No id: the reply says that it is accepted, before it is sent.
      await own.ask(accountOf(n), mail(n), { timeoutMs: 30_000 });
      accepted.add(n);
    });
    let kills = 0;
    const killing = setInterval(() => {
      const worker = own.workers().find(({ state }) => state === 'ready');
      if (!worker || kills >= 6) return;
      process.kill(worker.pid, 'SIGKILL');
      kills++;
    }, 450);
    await Promise.all(asks);
    expect(accepted.size).toBe(MAILS);
    await untilSent((id) => own.ask(id, { type: 'status' }, { timeoutMs: 30_000 }));
    clearInterval(killing);
    // How many there is time for depends on the machine.
    expect(kills).toBeGreaterThan(1);
    // A kill may hit one mail of each account between the server's yes and the commit.
    expect(expectAll(accepted)).toBeLessThanOrEqual(kills * ACCOUNTS);
  });

  test('is sent by the next start, when everything was killed after the acceptance', async () => {
    const accepted = new Set<number>();
    for (let life = 0; life < 3; life++) {
      const program = new Program('serve.mjs', options());
      programs.push(program);
      const workers = (await program.value('started')) as number[];
      const asks = Array.from({ length: LIFE_MAILS }, async (_, at) => {
        const n = life * LIFE_MAILS + at;
        await program.value('ask', accountOf(n), mail(n), { timeoutMs: 10_000 });
        accepted.add(n);
      });
      await Promise.all(asks);
      program.kill('SIGKILL');
      await program.ended;
      await vi.waitFor(() => expect(workers.filter(isAlive)).toEqual([]), 5_000);
    }
    expect(new Set(arrived.map(({ subject }) => subject)).size).toBeLessThan(3 * LIFE_MAILS);
    const program = new Program('serve.mjs', options());
    programs.push(program);
    await program.value('started');
    await untilSent((id) => program.value('ask', id, { type: 'status' }) as Promise<{ queued: number }>);
    expect(expectAll(accepted)).toBeLessThanOrEqual(3 * ACCOUNTS);
  });

  test('goes again where the worker dies between the yes of the server and the commit', async () => {
    system = await createSystem(options());
    const [worker] = system.workers();
    // While the server has the mail in hand: its yes is never read.
    onFirst = () => worker && process.kill(worker.pid, 'SIGKILL');
    system.tell(accountOf(1), mail(1));
    await vi.waitFor(() => expect(arrived).toHaveLength(2), { timeout: 20_000 });
    expect(expectAll(new Set([1]))).toBe(1);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

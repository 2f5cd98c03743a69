// Tells whoever started this program that it is ready, and how it is: PM2 over its channel, systemd by its own program
// (a datagram socket, which Node.js cannot write to). Nothing is told where nobody asked.
import { execFile } from 'node:child_process';

const REPORT_MS = 1_000;

/** Who watches over this process, by what it was started with. */
export function supervisor({ pm_id, NOTIFY_SOCKET } = process.env) {
  if (pm_id !== undefined && process.send) return 'pm2';
  return NOTIFY_SOCKET ? 'systemd' : 'none';
}

/** Once the system has started: its workers are ready, and their `main` has run, so the port is open. */
export function reportTo(supervisor, system) {
  if (supervisor === 'pm2') reportToPm2(system);
  if (supervisor === 'systemd') reportToSystemd(system);
}

/** `wait_ready` waits for this word; what follows is shown by `pm2 monit` and `pm2 describe`. */
function reportToPm2(system) {
  process.send('ready');
  every(REPORT_MS, async () => {
    const { actors, mailbox, deadLetters } = await system.metrics();
    const { ready, megabytes } = workersOf(system);
    const values = {
      workers: ready,
      'memory of workers': `${megabytes} MB`,
      actors,
      mailbox,
      'dead letters': deadLetters,
    };
    const data = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value: String(value) }]));
    // Where PM2 itself was killed, nobody hears it: the program goes on.
    if (process.connected) process.send({ type: 'axm:monitor', data }, () => {});
  });
}

/** Of the watchdog, half the time that systemd gives: a process whose loop or workers hang does not come to say it. */
function reportToSystemd(system) {
  notify('--ready', `--status=${workersOf(system).ready} workers`);
  const watchdogMs = Number(process.env.WATCHDOG_USEC ?? 0) / 1_000;
  if (watchdogMs > 0)
    every(watchdogMs / 2, async () => {
      await system.metrics();
      if (workersOf(system).count > 0) notify('WATCHDOG=1', `--status=${workersOf(system).ready} workers`);
    });
  process.prependOnceListener('SIGTERM', () => notify('STOPPING=1'));
}

function notify(...args) {
  execFile('systemd-notify', args, (error) => error && console.error(`systemd-notify: ${error.message}`));
}

function workersOf(system) {
  const workers = system.workers();
  const count = workers.filter(({ state }) => state === 'ready').length;
  const bytes = workers.reduce((sum, { rssBytes }) => sum + rssBytes, 0);
  return { count, ready: `${count} of ${workers.length}`, megabytes: Math.round(bytes / 1024 / 1024) };
}

/** A report that fails, because the system is shutting down say, is left out. */
function every(ms, report) {
  setInterval(() => report().catch(() => {}), ms).unref();
}

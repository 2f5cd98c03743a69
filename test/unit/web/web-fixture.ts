/** A listener with routes of a test, and requests that say exactly what a test wants, also what fetch would not send. */
import { connect } from 'node:net';
import type { Log } from '../../../src/observe/log.ts';
import { systemClock } from '../../../src/vocabulary/system-clock.ts';
import { json, type Route } from '../../../src/web/route.ts';
import { WebListener } from '../../../src/web/web-listener.ts';
import type { WebAddress } from '../../../src/web/web-options.ts';

export const lines: { level: string; fields: Record<string, unknown>; text: string }[] = [];
export const log: Log = {
  debug: () => {},
  info: () => {},
  warn: (fields, text) => void lines.push({ level: 'warn', fields: fields as Record<string, unknown>, text }),
  error: (fields, text) => void lines.push({ level: 'error', fields: fields as Record<string, unknown>, text }),
  child: () => log,
};

const open: WebListener[] = [];

export async function closeListeners(): Promise<void> {
  lines.length = 0;
  await Promise.all(open.splice(0).map((one) => one.close()));
}

export const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/well', needs: 'none', handle: () => json({ well: true }) },
  { method: 'GET', path: '/secret', needs: 'observe', handle: () => ({ body: 'the secret' }) },
  { method: 'POST', path: '/change', needs: 'admin', handle: async ({ json: body }) => json({ got: await body() }) },
];

export async function listen(
  address: Partial<WebAddress> = {},
  routes: readonly Route[] = ROUTES,
): Promise<WebListener> {
  const usual = { option: 'dashboard', host: '127.0.0.1', port: 0, token: undefined, readOnly: false } as const;
  const listener = new WebListener({ ...usual, ...address }, routes, { clock: systemClock(), log });
  await listener.open();
  open.push(listener);
  return listener;
}

export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** One request on a connection of its own, byte for byte. */
export async function send(url: string, head: string, body = ''): Promise<Reply> {
  const text = await raw(
    url,
    `${head}\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const [top = '', ...rest] = text.split('\r\n\r\n');
  const [line = '', ...fields] = top.split('\r\n');
  const headers = Object.fromEntries(
    fields.map((field) => {
      const at = field.indexOf(': ');
      return [field.slice(0, at).toLowerCase(), field.slice(at + 2)];
    }),
  );
  return { status: Number(line.split(' ')[1]), headers, body: rest.join('\r\n\r\n') };
}

/** What comes back until the other side closes. */
export function raw(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    let text = '';
    socket.on('data', (data) => {
      text += data.toString();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

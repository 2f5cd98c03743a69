/** The way to the system: JSON of a screen, changes, and the token, for which the browser is given a cookie that no script can read. */
import { signal } from '@preact/signals';
import type { InfoAnswer } from '../../src/dashboard/answers.ts';

export class Fault extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Whether the system wants its token first. */
export const isLocked = signal(false);
export const info = signal<InfoAnswer | undefined>(undefined);

async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetch(path, { credentials: 'same-origin', cache: 'no-store', ...init }).catch(() => {
    throw new Fault(0, 'The system does not answer: it has ended, or this machine does not reach it.');
  });
  if (response.status === 401) isLocked.value = true;
  const text = await response.text();
  if (!response.ok) throw new Fault(response.status, faultOf(text) ?? `The answer was ${response.status}.`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

function faultOf(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' ? error : undefined;
  } catch {
    return undefined;
  }
}

export function look<T>(screen: string, params: Record<string, string> = {}): Promise<T> {
  const query = new URLSearchParams(params).toString();
  return ask<T>(`/api/${screen}${query && `?${query}`}`);
}

export function change<T>(name: string, fields: Record<string, unknown> = {}): Promise<T> {
  const headers = { 'content-type': 'application/json', 'x-troupe-change': '1' };
  return ask<T>(`/api/do/${name}`, { method: 'POST', headers, body: JSON.stringify(fields) });
}

/** Rejects a `Fault`. */
export async function signIn(token: string): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  await ask<void>('/session', { method: 'POST', headers, body: JSON.stringify({ token }) });
  isLocked.value = false;
  await begin();
}

export async function begin(): Promise<void> {
  info.value = await look<InfoAnswer>('info');
}

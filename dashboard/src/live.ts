/** A screen as it is now, again and again, while it is shown: a hidden page and a closed screen cost the system nothing. */
import { type Signal, signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { begin, type Fault, look } from './server.ts';

const AGAIN_MS = 2_000;

export interface Live<T> {
  readonly value: Signal<T | undefined>;
  readonly fault: Signal<string | undefined>;
}

/** Whether the system is heard; undefined: it was not yet. */
export const isConnected = signal<boolean | undefined>(undefined);

export function useLive<T>(screen: string, params: Record<string, string>, onValue?: (value: T) => void): Live<T> {
  const query = new URLSearchParams({ screen, ...params }).toString();
  // Another actor is another screen: nothing of the one before is shown for it.
  const live = useMemo<Live<T>>(() => ({ value: signal(), fault: signal() }), [query]);
  useEffect(() => follow<T>(query, live, onValue), [query]);
  return live;
}

function follow<T>(query: string, live: Live<T>, onValue: ((value: T) => void) | undefined): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const close = (): void => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  };
  const open = (): void => {
    close();
    if (document.hidden) return;
    source = new EventSource(`/api/stream?${query}`);
    source.addEventListener('message', ({ data }) => {
      const value = JSON.parse(data) as T;
      isConnected.value = true;
      live.fault.value = undefined;
      live.value.value = value;
      onValue?.(value);
    });
    source.addEventListener('fault', ({ data }) => {
      live.fault.value = (JSON.parse(data) as { error: string }).error;
    });
    source.addEventListener('error', () => {
      close();
      isConnected.value = false;
      // Why: it has ended, or wants the token again.
      begin()
        .then(() => explain(query, live))
        .catch((error: Fault) => {
          live.fault.value = error.message;
        })
        .finally(() => {
          timer = setTimeout(open, AGAIN_MS);
        });
    });
  };
  open();
  document.addEventListener('visibilitychange', open);
  return () => {
    document.removeEventListener('visibilitychange', open);
    close();
  };
}

async function explain<T>(query: string, live: Live<T>): Promise<void> {
  const { screen = '', ...params } = Object.fromEntries(new URLSearchParams(query));
  live.value.value = await look<T>(screen, params);
}

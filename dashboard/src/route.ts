/** Which screen is shown, and with what: kept in the address, so that a view can be kept as a bookmark and sent to somebody. */
import { signal } from '@preact/signals';

export interface Place {
  readonly screen: string;
  readonly params: URLSearchParams;
}

export const place = signal<Place>(read());

window.addEventListener('hashchange', () => {
  place.value = read();
});

function read(): Place {
  const [screen = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
  return { screen: screen || 'overview', params: new URLSearchParams(query) };
}

export function hrefOf(screen: string, params: Record<string, string | number | undefined> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params))
    if (value !== undefined && value !== '') query.set(name, `${value}`);
  const text = query.toString();
  return `#/${screen}${text && `?${text}`}`;
}

export function go(screen: string, params: Record<string, string | number | undefined> = {}): void {
  location.hash = hrefOf(screen, params);
}

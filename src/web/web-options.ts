/** The options `metrics` and `dashboard` of createSystem: where a system listens for HTTP, and who may see what there. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isLoopback } from '../client-wire/client-address.ts';
import { TOKEN_LENGTH_MAX } from '../client-wire/client-greeting.ts';
import { type RedactOptions, validateRedact } from '../inspection/redaction.ts';
import { inspect } from '../plain-data/inspect.ts';
import { unknownOption } from '../vocabulary/names.ts';

/** Metrics and health over HTTP, without the page. */
export interface MetricsOptions {
  /** Port, from 1 to 65 535; 0: a free one, which the log says. */
  port: number;
  /** Name or address to listen at. Everybody who can connect reads the metrics. Default `127.0.0.1`: this machine only. */
  host?: string;
}

/** The page, with metrics and health on the same port. */
export interface DashboardOptions {
  /** Port, from 1 to 65 535; 0: a free one, which the log says. */
  port: number;
  /** Name or address to listen at; another one than loopback needs a `token`. Default `127.0.0.1`: this machine only. */
  host?: string;
  /** A secret of 1 to 1 024 characters, by which the page and the metrics are to be had. Default: none; everybody on this machine may see and steer. */
  token?: string;
  /** The page shows and changes nothing. Default false. */
  readOnly?: boolean;
  /**
   * Parts of states, replies and dead letters that are not shown, by kind: `{ account: ['iban'], vault: true, '*': ['password'] }`. At most 1 000 patterns of
   * kinds, and names of fields of one. Default: all is shown.
   */
  redact?: RedactOptions;
  /**
   * Folder with static files of your own for the screens of actors: `panels/order/index.html` is shown in a frame on the screen of each `order/…`, and is given
   * what the page shows of it, without what is redacted. Everybody who reaches the port can read the files. At most 1 000 files and 32 MiB. Default: none.
   */
  panels?: string | URL;
}

/** One address that is listened at for HTTP. */
export interface WebAddress {
  /** The option that asked for it. */
  readonly option: 'metrics' | 'dashboard';
  readonly host: string;
  readonly port: number;
  readonly token: string | undefined;
  readonly readOnly: boolean;
  readonly redact?: RedactOptions | undefined;
  /** Path of the folder. */
  readonly panels?: string | undefined;
}

export const WEB_HOST = '127.0.0.1';
const HOST_LENGTH_MAX = 253;

/** Asked for at one address, the page brings the metrics along. */
export function resolveWeb(
  metrics: MetricsOptions | undefined,
  dashboard: DashboardOptions | undefined,
): readonly WebAddress[] {
  const found: WebAddress[] = [];
  if (dashboard !== undefined) {
    const { port, host = WEB_HOST, token, readOnly = false, redact, panels } = dashboard;
    const folder = panels === undefined ? undefined : folderOf(panels);
    found.push({ option: 'dashboard', host, port, token, readOnly, redact, panels: folder });
  }
  if (metrics !== undefined) {
    const { port, host = WEB_HOST } = metrics;
    const isThere = port !== 0 && found.some((one) => one.port === port && one.host === host);
    if (!isThere) found.push({ option: 'metrics', host, port, token: undefined, readOnly: true, redact: undefined });
  }
  return found;
}

export function validateWeb(metrics: unknown, dashboard: unknown): string[] {
  return [
    ...validateAddress(metrics, 'metrics', ['port', 'host']),
    ...validateAddress(dashboard, 'dashboard', ['port', 'host', 'token', 'readOnly', 'redact', 'panels']),
    ...validateAccess(dashboard),
  ];
}

function validateAddress(one: unknown, at: string, names: readonly string[]): string[] {
  if (one === undefined) return [];
  if (typeof one !== 'object' || one === null || Array.isArray(one))
    return [`${at}: expected { port, … }; got ${inspect(one)}`];
  const { port, host } = one as Record<string, unknown>;
  const faults = Object.keys(one)
    .filter((name) => !names.includes(name))
    .map((name) => unknownOption(`${at}.${name}`, name, names));
  if (!Number.isInteger(port) || (port as number) < 0 || (port as number) > 65_535)
    faults.push(`${at}.port: expected a whole number from 0 to 65535; got ${inspect(port)}`);
  const isHost = typeof host === 'string' && /^[\w.:%-]+$/.test(host) && host.length <= HOST_LENGTH_MAX;
  if (host !== undefined && !isHost)
    faults.push(`${at}.host: expected a name or an address, such as '0.0.0.0'; got ${inspect(host)}`);
  return faults;
}

function validateAccess(dashboard: unknown): string[] {
  if (typeof dashboard !== 'object' || dashboard === null) return [];
  const { host, token, readOnly, redact, panels } = dashboard as Record<string, unknown>;
  const faults: string[] = validateRedact(redact, 'dashboard.redact');
  const isText = typeof token === 'string' && token.length >= 1 && token.length <= TOKEN_LENGTH_MAX;
  // A token is a secret: an error, which is logged, does not repeat it.
  if (token !== undefined && !isText)
    faults.push(`dashboard.token: expected 1 to ${TOKEN_LENGTH_MAX} characters; got ${shapeOf(token)}`);
  if (readOnly !== undefined && typeof readOnly !== 'boolean')
    faults.push(`dashboard.readOnly: expected true or false; got ${inspect(readOnly)}`);
  const isFolder = panels instanceof URL ? panels.protocol === 'file:' : typeof panels === 'string' && panels !== '';
  if (panels !== undefined && !isFolder)
    faults.push(`dashboard.panels: expected the path or URL of a folder; got ${inspect(panels)}`);
  if (typeof host === 'string' && !isLoopback(host) && token === undefined)
    faults.push(`dashboard.token: expected one where others can connect (host ${inspect(host)}); got undefined`);
  return faults;
}

function folderOf(place: string | URL): string {
  return resolve(place instanceof URL || place.startsWith('file:') ? fileURLToPath(place) : place);
}

function shapeOf(value: unknown): string {
  return typeof value === 'string' ? `${value.length}` : `a ${typeof value}`;
}

/** The entries of a system: where its clients, and the tools of its user, come in. */
import type { GatewayParts } from '../gateway/gateway.ts';
import type { ResolvedOptions } from '../options.ts';

export function entriesOf({
  listen,
  controlSocket,
  dataDir,
}: ResolvedOptions): Pick<GatewayParts, 'listen' | 'control'> {
  // On Windows sockets are no files: nobody could find one by its folder.
  if (controlSocket === 'off' || process.platform === 'win32') return { listen };
  return { listen, control: { dataDir, isRequired: controlSocket === 'required' } };
}

/** A store that another process owns, as the conformance suite asks for one: over real sockets. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OwnedStore } from '../../../src/store/store.ts';
import { RemoteStore } from '../../../src/store-service/remote-store.ts';
import { StoreService } from '../../../src/store-service/store-service.ts';
import { STORE_FRAME_BYTES_MAX, STORE_PEER } from '../../../src/store-service/store-frames.ts';
import { systemClock } from '../../../src/vocabulary/system-clock.ts';
import { type Handshake, WIRE_VERSION } from '../../../src/wire/link.ts';
import { SocketNetwork } from '../../../src/wire/socket-network.ts';
import type { StoreKit } from '../store/store-conformance.ts';

const clock = systemClock();

function handshakeOf(index: number, incarnation = 1): Handshake {
  return { version: WIRE_VERSION, system: 'bank', token: 'secret', self: { index, incarnation } };
}

/** `areWhole`: processes put values together. */
export async function ownedKit(
  open: (folder: string) => OwnedStore | Promise<OwnedStore>,
  areWhole: boolean,
): Promise<StoreKit> {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-owner-'));
  const owned = await open(folder);
  const service = new StoreService(owned, { heard: () => [] });
  const network = new SocketNetwork({ clock, folder, frameBytesMax: STORE_FRAME_BYTES_MAX });
  const path = await network.listen({ ...handshakeOf(0), self: STORE_PEER }, (link) => service.accept(link));
  let opened = 0;
  return {
    open: async () => {
      const own = handshakeOf(++opened);
      return new RemoteStore(() => network.connect(path, own, STORE_PEER), clock, areWhole);
    },
    remove: async () => {
      service.close();
      await network.close();
      await owned.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

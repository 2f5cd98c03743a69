/** The program of the thread that owns the store: opens it, listens, and serves until it is told to end. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { asError, errorToData, TroupeError } from '../vocabulary/errors.ts';
import { systemClock } from '../vocabulary/system-clock.ts';
import { type LinkPeer, WIRE_VERSION } from '../wire/link.ts';
import { SocketNetwork } from '../wire/socket-network.ts';
import { PostgresStore } from '../store-postgres/postgres-store.ts';
import { LmdbStore } from '../store/lmdb-store.ts';
import { endInOrder } from './end-in-order.ts';
import { STORE_FRAME_BYTES_MAX, STORE_PEER } from './store-frames.ts';
import type { FromOwner, OwnerBoot, ToOwner } from './owner-messages.ts';
import { StoreService } from './store-service.ts';
import { tellPrints } from './thread-prints.ts';

function tell(message: FromOwner): void {
  parentPort?.postMessage(message);
}

tellPrints([process.stdout, process.stderr], (text) => tell({ type: 'printed', text }));

function* heard(deaths: MessagePort): Generator<LinkPeer> {
  for (;;) {
    const one = receiveMessageOnPort(deaths) as { message: LinkPeer } | undefined;
    if (one === undefined) return;
    yield one.message;
  }
}

async function openStore({ folder, postgres, startsAfter }: OwnerBoot): Promise<LmdbStore | PostgresStore> {
  const entered = (writer: string, epoch: number): void => tell({ type: 'entered', writer, epoch });
  if (postgres)
    return PostgresStore.open({ ...postgres, startsAfter, isAlone: postgres.writer === undefined, entered });
  return LmdbStore.open(folder, (pages) => tell({ type: 'missing', pages }));
}

async function run(boot: OwnerBoot): Promise<void> {
  const { socketDir, system, token, deaths, failure, pollMicros } = boot;
  const store = await openStore(boot);
  if (failure !== undefined) store.fail(failure);
  const service = new StoreService(store, { heard: () => heard(deaths) });
  const network = new SocketNetwork({
    clock: systemClock(),
    folder: socketDir,
    frameBytesMax: STORE_FRAME_BYTES_MAX,
    pollMicros,
  });
  const handshake = { version: WIRE_VERSION, system, token, self: STORE_PEER };
  const path = await network.listen(handshake, (link) => service.accept(link));
  const close = (): Promise<unknown> => {
    service.close();
    return Promise.all([network.close(), store.close()]);
  };
  process.on('uncaughtException', (error) => {
    tell({ type: 'failed', error: errorToData(new TroupeError('STORE_FAILED', error.message, { cause: error })) });
    endInOrder(close, () => process.exit(1));
  });
  parentPort?.on('message', (message: ToOwner) => {
    if (message.type === 'fail') return store.fail(message.reason);
    void close().finally(() => {
      deaths.close();
      parentPort?.close();
    });
  });
  tell({ type: 'ready', path, startedAt: store instanceof PostgresStore ? store.startedAt : undefined });
  if (store instanceof PostgresStore) return;
  store.check().then(
    (check) => tell({ type: 'checked', check }),
    () => {},
  );
}

run(workerData as OwnerBoot).catch((error) => {
  const fault = error instanceof TroupeError ? error : new TroupeError('STORE_FAILED', asError(error).message);
  tell({ type: 'refused', error: errorToData(fault) });
  parentPort?.close();
  (workerData as OwnerBoot).deaths.close();
});

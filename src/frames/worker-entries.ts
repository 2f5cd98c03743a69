/** The entries that only processes of a system send each other: on the connection of a client they make no sense, whichever end reads them. */
import type { Ingress } from './frame-reader.ts';

type WorkerEntries = Pick<
  Ingress,
  'topicBarrier' | 'topicReached' | 'topicsLearned' | 'marker' | 'transfer' | 'flush' | 'flushed'
>;

/** `refuse` makes what throws, from the name of an entry. */
export function refusedWorkerEntries(refuse: (what: string) => () => never): WorkerEntries {
  return {
    topicBarrier: refuse('a barrier of a topic'),
    topicReached: refuse('the answer of a topic'),
    topicsLearned: refuse('a list of topics'),
    marker: refuse('a marker'),
    transfer: refuse('the state of an actor'),
    flush: refuse('a flush'),
    flushed: refuse('the answer of a flush'),
  };
}

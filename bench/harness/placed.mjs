/** Ids that live where a scenario wants them. */

/** The first id of a kind, by number, that the system has placed on a worker. */
export async function idOn(system, kind, worker, from = 1) {
  for (let n = from; ; n++) {
    const id = `${kind}/${String(n).padStart(8, '0')}`;
    if ((await system.where(id)).worker === worker) return id;
  }
}

/** How long the answer of another machine is waited for, and what the list says of one that gives none. */
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import type { MachineLists } from '../../../src/inspection/list-actors.ts';
import type { ListQuery } from '../../../src/observe/actor-list.ts';
import { LIST_MS, LOOK_MS, listsOfAll, type MachineCalling, ofAllMachines } from '../../../src/system/machine-looks.ts';
import { TroupeError } from '../../../src/vocabulary/errors.ts';
import type { ForeignMachine } from '../../../src/wire/control.ts';

const silent: ForeignMachine = { index: 16_384, machine: 'silent', address: '127.0.0.1:1', workers: [] };

/** One other machine, that never says a word. */
function world() {
  const clock = new VirtualClock();
  const beyond: MachineCalling = {
    others: () => [silent],
    call: (_machine, _name, _args, withinMs) =>
      new Promise((_, reject) =>
        clock.setTimer(withinMs, () => reject(new TroupeError('ACTOR_UNAVAILABLE', 'no answer', { fate: 'unknown' }))),
      ),
  };
  return { clock, around: { clock, cluster: { beyond, hostOf: () => undefined } } };
}

test('a list waits so long for a machine that is silent, and names it', async () => {
  const { clock, around } = world();
  const part = { inMemory: 3, ranked: [], hasMore: false };
  const here: MachineLists = { machine: 'here', parts: [part], silent: [] };
  const query = { sort: 'mailbox', limit: 10, kind: undefined, after: undefined } as unknown as ListQuery;
  let lists: unknown;
  void listsOfAll(around, [{}], [query], async () => here).then((all) => (lists = all));
  await clock.advance(LIST_MS - 1);
  expect(lists).toBeUndefined();
  await clock.advance(1);
  expect(lists).toMatchObject([{ inMemory: 3, silentMachines: [{ machine: 'silent', workers: [] }] }]);
});

test('a look at one actor waits so long for machines that may have heard of it', async () => {
  const { clock, around } = world();
  let answers: unknown;
  void ofAllMachines(around, 'a/1', { name: 'history', args: [] }, async () => 'here').then((all) => (answers = all));
  await clock.advance(LOOK_MS - 1);
  expect(answers).toBeUndefined();
  await clock.advance(1);
  expect(answers).toEqual(['here']);
});

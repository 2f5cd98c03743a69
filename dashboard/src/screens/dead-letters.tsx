/** Messages that could not be handled: why, and what was in them. Those on disk are sent again or discarded, many at once. */
import { useState } from 'preact/hooks';
import type { BulkAnswer, LetterAnswer, LettersAnswer } from '../../../src/dashboard/answers.ts';
import { useLive } from '../live.ts';
import { ActorLink, Card, Waiting } from '../parts/blocks.tsx';
import { ask } from '../parts/consent.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { hrefOf } from '../route.ts';
import { change, info } from '../server.ts';
import { clockTime, count } from '../show.ts';

const COLUMNS: readonly Column<LetterAnswer>[] = [
  { head: 'At', cell: ({ at }) => clockTime(at) },
  { head: 'Reason', cell: ({ reason }) => <code>{reason}</code> },
  { head: 'To', cell: ({ to }) => <ActorLink id={to} /> },
  { head: 'From', cell: ({ sender }) => (sender === undefined ? '' : <ActorLink id={sender} />) },
  {
    head: 'Message',
    cell: ({ type, message }) => (
      <details>
        <summary>{type}</summary>
        <code class="payload">{JSON.stringify(message)}</code>
      </details>
    ),
  },
];

export function DeadLetters({ params }: { readonly params: URLSearchParams }) {
  const after = params.get('after');
  const live = useLive<LettersAnswer>('dead-letters', after === null ? {} : { after });
  const letters = live.value.value;
  return (
    <>
      <Waiting live={live} />
      {letters !== undefined && <Reasons letters={letters} />}
      {letters !== undefined && <Stored letters={letters} isFirst={after === null} />}
      {letters !== undefined && (
        <Card title="In memory of the processes, the newest first">
          <Table
            caption="Dead letters in memory"
            rows={letters.inMemory}
            keyOf={(letter) => letters.inMemory.indexOf(letter)}
            empty="None. Each process keeps its own, and takes them with it as it ends."
            columns={[{ head: 'Worker', isNumber: true, cell: ({ worker }) => worker ?? '' }, ...COLUMNS]}
          />
        </Card>
      )}
    </>
  );
}

function Reasons({ letters: { total, byReason } }: { readonly letters: LettersAnswer }) {
  const reasons = Object.entries(byReason).sort(([, a], [, b]) => b - a);
  return (
    <p>
      {count(total)} since the start
      {reasons.length > 0 && `: ${reasons.map(([reason, many]) => `${reason} ${count(many)}`).join(', ')}`}.
    </p>
  );
}

function Stored({
  letters: { stored, next },
  isFirst,
}: {
  readonly letters: LettersAnswer;
  readonly isFirst: boolean;
}) {
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const ids = stored.flatMap(({ id }) => id ?? []);
  const some = ids.filter((id) => chosen.has(id));
  const mayChange = info.value?.readOnly === false;
  const toggle = (id: string): void => {
    const now = new Set(some);
    if (!now.delete(id)) now.add(id);
    choose(now);
  };
  const box: Column<LetterAnswer> = {
    head: 'Choose',
    cell: ({ id = '', to }) => (
      <input
        type="checkbox"
        checked={chosen.has(id)}
        onChange={() => toggle(id)}
        aria-label={`Choose the letter ${id} to ${to}`}
      />
    ),
  };
  return (
    <Card title="On disk, of durable actors">
      {mayChange && ids.length > 0 && (
        <div class="acts">
          <button type="button" onClick={() => choose(new Set(some.length === ids.length ? [] : ids))}>
            {some.length === ids.length ? 'Choose none' : `Choose all ${ids.length}`}
          </button>
          <button type="button" disabled={some.length === 0} onClick={() => changeAll('resend', some)}>
            Send {some.length} again …
          </button>
          <button type="button" class="danger" disabled={some.length === 0} onClick={() => changeAll('discard', some)}>
            Discard {some.length} …
          </button>
        </div>
      )}
      <Table
        caption="Dead letters on disk"
        rows={stored}
        keyOf={({ id }) => id ?? ''}
        empty="None."
        columns={mayChange ? [box, ...COLUMNS] : COLUMNS}
      />
      <p class="more">
        {!isFirst && <a href={hrefOf('dead-letters')}>From the first</a>}{' '}
        {next !== undefined && <a href={hrefOf('dead-letters', { after: next })}>The next ones</a>}
      </p>
    </Card>
  );
}

function changeAll(name: 'resend' | 'discard', ids: readonly string[]): void {
  const isResend = name === 'resend';
  ask({
    title: isResend ? `Send ${ids.length} letters again?` : `Discard ${ids.length} letters?`,
    text: isResend
      ? 'Each is handled as if its sender had sent it now; one that fails again leaves a new letter.'
      : 'They are gone for good.',
    act: isResend ? 'Send again' : 'Discard',
    isDangerous: !isResend,
    run: async () => {
      const { done, gone, failed } = await change<BulkAnswer>(name, { ids });
      const first = failed[0];
      if (first !== undefined) throw new Error(`${done} done, ${failed.length} failed; the first: ${first.error}`);
      return `${done} done${gone > 0 ? `, ${gone} were gone already` : ''}.`;
    },
  });
}

/** One actor: first what it does now and since when, what it waits for, and what waits behind it. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ActorAnswer } from '../../../src/dashboard/answers.ts';
import type { ActorInspection, Listed, WaitInspection } from '../../../src/observe/actor-inspection.ts';
import type { PastPlace } from '../../../src/observe/past-place.ts';
import type { MachineShape } from '../../../src/observe/xstate-shape.ts';
import { useLive } from '../live.ts';
import { ActorLink, Badge, Card, Json, Waiting } from '../parts/blocks.tsx';
import { Machine } from '../parts/machine.tsx';
import { Panel } from '../parts/panel.tsx';
import { Table } from '../parts/table.tsx';
import { Timeline } from '../parts/timeline.tsx';
import { go } from '../route.ts';
import { look } from '../server.ts';
import { bytes, clockTime, count, ms, since } from '../show.ts';
import { ActorActs } from './actor-acts.tsx';

export function Actor({ params }: { readonly params: URLSearchParams }) {
  const id = params.get('id') ?? '';
  return (
    <>
      <Search id={id} />
      {id === '' ? <p class="quiet">Which one? An id is a kind and a key: order/4711.</p> : <One key={id} id={id} />}
    </>
  );
}

function Search({ id }: { readonly id: string }) {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    go('actor', { id: String(new FormData(event.target as HTMLFormElement).get('id') ?? '').trim() });
  };
  return (
    <form class="search" onSubmit={submit}>
      <label>
        Id of the actor{' '}
        <input key={id} name="id" defaultValue={id} placeholder="order/4711" autocomplete="off" spellcheck={false} />
      </label>
      <button type="submit">Look</button>
    </form>
  );
}

function One({ id }: { readonly id: string }) {
  const live = useLive<ActorAnswer>('actor', { id });
  const shape = useMachine(id);
  const answer = live.value.value;
  if (answer === undefined) return <Waiting live={live} />;
  const { actor, at, turns } = answer;
  return (
    <>
      <Waiting live={live} />
      <Now actor={actor} now={at} />
      <ActorActs actor={actor} />
      {shape !== undefined && (
        <Card title="Its machine">
          <Machine shape={shape} value={(actor.state as { value?: unknown } | undefined)?.value} />
        </Card>
      )}
      <Panel answer={answer} />
      <div class="cards">
        <Waits waits={actor.waitsFor} now={at} />
        <Mail actor={actor} now={at} />
      </div>
      <Card title="Its state">
        {actor.state === undefined ? (
          <p class="quiet">There is none to be shown.</p>
        ) : (
          <Json value={actor.state} label="State" />
        )}
        {actor.stateCut !== undefined && <p class="quiet">Not whole: {actor.stateCut}.</p>}
      </Card>
      <Card title="Its last turns">
        {turns === undefined ? (
          <p class="quiet">
            They are not kept. The option <code>history: {'{ turns: 100 }'}</code> of createSystem keeps them.
          </p>
        ) : turns.length === 0 ? (
          <p class="quiet">None yet.</p>
        ) : (
          <Timeline turns={turns} now={at} />
        )}
      </Card>
      <Kin actor={actor} now={at} />
      <Places places={answer.places} />
    </>
  );
}

/** Its states and transitions change with the code only. */
function useMachine(id: string): MachineShape | undefined {
  const [shape, setShape] = useState<MachineShape>();
  useEffect(() => {
    look<MachineShape | null>('machine', { id }).then(
      (found) => setShape(found ?? undefined),
      () => setShape(undefined),
    );
  }, [id]);
  return shape;
}

function Now({ actor, now }: { readonly actor: ActorInspection; readonly now: number }) {
  const { status, turn, waitsFor, mailbox, lastFailure } = actor;
  return (
    <section class="now" aria-label="What it does now">
      <p class="does">
        <Badge text={status} /> {doing(actor, now)}
      </p>
      {actor.pause !== undefined && (
        <p>
          <strong>
            {actor.pause.perSecond === undefined ? 'Paused' : `Resumed at ${actor.pause.perSecond} per second`}
          </strong>{' '}
          by <code>{actor.pause.pattern}</code> for {since(actor.pause.since, now)}
          {actor.pause.reason !== undefined && `: ${actor.pause.reason}`}
        </p>
      )}
      {turn?.deadline !== undefined && <p>Its asker gives up in {since(now, turn.deadline)}.</p>}
      {waitsFor.slice(0, 3).map((wait) => (
        <p key={`${wait.what} ${wait.of}`}>
          <strong>Waits for</strong> <Wait wait={wait} now={now} />
        </p>
      ))}
      <p>
        <strong>Behind it</strong>{' '}
        {mailbox.count === 0
          ? 'nothing waits.'
          : `${count(mailbox.count)} messages wait${mailbox.oldestWaitMs ? `, the first for at least ${ms(mailbox.oldestWaitMs)}` : ''}.`}
      </p>
      {lastFailure !== undefined && (
        <p>
          <strong>Failed last</strong> {clockTime(lastFailure.at)}: <code>{lastFailure.error}</code>
        </p>
      )}
      <p class="quiet">
        {actor.worker === undefined ? 'Placed at its first use' : `Worker ${actor.worker}, pid ${actor.pid}`}
        {actor.durable ? ', durable' : ''}
        {actor.inMemorySince === undefined ? ', not in memory' : `, in memory for ${since(actor.inMemorySince, now)}`}
        {actor.restarts > 0 ? `, ${actor.restarts} restarts` : ''}
      </p>
    </section>
  );
}

function doing({ status, turn, since: at, until }: ActorInspection, now: number): ComponentChildren {
  if (status === 'busy' && turn !== undefined)
    return (
      <>
        handles <code>{turn.type ?? 'a turn of its own'}</code> for <strong>{since(turn.since, now)}</strong>
        {turn.sender !== undefined && (
          <>
            {' '}
            from <ActorLink id={turn.sender} />
          </>
        )}
      </>
    );
  if (until !== undefined)
    return status === 'failed' ? `refuses mail until ${clockTime(until)}` : `wakes up by itself at ${clockTime(until)}`;
  return at === undefined ? '' : `for ${since(at, now)}`;
}

const WAITS: Record<WaitInspection['what'], string> = {
  ...{
    reply: 'the reply of',
    end: 'the end of',
    child: 'the start or end of its child',
    check: 'the check of a message',
  },
  ...{ start: 'its start', commit: 'the store', room: 'the commits of its process', backoff: 'its next start' },
  ...{ stop: 'the end of its children', move: 'its new worker', resume: 'being resumed' },
};

function Wait({ wait, now }: { readonly wait: WaitInspection; readonly now: number }) {
  const { what, of, type, since: from, until } = wait;
  return (
    <>
      {WAITS[what]} {of !== undefined && <ActorLink id={of} />}
      {type !== undefined && (
        <>
          {' '}
          to <code>{type}</code>
        </>
      )}
      {from !== undefined && ` for ${since(from, now)}`}
      {until !== undefined && `, ${since(now, until)} at most`}
    </>
  );
}

function Waits({ waits, now }: { readonly waits: readonly WaitInspection[]; readonly now: number }) {
  return (
    <Card title="What it waits for">
      {waits.length === 0 ? (
        <p class="quiet">
          Nothing that the system knows. A busy one without an entry here awaits something outside, I/O say.
        </p>
      ) : (
        <ul>
          {waits.map((wait) => (
            <li key={`${wait.what} ${wait.of} ${wait.type} ${wait.since}`}>
              <Wait wait={wait} now={now} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Mail({ actor: { mailbox, stash, outbox }, now }: { readonly actor: ActorInspection; readonly now: number }) {
  const types = Object.entries(mailbox.types).sort(([, a], [, b]) => b - a);
  return (
    <Card title="What waits behind it">
      <p>
        {count(mailbox.count)} messages, {bytes(mailbox.bytes)}; {count(stash.count)} put aside; {count(outbox.count)}{' '}
        sent and not acknowledged.
      </p>
      {types.length > 0 && <p>By type: {types.map(([type, many]) => `${type} ${count(many)}`).join(', ')}.</p>}
      <Table
        caption="The first messages"
        rows={mailbox.first.map((mail, position) => ({ ...mail, position: position + 1 }))}
        keyOf={({ position }) => position}
        empty="Nothing waits."
        columns={[
          { head: '#', isNumber: true, cell: ({ position }) => position },
          { head: 'Message', cell: ({ type }) => type },
          {
            head: 'From',
            cell: ({ sender }) => (sender === undefined ? 'a process, client or topic' : <ActorLink id={sender} />),
          },
          {
            head: 'Asker waits',
            isNumber: true,
            cell: ({ deadline }) => (deadline === undefined ? '' : since(now, deadline)),
          },
        ]}
      />
    </Card>
  );
}

const REASONS: Record<PastPlace['why'], string> = {
  ...{
    start: 'nobody hosted it',
    death: 'its worker died',
    'hand-off': 'it was moved: by a call, a drain or a rebalance',
  },
  ...{ claim: 'a place for a new actor', end: 'it ended: its shard decides again', reload: 'its kind changed' },
};

function Places({ places }: { readonly places: readonly PastPlace[] }) {
  return (
    <Card title="Its places">
      <Table
        caption="Places, the last one first"
        rows={[...places].reverse()}
        keyOf={({ epoch, of }) => `${epoch} ${of}`}
        empty="It has had none that is known."
        columns={[
          { head: 'Since', cell: ({ at }) => clockTime(at) },
          {
            head: 'Worker',
            cell: ({ worker }) => (worker === undefined ? 'that of its shard' : worker < 0 ? 'none' : worker),
          },
          { head: 'Of', cell: ({ of }) => (of === 'own' ? 'it alone' : 'its shard') },
          { head: 'Reason', cell: ({ why }) => REASONS[why] },
          { head: 'Epoch', isNumber: true, cell: ({ epoch }) => count(epoch) },
        ]}
      />
    </Card>
  );
}

/** Those that it belongs to, and what will come. */
function Kin({ actor, now }: { readonly actor: ActorInspection; readonly now: number }) {
  const { timers, reminders } = actor;
  const due = [...reminders.first, ...timers.first].sort((a, b) => a.at - b.at);
  return (
    <div class="cards">
      <Card title="Family">
        <p>Parent: {actor.parent === undefined ? 'none' : <ActorLink id={actor.parent} />}</p>
        <Names title="Children" listed={actor.children} />
        <Names title="Watched by" listed={actor.watchers} />
        <Names title="Watches" listed={actor.watching} />
        <Names title="Topics" listed={actor.topics} />
      </Card>
      <Card title="Timers and reminders">
        <Table
          caption="Timers and reminders, the next one first"
          rows={due}
          keyOf={({ at, type, name }) => `${at} ${type} ${name}`}
          empty="None."
          columns={[
            { head: 'Due in', isNumber: true, cell: ({ at }) => since(now, at) },
            { head: 'Message', cell: ({ type }) => type },
            { head: 'Reminder', cell: ({ name }) => name ?? '' },
            { head: 'Every', isNumber: true, cell: ({ everyMs }) => (everyMs === undefined ? 'once' : ms(everyMs)) },
          ]}
        />
      </Card>
    </div>
  );
}

function Names({ title, listed: { count: many, first } }: { readonly title: string; readonly listed: Listed<string> }) {
  if (many === 0) return <p>{title}: none</p>;
  return (
    <details open={many <= 5}>
      <summary>
        {title}: {count(many)}
      </summary>
      <ul>
        {first.map((id) => (
          <li key={id}>
            <ActorLink id={id} />
          </li>
        ))}
        {many > first.length && <li class="quiet">and {count(many - first.length)} more</li>}
      </ul>
    </details>
  );
}

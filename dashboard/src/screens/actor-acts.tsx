/** What can be done to an actor, each after a question. */
import type { ActorInspection } from '../../../src/observe/actor-inspection.ts';
import { Act } from '../parts/consent.tsx';
import { change, info } from '../server.ts';

const MESSAGE = '{ "type": "get" }';

export function ActorActs({ actor: { id, worker, durable, pause } }: { readonly actor: ActorInspection }) {
  if (info.value?.readOnly !== false) return null;
  return (
    <div class="acts">
      <Act
        label="Send a message …"
        question={() => ({
          ...{ title: `Ask ${id}`, act: 'Send and wait', text: 'Its handler runs, as for any other sender.' },
          fields: [{ name: 'message', label: 'Message, as JSON', value: MESSAGE, isLong: true }],
          run: async ({ message = '' }) => {
            const { answer } = await change<{ answer?: unknown }>('ask', { id, message: parsed(message) });
            return `It replied: ${answer === undefined ? 'nothing' : JSON.stringify(answer)}`;
          },
        })}
      />
      {worker !== undefined && worker > 0 && (
        <Act
          label="Move …"
          question={() => ({
            ...{
              title: `Move ${id}`,
              act: 'Move it',
              text: 'With its state, mail, timers and watchers, between two turns.',
            },
            fields: [{ name: 'worker', label: 'To worker', value: '' }],
            run: async ({ worker: to = '' }) => {
              await change('move', { id, worker: whole(to) });
              return `${id} is on worker ${to}.`;
            },
          })}
        />
      )}
      <Pausing id={id} pattern={pause?.pattern} />
      <Act
        label="Stop …"
        isDangerous
        question={() => ({
          ...{ title: `Stop ${id}?`, act: 'Stop it', isDangerous: true },
          text: `It handles the mail that it has by now, and ends.${durable ? ' Its record stays.' : ' Its state is lost.'}`,
          run: async () => {
            await change('stop', { id });
            return `${id} has ended.`;
          },
        })}
      />
      <Act
        label="Kill …"
        isDangerous
        question={() => ({
          ...{ title: `Kill ${id}?`, act: 'Kill it', isDangerous: true },
          text: `It ends at once; mail that waits becomes dead letters.${durable ? ' Its record stays.' : ' Its state is lost.'}`,
          run: async () => {
            await change('kill', { id });
            return `${id} was killed.`;
          },
        })}
      />
    </div>
  );
}

/** The pattern of its pause may be for others, too. */
function Pausing({ id, pattern }: { readonly id: string; readonly pattern: string | undefined }) {
  if (pattern !== undefined)
    return (
      <Act
        label="Resume …"
        question={() => ({
          ...{ title: `Resume ${pattern}?`, act: 'Resume', text: 'The mail that was kept is handled, in its order.' },
          fields: [{ name: 'perSecond', label: 'Messages per second, or nothing for no limit', value: '' }],
          run: async ({ perSecond = '' }) => {
            await change('resume', { pattern, ...(perSecond !== '' && { perSecond: Number(perSecond) }) });
            return `${pattern} is resumed.`;
          },
        })}
      />
    );
  return (
    <Act
      label="Pause …"
      question={() => ({
        ...{ title: 'Pause', act: 'Pause', text: 'Mail is taken and kept; no turn begins, until it is resumed.' },
        fields: [
          { name: 'pattern', label: 'Of which ids, * for any characters', value: id },
          { name: 'reason', label: 'Reason', value: '' },
        ],
        run: async ({ pattern: given = '', reason = '' }) => {
          await change('pause', { pattern: given, ...(reason !== '' && { reason }) });
          return `${given} is paused.`;
        },
      })}
    />
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`The message is no JSON: ${(error as Error).message}`);
  }
}

function whole(text: string): number {
  if (/^\d+$/.test(text.trim())) return Number(text);
  throw new Error('Expected the number of a worker.');
}

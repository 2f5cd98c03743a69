/** The blocks that screens are made of. */
import type { ComponentChildren } from 'preact';
import type { Live } from '../live.ts';
import { hrefOf } from '../route.ts';

export function ActorLink({ id }: { readonly id: string }) {
  // Processes and topics have no page.
  if (!/^[a-z][a-z0-9-]*\//.test(id)) return <span class="id">{id}</span>;
  return (
    <a class="id" href={hrefOf('actor', { id })}>
      {id}
    </a>
  );
}

export function Card({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <section class="card">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly more?: string | undefined;
  readonly isBad?: boolean;
}

export function Tile({ name, value, more, isBad }: TileProps) {
  return (
    <div class={isBad ? 'tile bad' : 'tile'}>
      <dt>{name}</dt>
      <dd>
        <strong>{value}</strong>
        {more !== undefined && <small>{more}</small>}
      </dd>
    </div>
  );
}

const TONES: Record<string, string> = {
  ...{ ready: 'good', busy: 'busy', done: 'good', running: 'busy', starting: 'busy', moving: 'busy', draining: 'busy' },
  ...{ restarting: 'bad', failed: 'bad', 'given-up': 'bad', 'backing-off': 'bad', 'given up': 'bad', refused: 'bad' },
  ...{ live: 'good', leaving: 'busy', lost: 'bad' },
};

export function Badge({ text }: { readonly text: string }) {
  return <span class={`badge ${TONES[text] ?? ''}`}>{text}</span>;
}

/** What a screen shows while nothing has come, and why nothing comes. */
export function Waiting({ live }: { readonly live: Live<unknown> }) {
  const fault = live.fault.value;
  if (fault !== undefined)
    return (
      <p class="fault" role="alert">
        {fault}
      </p>
    );
  return live.value.value === undefined ? <p class="quiet">Looking …</p> : null;
}

export function Json({ value, label }: { readonly value: unknown; readonly label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section class="scroll" tabIndex={0} aria-label={label}>
      <pre>{JSON.stringify(value, undefined, 2)}</pre>
    </section>
  );
}

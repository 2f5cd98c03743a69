/** A question before anything is changed, and one line about what has come of it. */
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { info } from '../server.ts';

export interface Question {
  readonly title: string;
  readonly text: ComponentChildren;
  /** Of the button. */
  readonly act: string;
  readonly isDangerous?: boolean;
  /** Names of what is asked for, with what stands there first. */
  readonly fields?: readonly Field[];
  run(given: Record<string, string>): Promise<string>;
}

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly value?: string;
  readonly isLong?: boolean;
}

const question = signal<Question | undefined>(undefined);
/** The last thing that was done, or why it was not. */
export const notice = signal<{ text: string; isFault: boolean } | undefined>(undefined);

export function ask(next: Question): void {
  question.value = next;
}

export async function act(run: () => Promise<string>): Promise<void> {
  notice.value = { text: 'Under way …', isFault: false };
  try {
    notice.value = { text: await run(), isFault: false };
  } catch (error) {
    notice.value = { text: (error as Error).message, isFault: true };
  }
}

interface ActProps {
  readonly label: string;
  readonly isDangerous?: boolean;
  question(): Question;
}

/** A button that asks first; there is none where nothing may be changed. */
export function Act({ label, isDangerous, question: make }: ActProps) {
  if (info.value?.readOnly !== false) return null;
  return (
    <button type="button" class={isDangerous ? 'danger' : undefined} onClick={() => ask(make())}>
      {label}
    </button>
  );
}

export function Consent() {
  const dialog = useRef<HTMLDialogElement>(null);
  const asked = question.value;
  useEffect(() => {
    if (asked !== undefined && dialog.current?.open === false) dialog.current.showModal();
  }, [asked]);
  if (asked === undefined) return null;
  const close = (): void => {
    dialog.current?.close();
    question.value = undefined;
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(event.target as HTMLFormElement)) as Record<string, string>;
    close();
    void act(() => asked.run(given));
  };
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="question">
      <form onSubmit={submit}>
        <h2 id="question">{asked.title}</h2>
        <div>{asked.text}</div>
        {asked.fields?.map((field) => (
          <p key={field.name}>
            <label for={`field-${field.name}`}>{field.label}</label>
            <Entry field={field} />
          </p>
        ))}
        <div class="acts">
          <button type="submit" class={asked.isDangerous ? 'danger' : 'first'}>
            {asked.act}
          </button>
          <button type="button" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  );
}

function Entry({ field: { name, value, isLong } }: { readonly field: Field }) {
  const id = `field-${name}`;
  if (isLong) return <textarea id={id} name={name} rows={4} spellcheck={false} defaultValue={value} />;
  return <input id={id} name={name} defaultValue={value} autocomplete="off" />;
}

export function Notice() {
  const said = notice.value;
  return (
    <div class="notice" role="status">
      {said !== undefined && (
        <p class={said.isFault ? 'fault' : undefined}>
          {said.text}{' '}
          <button type="button" class="plain" onClick={() => (notice.value = undefined)}>
            Close
          </button>
        </p>
      )}
    </div>
  );
}

/** Views that were given a name: addresses of a screen, kept by this browser for this system's address. */
import { signal } from '@preact/signals';
import { hrefOf, place } from '../route.ts';

interface SavedView {
  readonly name: string;
  readonly screen: string;
  readonly query: string;
}

const KEY = 'troupe.views';
const VIEWS_MAX = 50;
const NAME_MAX = 60;

const views = signal<readonly SavedView[]>(read());

function read(): SavedView[] {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '[]') as SavedView[];
    return kept.filter(({ name, screen, query }) => [name, screen, query].every((each) => typeof each === 'string'));
  } catch {
    // A browser may keep nothing for a page, or something else.
    return [];
  }
}

function keep(next: readonly SavedView[]): void {
  views.value = next.slice(-VIEWS_MAX);
  try {
    localStorage.setItem(KEY, JSON.stringify(views.value));
  } catch {
    // They last until the page is closed.
  }
}

/** Of the screen that is shown. */
export function SavedViews() {
  const { screen, params } = place.value;
  const own = views.value.filter((view) => view.screen === screen);
  const save = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const name = String(new FormData(form).get('name') ?? '').trim();
    if (name === '') return;
    keep([...views.value.filter((one) => one.name !== name), { name, screen, query: params.toString() }]);
    form.reset();
  };
  return (
    <section class="views" aria-label="Saved views">
      {own.length > 0 && (
        <ul>
          {own.map(({ name, query }) => (
            <li key={name}>
              <a href={hrefOf(screen, Object.fromEntries(new URLSearchParams(query)))}>{name}</a>{' '}
              <button type="button" onClick={() => keep(views.value.filter((one) => one.name !== name))}>
                Forget {name}
              </button>
            </li>
          ))}
        </ul>
      )}
      <form class="search" onSubmit={save}>
        <label>
          Name of this view <input name="name" maxLength={NAME_MAX} autocomplete="off" />
        </label>
        <button type="submit">Save</button>
      </form>
    </section>
  );
}

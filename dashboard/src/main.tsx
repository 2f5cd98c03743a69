/** The page: its frame, the way between its screens, and the door where the system wants its token. */
import type { ComponentChildren } from 'preact';
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { isConnected } from './live.ts';
import { Consent, Notice, notice } from './parts/consent.tsx';
import { hrefOf, place } from './route.ts';
import { Actor } from './screens/actor.tsx';
import { Actors } from './screens/actors.tsx';
import { Configuration } from './screens/configuration.tsx';
import { DeadLetters } from './screens/dead-letters.tsx';
import { Events } from './screens/events.tsx';
import { FlowScreen } from './screens/flow.tsx';
import { Overview } from './screens/overview.tsx';
import { Placement } from './screens/placement.tsx';
import { Reminders } from './screens/reminders.tsx';
import { Store } from './screens/store.tsx';
import { Tree } from './screens/tree.tsx';
import { Workers } from './screens/workers.tsx';
import { begin, info, isLocked, signIn } from './server.ts';
import './style.css';

interface ScreenPlan {
  readonly title: string;
  show(params: URLSearchParams): ComponentChildren;
}

const SCREENS: Record<string, ScreenPlan> = {
  overview: { title: 'Overview', show: () => <Overview /> },
  actor: { title: 'Actor', show: (params) => <Actor params={params} /> },
  actors: { title: 'Actors', show: (params) => <Actors params={params} /> },
  workers: { title: 'Workers', show: () => <Workers /> },
  flow: { title: 'Flow', show: () => <FlowScreen /> },
  'dead-letters': { title: 'Dead letters', show: (params) => <DeadLetters params={params} /> },
  events: { title: 'Events', show: (params) => <Events params={params} /> },
  tree: { title: 'Supervision', show: () => <Tree /> },
  placement: { title: 'Placement', show: () => <Placement /> },
  reminders: { title: 'Reminders', show: (params) => <Reminders params={params} /> },
  store: { title: 'Store', show: () => <Store /> },
  configuration: { title: 'Configuration', show: () => <Configuration /> },
};

function Page() {
  const { screen, params } = place.value;
  const plan = SCREENS[screen];
  const heading = useRef<HTMLHeadingElement>(null);
  const isFirst = useRef(true);
  const title = screen === 'actor' ? (params.get('id') ?? 'Actor') : (plan?.title ?? 'Nothing is here');
  const name = info.value?.name ?? 'troupe';
  useEffect(() => {
    document.title = `${title} – ${name}`;
  }, [title, name]);
  // A screen reader, and the keyboard, go on where the new screen begins.
  useEffect(() => {
    if (!isFirst.current) heading.current?.focus();
    isFirst.current = false;
    notice.value = undefined;
  }, [screen, params.get('id')]);
  return (
    <>
      <button type="button" class="skip" onClick={() => heading.current?.focus()}>
        To the content
      </button>
      <Head name={name} />
      <Menu screen={screen} />
      <main id="main">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        <Notice />
        {isLocked.value ? <Door /> : (plan?.show(params) ?? <p>There is no such screen.</p>)}
      </main>
      <Consent />
    </>
  );
}

function Head({ name }: { readonly name: string }) {
  const { readOnly, pid, node } = info.value ?? {};
  return (
    <header>
      <strong class="name">{name}</strong>
      {pid !== undefined && (
        <span class="quiet">
          pid {pid}, Node.js {node}
        </span>
      )}
      {readOnly === true && <span class="badge">read only</span>}
      <span
        class={`badge ${isConnected.value === true ? 'good' : isConnected.value === false ? 'bad' : ''}`}
        role="status"
      >
        {isConnected.value === true ? 'live' : isConnected.value === false ? 'not connected' : 'connecting'}
      </span>
    </header>
  );
}

function Menu({ screen }: { readonly screen: string }) {
  return (
    <nav aria-label="Screens">
      <ul>
        {Object.entries(SCREENS).map(([name, { title }]) => (
          <li key={name}>
            <a href={hrefOf(name)} aria-current={name === screen ? 'page' : undefined}>
              {title}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Door() {
  const [fault, setFault] = useState<string>();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const token = String(new FormData(event.target as HTMLFormElement).get('token') ?? '');
    signIn(token).catch((error: Error) => setFault(error.message));
  };
  return (
    <form class="door" onSubmit={submit}>
      <p>
        The system wants its token: the option <code>dashboard.token</code>. <code>troupe start</code> takes it from{' '}
        <code>TROUPE_DASHBOARD_TOKEN</code>, or has told it in its terminal.
      </p>
      <label>
        Token <input name="token" type="password" autocomplete="current-password" required />
      </label>
      <button type="submit" class="first">
        Come in
      </button>
      {fault !== undefined && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
    </form>
  );
}

begin().catch(() => {
  // The screen says what is wrong.
});
render(<Page />, document.getElementById('page') as HTMLElement);

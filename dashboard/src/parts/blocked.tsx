/** Workers whose event loop is blocked: by which actor and message, and at which line of code. */
import type { BlockedLoop } from '../../../src/observe/checkup.ts';
import { ms } from '../show.ts';
import { ActorLink } from './blocks.tsx';

export function Blocked({ loops }: { readonly loops: readonly BlockedLoop[] }) {
  if (loops.length === 0) return null;
  return (
    <section class="card" role="alert">
      <h2>Blocked event loops</h2>
      {loops.map((loop) => (
        <div key={loop.worker}>
          <p class="fault">
            Worker {loop.worker}, pid {loop.pid}, runs{' '}
            {loop.actor === undefined ? 'code of no actor that could be seen' : <Turn loop={loop} actor={loop.actor} />}
            {loop.forMs !== undefined && ` for ${ms(loop.forMs)}`}. Nothing else runs there meanwhile.
          </p>
          {loop.stack.length > 0 && (
            <details open>
              <summary>At {loop.stack[0]}</summary>
              <ol>
                {loop.stack.map((line) => (
                  <li key={line}>
                    <code class="payload">{line}</code>
                  </li>
                ))}
              </ol>
            </details>
          )}
        </div>
      ))}
    </section>
  );
}

function Turn({ loop, actor }: { readonly loop: BlockedLoop; readonly actor: string }) {
  return (
    <>
      <ActorLink id={actor} />
      {loop.type !== undefined && (
        <>
          {' '}
          with <code>{loop.type}</code>
        </>
      )}
    </>
  );
}

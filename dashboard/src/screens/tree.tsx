/** Who watches over whom: the system over its workers, actors over their children. A level is looked at as it is opened. */
import { useState } from 'preact/hooks';
import type { TreeAnswer, TreeNode } from '../../../src/dashboard/answers.ts';
import { useLive } from '../live.ts';
import { ActorLink, Badge, Waiting } from '../parts/blocks.tsx';
import { hrefOf } from '../route.ts';
import { look } from '../server.ts';
import { count } from '../show.ts';

export function Tree() {
  const live = useLive<TreeAnswer>('tree', {});
  const roots = live.value.value;
  return (
    <>
      <p>
        The system watches over its <a href={hrefOf('workers')}>workers</a>; actors over their children. Others than
        these have none.
      </p>
      <Waiting live={live} />
      {roots !== undefined && <Level answer={roots} empty="No actor has children." />}
    </>
  );
}

function Level({ answer: { nodes, hasMore, silent }, empty }: { readonly answer: TreeAnswer; readonly empty: string }) {
  if (nodes.length === 0) return <p class="quiet">{empty}</p>;
  return (
    <ul class="tree">
      {nodes.map((node) => (
        <Branch key={node.id} node={node} />
      ))}
      {hasMore && <li class="quiet">and more, which are not shown</li>}
      {silent.length > 0 && <li class="quiet">no answer of workers {silent.join(', ')}</li>}
    </ul>
  );
}

function Branch({ node }: { readonly node: TreeNode }) {
  const [level, setLevel] = useState<TreeAnswer>();
  const [fault, setFault] = useState<string>();
  const open = (isOpen: boolean): void => {
    if (!isOpen) return setLevel(undefined);
    look<TreeAnswer>('tree', { id: node.id }).then(setLevel, (error: Error) => setFault(error.message));
  };
  const restarts = node.restarts > 0 ? `, ${count(node.restarts)} restarts` : '';
  const line = (
    <>
      <ActorLink id={node.id} /> <Badge text={node.status} />{' '}
      <span class="quiet">
        worker {node.worker ?? '–'}
        {restarts}
      </span>
    </>
  );
  if (node.children === 0) return <li>{line}</li>;
  return (
    <li>
      {line}
      <details onToggle={({ currentTarget }) => open(currentTarget.open)}>
        <summary>
          {count(node.children)} children <span class="hidden">of {node.id}</span>
        </summary>
        {fault !== undefined && <p class="fault">{fault}</p>}
        {level === undefined ? <p class="quiet">Looking …</p> : <Level answer={level} empty="None any more." />}
      </details>
    </li>
  );
}

/** The flow of messages from kind to kind: counted from the first look at it on, for as long as somebody looks. */
import type { ComponentChildren } from 'preact';
import type { MessageFlow } from '../../../src/observe/message-flow.ts';
import { useLive } from '../live.ts';
import { Card, Waiting } from '../parts/blocks.tsx';
import { FlowPicture } from '../parts/flow-picture.tsx';
import { Table } from '../parts/table.tsx';
import { hrefOf } from '../route.ts';
import { count, ms, percent, rate } from '../show.ts';

export function FlowScreen() {
  const live = useLive<MessageFlow>('flow', {});
  const found = live.value.value;
  return (
    <>
      <Waiting live={live} />
      {found !== undefined && <Flows found={found} />}
    </>
  );
}

function Flows({ found: { flows, more, silent } }: { readonly found: MessageFlow }) {
  return (
    <>
      <p class="quiet">
        From the kind that sends to the kind that handles, counted while this is looked at. <code>(outside)</code> is
        who is no actor: the program, clients, brokers.
      </p>
      {silent.length > 0 && (
        <p class="fault">
          No answer of workers {silent.join(', ')}: their event loops are blocked, or they are ending.
        </p>
      )}
      {flows.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        <section class="scroll" tabIndex={0} aria-label="Diagram of the flow">
          <FlowPicture flows={flows} />
        </section>
      )}
      <Card title="Flows, the busiest first">
        <Table
          caption="Flows of messages"
          rows={flows}
          keyOf={({ from, to }) => `${from} ${to}`}
          empty="No message was handled since somebody looks."
          columns={[
            { head: 'From', cell: ({ from }) => <Kind name={from} /> },
            { head: 'To', cell: ({ to }) => <Kind name={to} /> },
            { head: 'Per second', isNumber: true, cell: ({ perSecond }) => rate(perSecond) },
            { head: 'Error', isNumber: true, cell: ({ error }) => (error === 0 ? 'none' : `±${percent(error)}`) },
            { head: 'Wait p50', isNumber: true, cell: ({ waitMs }) => ms(waitMs?.p50) },
            { head: 'Wait p99', isNumber: true, cell: ({ waitMs }) => ms(waitMs?.p99) },
            { head: 'Handling p50', isNumber: true, cell: ({ handlingMs }) => ms(handlingMs?.p50) },
            { head: 'Handling p99', isNumber: true, cell: ({ handlingMs }) => ms(handlingMs?.p99) },
            { head: 'Messages', isNumber: true, cell: (flow) => count(flow.count) },
          ]}
        />
        {more > 0 && <p class="quiet">and {count(more)} more</p>}
      </Card>
    </>
  );
}

function Kind({ name }: { readonly name: string }): ComponentChildren {
  return name.startsWith('(') ? name : <a href={hrefOf('actors', { kind: name })}>{name}</a>;
}

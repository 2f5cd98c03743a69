/** The options of the system, each with its value and what has set it. */
import type { ConfigurationAnswer } from '../../../src/dashboard/answers.ts';
import { useLive } from '../live.ts';
import { Waiting } from '../parts/blocks.tsx';
import { Table } from '../parts/table.tsx';

export function Configuration() {
  const live = useLive<ConfigurationAnswer>('configuration', {});
  return (
    <>
      <Waiting live={live} />
      <Table
        caption="Options"
        rows={live.value.value?.settings ?? []}
        keyOf={({ name }) => name}
        empty=""
        columns={[
          { head: 'Option', cell: ({ name }) => <code>{name}</code> },
          { head: 'Value', cell: ({ value }) => <code class="payload">{value}</code> },
          { head: 'Set by', cell: ({ from }) => from },
        ]}
      />
    </>
  );
}

// A client that is traced: `node --import ./trace-sdk.mjs traced-client.mjs DATA_DIR ID OTHER`. Says the trace of what it does.
import { trace } from '@opentelemetry/api';
import { connect } from 'troupe/client';

const [, , dataDir, id, other] = process.argv;
const client = await connect({ dataDir });
await trace.getTracer('the test').startActiveSpan('root', async (span) => {
  await client.ask(id, { type: 'tell', to: other, message: { type: 'note', name: 'asked' } });
  client.tell(other, { type: 'note', name: 'told' });
  client.publish('outside', { type: 'note', name: 'published' });
  span.end();
  console.log(JSON.stringify({ traceId: span.spanContext().traceId }));
});
await client.close();

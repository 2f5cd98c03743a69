/** Loaded by `node --import` in the master and in workers: an SDK whose sampler leaves every trace out. */
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AlwaysOffSampler, BasicTracerProvider, ParentBasedSampler } from '@opentelemetry/sdk-trace-base';

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const sampler = new ParentBasedSampler({ root: new AlwaysOffSampler() });
trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler }));

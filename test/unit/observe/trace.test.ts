import { afterEach, describe, expect, it, vi } from 'vitest';
import { resolveOptions } from '../../../src/options.ts';
import { type TraceEvent, traceText, traceToLog, traceTopicsOf } from '../../../src/observe/trace.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';
import { defineActor, KeptLog, startKit } from '../actor/kernel-fixture.ts';

afterEach(() => void vi.unstubAllEnvs());

const slow = defineActor({
  receive: {
    look: () => 1,
    wait: () => new Promise(() => {}),
  },
});

describe('TROUPE_TRACE', () => {
  it('names topics with commas between them', () => {
    expect(traceTopicsOf(undefined)).toEqual({ topics: new Set(), unknown: [] });
    expect(traceTopicsOf(' route, handoff,')).toEqual({ topics: new Set(['route', 'handoff']), unknown: [] });
  });

  it('with a topic that is none is refused as the system is created', () => {
    vi.stubEnv('TROUPE_TRACE', 'handof,route');
    const text =
      "TROUPE_TRACE: expected topics out of route, handoff, table, turn, ask, with commas between them; got 'handof'";
    expect(() => resolveOptions({ workers: 0 })).toThrow(text);
    vi.stubEnv('TROUPE_TRACE', 'handoff,route');
    expect(() => resolveOptions({ workers: 0 })).not.toThrow();
  });

  it('puts what it names, and nothing else, into the log of a process', async () => {
    vi.stubEnv('TROUPE_TRACE', 'turn,ask');
    const { system, clock, log, process } = startKit({ slow });
    await system.ask('slow/a', { type: 'look' });
    const late = system.ask('slow/a', { type: 'wait' }, { timeoutMs: 50 }).catch(() => {});
    await clock.advance(60);
    await late;
    const traced = log.lines.filter(({ fields }) => fields.trace !== undefined);
    expect(traced.map(({ level, fields, text }) => [level, fields.trace, text])).toEqual([
      ['info', 'turn', 'turn begun: process → slow/a look'],
      ['info', 'turn', 'turn ended: process → slow/a look'],
      ['info', 'turn', 'turn begun: process → slow/a wait'],
      ['info', 'ask', 'ask of slow/a failed: ASK_TIMEOUT, executed'],
    ]);
    expect(process.kernel.trace).toBeDefined();
  });

  it('that is not set leaves a kernel without a trace, and its router as it is', () => {
    const { process } = startKit({ slow });
    expect(process.kernel.trace).toBeUndefined();
    expect(process.kernel.router.constructor.name).toBe('LocalRouter');
  });

  it('keeps what messages hold out of the log', () => {
    const log = new KeptLog();
    const message = { type: 'pay', card: '4111' };
    const mail = { id: 'order/1', sender: undefined, verb: 'message' as const, message };
    traceToLog(log, new Set(['route']))?.note({ topic: 'route', step: 'routed', host: 2, ...mail });
    expect(log.lines.map(({ text }) => text)).toEqual(['routed process → order/1 pay to worker 2']);
    expect(JSON.stringify(log.lines)).not.toContain('4111');
  });
});

describe('a trace of a cluster', () => {
  it('tells of a move at all who take part, and of the mail that it held', { timeout: 30_000 }, async () => {
    const seen: [process: string, event: TraceEvent][] = [];
    const simulation = await Simulation.start({
      seed: 3,
      workers: 2,
      actors: { slow },
      trace: (_at, process, event) => void seen.push([process, event]),
    });
    const { system } = simulation;
    const at = await simulation.until(system.where('slow/a'));
    await simulation.until(system.ask('slow/a', { type: 'look' }));
    const from = at.worker;
    const to = 3 - from;
    seen.length = 0;
    const moved = system.move('slow/a', to);
    const told = setTold(simulation, () => system.tell('slow/a', { type: 'look' }));
    await simulation.until(moved);
    told.stop();
    await simulation.until(system.ask('slow/a', { type: 'look' }));
    const steps = seen.flatMap(([process, event]) => (event.topic === 'handoff' ? [`${event.step} ${process}`] : []));
    expect(steps.slice(0, 3)).toEqual([`quiesced ~${from}.1`, `transferred ~${from}.1`, `installed ~${to}.1`]);
    expect(steps.slice(3).sort()).toEqual(['committed ~0.1', 'committed ~1.1', 'committed ~2.1']);
    const mine = seen.filter(([, event]) => 'id' in event && event.id === 'slow/a');
    const texts = mine.map(([process, event]) => `${process} ${traceText(event)}`);
    expect(texts).toContain('~0.1 held process → slow/a look for slow/a');
    expect(texts.filter((text) => text.includes('released')).length).toBe(
      texts.filter((text) => text.includes('held')).length,
    );
    expect(texts).toContain(`~0.1 routed process → slow/a look to worker ${to}`);
    expect(texts.at(-1)).toBe(`~${to}.1 turn ended: process → slow/a look`);
    expect(seen.some(([, event]) => event.topic === 'table' && event.dead === undefined)).toBe(true);
  });
});

/** A tell each simulated millisecond. */
function setTold({ time }: Simulation, tell: () => void): { stop(): void } {
  let isOn = true;
  const next = (): void => {
    if (!isOn) return;
    tell();
    time.at(0.1, next);
  };
  next();
  return { stop: () => void (isOn = false) };
}

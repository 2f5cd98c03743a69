/**
 * {model, master, participant}: docs/model/handoff.pml is gone through in every order of its steps, with the code's two machines
 * beside it, which must do what it does. Each rule of the machines that is taken away is noticed.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { Handoffs } from '../../../src/placement/handoff.ts';
import type { MoveEffect, MoveEvent, MoveState, Step } from '../../../src/placement/move-state.ts';
import { afterMoveEvent } from '../../../src/placement/participant-machine.ts';
import { explore, instance } from './explore.ts';
import { readPromela, Violation } from './promela.ts';
import {
  Divergence,
  follow,
  isHandingOver,
  keyOf,
  type Machine,
  NOTHING_YET,
  type Participants,
} from './side-by-side.ts';

const MODEL = readFileSync(new URL('../../../docs/model/handoff.pml', import.meta.url), 'utf8');
/** A move, or its refusal, or its end by the deadline; the two units send to each other. */
const BY_DEADLINE = 'M0=1 EX=1 BUSY=1 N0=1 N1=1';
/** A move, and the death of any process at any step. */
const BY_DEATH = 'M0=1 CR=1 N0=1 N1=1';

function instancesOf(model: ReturnType<typeof readPromela>, settings: string): ReturnType<typeof instance>[] {
  const instances = [0, 1, 2].map((at) => instance(model, 'Process', at)).concat(instance(model, 'Master'));
  return /CR=[1-9]/.test(settings) ? [...instances, instance(model, 'Fate')] : instances;
}

function sideBySide(settings: string, machine: Machine): { states: number; seen: Set<string> } {
  const model = readPromela(MODEL, settings);
  const seen = new Set<string>();
  const states = explore<Participants>({
    ...{ model, instances: instancesOf(model, settings), beside: NOTHING_YET, keyOf, isUrgent: isHandingOver },
    after: (transition, participants) => follow(machine, transition, participants, seen),
  });
  return { states, seen };
}

function alone(settings: string): number {
  const model = readPromela(MODEL, settings);
  return explore<undefined>({
    ...{ model, instances: instancesOf(model, settings), beside: undefined },
    ...{ keyOf: () => '', isUrgent: () => false, after: () => undefined },
  });
}

function outcomeOf(settings: string): unknown {
  try {
    return alone(settings);
  } catch (error) {
    return error;
  }
}

describe('the model, as it is read here', { timeout: 600_000 }, () => {
  test('holds what it promises', () => {
    expect(alone('CR=1')).toBeGreaterThan(1_000);
    expect(alone('M0=1 EX=1 BUSY=1')).toBeGreaterThan(5_000);
  });

  // As in SPIN: the head of the model has the same settings, with what breaks.
  test.each([
    ['no epoch wait', 'CR=1 MUT=2', 'last['],
    ['dead link not read to its end', 'CR=1 MUT=4', 'last['],
    ['late mail dropped', 'M0=1 MUT=8192', 'lost[0])=='],
    ['release before the flush markers', 'M0=1 EX=1 MUT=1', 'last['],
    ['end of a link not counted', 'M0=1 CR=1 MUT=16', 'living[0]==1'],
    ['run at install', 'M0=1 EX=1 MUT=256', 'living[u]==0'],
  ])('breaks without a rule: %s', (_, settings, text) => {
    const outcome = outcomeOf(settings);
    expect(outcome).toBeInstanceOf(Violation);
    expect(outcome).toMatchObject({ message: expect.stringContaining(text) });
  });
});

describe('master and participants do what the model does', { timeout: 600_000 }, () => {
  test('in every order of a move, a refusal and a deadline', () => {
    const { states, seen } = sideBySide(BY_DEADLINE, afterMoveEvent);
    expect(states).toBeGreaterThan(5_000);
    expect([...seen]).toEqual(
      expect.arrayContaining([
        ...['none prepare', 'quiescing quiesced', 'quiescing not-quiesced', 'quiescing end', 'quiescent flushed'],
        ...[
          'quiescent marker',
          'quiescent hold',
          'quiescent end',
          'held marker',
          'held flushed',
          'held end',
          'sent end',
        ],
        ...['none hold', 'holding end', 'awaiting piece', 'awaiting end', 'installed end', 'none piece'],
      ]),
    );
  });

  test('whoever dies at any step', () => {
    const { states, seen } = sideBySide(BY_DEATH, afterMoveEvent);
    expect(states).toBeGreaterThan(20_000);
    const deaths = ['quiescing', 'quiescent', 'held', 'sent', 'holding', 'awaiting', 'installed'];
    expect([...seen]).toEqual(expect.arrayContaining(deaths.map((state) => `${state} peer-died`)));
  });
});

type Rule = (at: MoveState, event: MoveEvent, step: Step, before: (event: MoveEvent) => Step) => Step;

const withoutEffect =
  (type: MoveEffect['type'], state?: MoveState['state']): Rule =>
  (at, _, step) => ({
    ...step,
    effects: step.effects.filter((effect) => effect.type !== type || (state && at.state !== state)),
  });
const deaf =
  (type: MoveEvent['type'], ...states: MoveState['state'][]): Rule =>
  (at, event, step) =>
    event.type === type && (states.length === 0 || states.includes(at.state)) ? { state: at, effects: [] } : step;
const NOBODY = new Set<string>();

const BROKEN: [name: string, rule: Rule, settings: string][] = [
  ['nobody says its marker', withoutEffect('send-marker'), BY_DEADLINE],
  ['the old host does not flush its links', withoutEffect('send-flush'), BY_DEADLINE],
  [
    'the old host does not wait for markers',
    (_, event, step, retry) => (event.type === 'hold' ? retry({ ...event, peers: NOBODY }) : step),
    BY_DEADLINE,
  ],
  [
    'the old host does not wait for acknowledgements',
    (_, event, step) =>
      event.type === 'quiesced' && step.state.state === 'quiescent'
        ? { ...step, state: { ...step.state, flushes: NOBODY } }
        : step,
    BY_DEADLINE,
  ],
  ['a marker that comes before the hold is forgotten', deaf('marker', 'quiescent'), BY_DEADLINE],
  ['an acknowledgement that comes before the hold is forgotten', deaf('flushed', 'quiescent'), BY_DEADLINE],
  ['a late acknowledgement is forgotten', deaf('flushed', 'held'), BY_DEADLINE],
  ['the actors are not captured', withoutEffect('capture'), BY_DEADLINE],
  ['a refusal is not said', withoutEffect('tell-refused'), BY_DEADLINE],
  ['a refusal leaves the actors quiescent', withoutEffect('resume', 'quiescing'), BY_DEADLINE],
  ['what was quiescent does not go on where the move is aborted', withoutEffect('resume', 'quiescent'), BY_DEADLINE],
  ['what was sent does not go on where the move is aborted', withoutEffect('resume', 'sent'), BY_DEADLINE],
  ['the old host keeps its copy', withoutEffect('evict'), BY_DEADLINE],
  ['installed is not said', withoutEffect('tell-installed'), BY_DEADLINE],
  [
    'installed is running',
    (_, event, step) =>
      event.type === 'installed' && step.state.state === 'installed'
        ? { ...step, effects: [...step.effects, { type: 'run', order: step.state.order }] }
        : step,
    BY_DEADLINE,
  ],
  [
    'what was installed runs although the move is aborted',
    (at, event, step, retry) =>
      event.type === 'end' && at.state === 'installed' ? retry({ ...event, hasMoved: true }) : step,
    BY_DEADLINE,
  ],
  [
    'transferred state of a move that has ended is taken',
    (at, event, step) =>
      event.type === 'piece' && at.state === 'none' ? { ...step, effects: [{ type: 'install' }] } : step,
    BY_DEADLINE,
  ],
  ['a hold does not end with its move', deaf('end', 'holding'), BY_DEADLINE],
  ['a death counts neither as marker nor as acknowledgement', deaf('peer-died'), BY_DEATH],
  ['a death before the hold does not count as acknowledgement', deaf('peer-died', 'quiescent'), BY_DEATH],
  [
    'a death counts as marker, but not as acknowledgement',
    (at, event, step, retry) =>
      event.type === 'peer-died' && at.state === 'held' ? retry({ type: 'marker', peer: event.peer }) : step,
    BY_DEATH,
  ],
];

describe('a rule of the participant that is taken away is noticed', { timeout: 600_000 }, () => {
  test.each(BROKEN)('%s', (_, rule, settings) => {
    const broken: Machine = (self, at, event) =>
      rule(at, event, afterMoveEvent(self, at, event), (other) => afterMoveEvent(self, at, other));
    expect(() => sideBySide(settings, broken)).toThrow(Divergence);
  });
});

describe('a rule of the master that is taken away is noticed', { timeout: 600_000 }, () => {
  const settings = { BY_DEADLINE, BY_DEATH };
  test.each<[name: string, method: 'installed' | 'prepared' | 'expired' | 'refused' | 'died', keyof typeof settings]>([
    ['prepared does not begin the holds', 'prepared', 'BY_DEADLINE'],
    ['installed does not commit', 'installed', 'BY_DEADLINE'],
    ['a refusal ends nothing', 'refused', 'BY_DEADLINE'],
    ['a death ends nothing', 'died', 'BY_DEATH'],
  ])('%s', (_, method, which) => {
    const spy = vi.spyOn(Handoffs.prototype, method).mockReturnValue((method === 'died' ? [] : undefined) as never);
    try {
      expect(() => sideBySide(settings[which], afterMoveEvent)).toThrow(Divergence);
    } finally {
      spy.mockRestore();
    }
  });

  test('the death of the old host aborts', () => {
    const died = Handoffs.prototype.died;
    const spy = vi.spyOn(Handoffs.prototype, 'died').mockImplementation(function (this: Handoffs, process) {
      return died.call(this, process).map(({ order }) => ({ order, outcome: 'abort' as const }));
    });
    try {
      expect(() => sideBySide(BY_DEATH, afterMoveEvent)).toThrow(Divergence);
    } finally {
      spy.mockRestore();
    }
  });
});

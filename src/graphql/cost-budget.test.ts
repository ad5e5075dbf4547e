import { describe, expect, it } from '@jest/globals';
import { CostBudget } from './cost-budget.js';

describe('a budget', () => {
  let nowMs = 0;
  const newBudget = (costPerMinute = 600) => new CostBudget({ costPerMinute, now: () => nowMs });

  it('is spent bit by bit, and comes back bit by bit', () => {
    const budget = newBudget();
    expect(budget.of('anna')).toEqual({ remaining: 600, resetAfterMs: 0 });
    expect(budget.take('anna', 100)).toEqual({ remaining: 500, resetAfterMs: 10_000 });
    expect(budget.take('anna', 500)).toEqual({ remaining: 0, resetAfterMs: 60_000 });
    nowMs += 1000;
    expect(budget.of('anna')).toEqual({ remaining: 10, resetAfterMs: 59_000 });
    nowMs += 3_600_000;
    expect(budget.of('anna')).toEqual({ remaining: 600, resetAfterMs: 0 });
  });

  it('refuses what is more than is left, says when it can be paid, and spends nothing', () => {
    const budget = newBudget();
    budget.take('anna', 550);
    const refusal = { code: 'RATE_LIMITED', params: { cost: 80, remaining: 50 }, retryAfterMs: 3000 };
    expect(() => budget.take('anna', 80)).toThrow(expect.objectContaining(refusal));
    expect(budget.of('anna')).toMatchObject({ remaining: 50 });
    nowMs += 2999;
    expect(() => budget.take('anna', 80)).toThrow(expect.objectContaining({ retryAfterMs: 1 }));
    nowMs += 1;
    expect(budget.take('anna', 80)).toMatchObject({ remaining: 0 });
  });

  it('is one of many, which have nothing to do with each other', () => {
    const budget = newBudget();
    budget.take('anna', 600);
    expect(budget.take('bert', 600)).toMatchObject({ remaining: 0 });
  });

  it('of whoever has spent nothing for long is forgotten, and nobody else is', () => {
    const budget = newBudget();
    budget.take('anna', 600);
    for (let number = 0; number < 5000; number += 1) {
      budget.take(`guest ${number}`, 1);
      nowMs += 1;
    }
    expect(budget.of('anna')).toMatchObject({ remaining: 50 });
    expect(budget.of('guest 4999')).toMatchObject({ remaining: 599 });
  });
});

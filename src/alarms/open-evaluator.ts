import { type EventMinute, MinuteEvaluator } from './minute-evaluator.ts';
import type { RuleEvaluator } from './rule-evaluator.ts';
import { type EvaluatorOptions, WindowEvaluator } from './window-evaluator.ts';

export interface OpenEvaluatorOptions extends EvaluatorOptions {
  readonly eventMinute: EventMinute;
}

/** The evaluator of a rule's kind of condition. */
export function openEvaluator(options: OpenEvaluatorOptions): RuleEvaluator {
  const { condition } = options.rule;
  return condition.kind === 'MINUTES'
    ? new MinuteEvaluator({ ...options, condition })
    : new WindowEvaluator({ ...options, condition });
}

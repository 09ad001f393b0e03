import * as sinks from '../sinks/caller.ts';
import type { GraphContext } from './context.ts';

/** Who manages sinks in an operation: the one place that knows. */
export const sinkCallerOf = ({ access, session }: GraphContext): sinks.SinkCaller =>
  sinks.sinkCallerOf(access, session.principal);

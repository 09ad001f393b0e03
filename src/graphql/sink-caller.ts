import { type SinkCaller, sinkCallerOf } from '../sinks/caller.ts';
import type { GraphContext } from './context.ts';

/** Whoever manages sinks in an operation. */
export const sinkCallerIn = ({ access, session }: GraphContext): SinkCaller =>
  sinkCallerOf(access, session.principal);

import { restricted, type SinkCaller, unrestricted } from '../sinks/caller.ts';
import type { GraphContext } from './context.ts';

/** Who manages sinks in an operation: the one place that knows. */
export const sinkCallerOf = ({ access, session }: GraphContext): SinkCaller =>
  access.isOn ? restricted(access, session.principal) : unrestricted;

import type { SinkRow } from '../store/sinks/sink-table.ts';
import type { Encoder } from './encoder.ts';
import { openTarget, type TargetOptions } from './open-target.ts';
import type { SecretKeeper, SinkSecrets } from './secrets.ts';
import { parseSpec, type SinkInput, type SinkSpec } from './spec.ts';
import type { Target } from './target.ts';

/** Everything that a sink needs to run. */
export interface SinkDefinition {
  readonly spec: SinkSpec;
  /** @throws Error with a sentence where they cannot be read */
  secrets(): SinkSecrets;
  /** @throws Error with a sentence where this gateway cannot open it */
  openTarget(): Target;
}

/** @throws Error with a sentence where a row cannot be run by this gateway */
export type DefinitionOf = (row: SinkRow) => SinkDefinition;

export interface DefinitionOptions {
  /** By format. */
  readonly encoders: ReadonlyMap<string, Encoder>;
  readonly maxFilterDepth: number;
  readonly secrets: SecretKeeper;
  readonly targets: TargetOptions;
}

/** A sink as its row says. */
export function storedDefinition(
  row: SinkRow,
  { encoders, maxFilterDepth, secrets: keeper, targets }: DefinitionOptions,
): SinkDefinition {
  const { id, createdAt: now } = row;
  const input = row.spec as unknown as SinkInput;
  const spec = parseSpec(input, { id, encoders, maxFilterDepth, now, path: [] });
  const secrets = () => keeper.open(row);
  return {
    spec,
    secrets,
    openTarget: () => openTarget({ sinkId: id, spec: spec.target, secrets: secrets() }, targets),
  };
}

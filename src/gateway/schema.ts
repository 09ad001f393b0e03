// biome-ignore-all assist/source/organizeImports: Tidings' own types come first in schema.graphql.
import type { GraphQLSchema } from 'graphql';
import { auditMutations } from '../graphql/audited.ts';
import { ownFields } from '../graphql/fields.ts';
import { dialectDefinitions } from '../dialects/registry.ts';

for (const { extendSchema } of dialectDefinitions) extendSchema?.(ownFields);

/** The whole schema: Tidings' own fields, and those that dialects add. */
export const schema: GraphQLSchema = auditMutations(ownFields.toSchema({ sortSchema: false }));

import '../graphql/fields.ts';
import '../dialects/ceilometer/mutation.ts';
import type { GraphQLSchema } from 'graphql';
import { builder } from '../graphql/builder.ts';

/** The whole schema: Tidings' own fields, and those that dialects add. */
export const schema: GraphQLSchema = builder.toSchema({ sortSchema: false });

import './scalars.ts';
import './aggregate.ts';
import './events.ts';
import './feed.ts';
import './journal-status.ts';
import './report.ts';
import './report-notifications.ts';
import './tag.ts';
import type { GraphQLSchema } from 'graphql';
import { builder } from './builder.ts';

/** The whole schema: every field's types, resolvers and descriptions stand in the file of its type. */
export const schema: GraphQLSchema = builder.toSchema({ sortSchema: false });

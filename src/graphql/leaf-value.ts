import type { GraphQLLeafType } from 'graphql';

/** The scalar that takes any value as it is. */
export const anyJson = 'JSON';

/** Only a JSON value keeps digits that a number cannot. */
export const leafValue = (value: unknown, type: GraphQLLeafType): unknown =>
  typeof value === 'bigint' && type.name !== anyJson ? Number(value) : value;

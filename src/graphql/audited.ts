import { defaultFieldResolver, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql';
import { Forbidden } from '../access/principal.ts';
import { ManagementError } from '../sinks/management-error.ts';
import type { GraphContext } from './context.ts';

/** Mutations that change nothing of the gateway. */
const unaudited = /^report|^createStreamTicket$/;

type Resolver = GraphQLFieldResolver<unknown, GraphContext>;

/** Every mutation that manages something, whoever declares it, is recorded in the audit, without the values it was given. */
export function auditMutations(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    if (unaudited.test(field.name)) continue;
    field.resolve = audited(field.name, field.resolve ?? defaultFieldResolver);
  }
  return schema;
}

function audited(name: string, resolve: Resolver): Resolver {
  const action = `${name[0]?.toUpperCase()}${name.slice(1)}`;
  return async (root, args, context, info) => {
    const { access, session } = context;
    const { name: by, kind, tokenId } = session.principal;
    // Several tokens may have one name.
    const caller = tokenId === null ? { kind } : { kind, tokenId };
    try {
      const result: unknown = await resolve(root, args, context, info);
      const { id, ...facts } = subjectOf(result);
      access.audit.record({
        action,
        by,
        key: id ?? textOf(args.id) ?? textOf(args.sinkId) ?? null,
        message: `${name} was called.`,
        facts: { ...facts, ...caller },
      });
      return result;
    } catch (error) {
      const isRefused =
        error instanceof Forbidden ||
        (error instanceof ManagementError && error.code === 'FORBIDDEN');
      if (isRefused) {
        const message = `${name} was rejected: ${error.message}`;
        access.audit.sample({ action, by, message, severity: 'ERROR', facts: caller });
      }
      throw error;
    }
  };
}

/** The public facts of what was managed. */
function subjectOf(result: unknown): Readonly<Record<string, string>> {
  if (typeof result !== 'object' || result === null) return {};
  const { row, token } = result as { row?: object; token?: object };
  const subject: Readonly<Record<string, unknown>> = { ...(row ?? token ?? result) };
  const facts: Record<string, string> = {};
  for (const name of ['id', 'name', 'namespace', 'sinkId', 'roles', 'state']) {
    const text = textOf(subject[name]);
    if (text !== undefined) facts[name] = text;
  }
  return facts;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? value.map(String).join(', ') : undefined;
}

import type { Call } from '../call.ts';
import type { Group } from '../command.ts';
import { usageError } from '../exit-code.ts';
import { expiryOf } from '../expiry.ts';
import type { Row } from '../output/value-at.ts';

interface Token extends Row {
  readonly id: string;
  readonly name: string;
  readonly revokedAt: string | null;
}

const selection = 'id name roles createdAt createdBy expiresAt lastUsedAt revokedAt';
const columns = ['id', 'name', 'roles', 'createdAt', 'expiresAt', 'lastUsedAt', 'revokedAt'];

export const tokens: Group = {
  commands: {
    create: {
      summary: 'Create a token and print its secret, which is shown once.',
      arguments: 'NAME',
      details: 'The first token is made on the machine itself: tidings token create --role admin.',
      options: {
        role: {
          type: 'string',
          multiple: true,
          argument: 'ROLE',
          description: 'One of its roles.',
        },
        expires: {
          type: 'string',
          argument: 'TIME',
          description: 'When it ends: 30d, 12h, or an instant. Without it, when it is revoked.',
        },
      },
      examples: ['tidings tokens create ci --role reporter --expires 90d'],
      async run(call) {
        const name = call.argument('the name');
        const roles = call.list('role');
        if (roles.length === 0) throw usageError('tokens create needs a --role.');
        const gateway = await call.gateway();
        const { createToken } = await gateway.ask<{ createToken: { token: Row; secret: string } }>(
          `mutation ($input: TokenInput!) {
            createToken(input: $input) { token { ${selection} } secret }
          }`,
          { input: { name, roles, expiresAt: expiryOf(call.text('expires')) } },
        );
        const { token, secret } = createToken;
        if (call.output.format === 'table') await call.terminal.write(`${secret}\n`);
        else await call.output.record({ ...token, secret });
        return undefined;
      },
    },
    list: {
      summary: 'List tokens, without their secrets.',
      async run(call) {
        call.noArguments();
        await call.output.rows(columns, await tokensOf(call));
        return undefined;
      },
    },
    revoke: {
      summary: 'Revoke a token: what is open with it ends at once.',
      arguments: 'NAME|ID',
      async run(call) {
        const { id } = await tokenNamed(call, call.argument('the name or id'));
        const gateway = await call.gateway();
        const { revokeToken } = await gateway.ask<{ revokeToken: Token }>(
          `mutation ($id: ID!) { revokeToken(id: $id) { ${selection} } }`,
          { id },
        );
        await call.output.rows(columns, [revokeToken]);
        return undefined;
      },
    },
  },
};

async function tokensOf(call: Call): Promise<readonly Token[]> {
  const gateway = await call.gateway();
  const answer = await gateway.ask<{ tokens: readonly Token[] }>(`{ tokens { ${selection} } }`);
  return answer.tokens;
}

async function tokenNamed(call: Call, wanted: string): Promise<Token> {
  const all = await tokensOf(call);
  const byId = all.find(({ id }) => id === wanted);
  if (byId !== undefined) return byId;
  const [only, ...others] = all.filter(
    ({ name, revokedAt }) => name === wanted && revokedAt === null,
  );
  if (only === undefined) throw usageError(`There is no token ${wanted} that is not revoked.`);
  if (others.length === 0) return only;
  throw usageError(`There are ${others.length + 1} tokens ${wanted}: give the id of one.`);
}

import type { NetworkPolicy } from '../../../sinks/network-policy.ts';
import type { DeliveryOutcome, DeliveryRequest, Target } from '../../../sinks/target.ts';
import { targetFailed } from '../../../sinks/target.ts';
import { WebhookTarget } from '../../../sinks/targets/webhook.ts';
import { dingtalkSignature, signedFeishuBody, welinkTokenBody } from './hook-bodies.ts';
import type { WeLinkRobot } from './hook-settings.ts';

/** SkyWalking's own. */
export const timeoutMs = 12_000;

interface PostOptions {
  readonly network: NetworkPolicy;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Posts to one URL. */
export const postTarget = (url: string, { network, headers = {} }: PostOptions): WebhookTarget =>
  new WebhookTarget({ url, headers, keys: () => [], timeoutMs, network });

/** One request to an address that is known at the moment of the attempt alone. */
async function post(
  url: string,
  request: DeliveryRequest,
  options: PostOptions,
): Promise<DeliveryOutcome> {
  await using target = postTarget(url, options);
  return await target.deliver(request);
}

const withBody = (request: DeliveryRequest, body: string): DeliveryRequest => ({
  ...request,
  message: { ...request.message, body },
});

/** Posts to DingTalk, each attempt with a signature of its own: one is valid for an hour. */
export const dingtalkTarget = (url: string, secret: string, network: NetworkPolicy): Target => ({
  deliver: (request) =>
    post(`${url}${dingtalkSignature(secret, Date.now())}`, request, { network }),
  async [Symbol.asyncDispose]() {},
});

/** Posts to Feishu, each attempt with a signature of its own in the body. */
export const feishuTarget = (url: string, secret: string, network: NetworkPolicy): Target => ({
  deliver: (request) => {
    const seconds = Math.floor(Date.now() / 1_000);
    const { body } = request.message;
    return post(url, withBody(request, signedFeishuBody(body, secret, seconds)), { network });
  },
  async [Symbol.asyncDispose]() {},
});

/** Posts to WeLink, each attempt after it has been given a token. */
export const welinkTarget = (robot: WeLinkRobot, network: NetworkPolicy): Target => ({
  async deliver(request) {
    const asked = withBody(request, welinkTokenBody(robot));
    const answer = await post(robot.accessTokenUrl, asked, { network });
    if (answer.kind !== 'DELIVERED') return answer;
    const token = tokenIn(answer.response ?? '');
    if (token === null) return targetFailed(new Error('The answer has no access_token.'));
    const headers = { 'x-wlk-Authorization': token };
    return await post(robot.messageUrl, request, { network, headers });
  },
  async [Symbol.asyncDispose]() {},
});

function tokenIn(answer: string): string | null {
  try {
    const { access_token: token } = JSON.parse(answer) as { readonly access_token?: unknown };
    return typeof token === 'string' && token !== '' ? token : null;
  } catch {
    return null;
  }
}

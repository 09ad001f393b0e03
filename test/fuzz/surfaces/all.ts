import type { Input, Surface } from '../input.ts';
import { Random } from '../random.ts';
import { cloudNativeSurfaces } from './cloud-native.ts';
import { framingSurface } from './framing.ts';
import { graphqlSurfaces } from './graphql.ts';
import { grpcSurfaces } from './grpc.ts';
import { dialectSurfaces } from './other-dialects.ts';
import { socketSurfaces } from './sockets.ts';
import { vampSurfaces } from './vamp.ts';

const surfaces: readonly Surface[] = [
  ...graphqlSurfaces,
  ...vampSurfaces,
  ...dialectSurfaces,
  ...cloudNativeSurfaces,
  ...socketSurfaces,
  ...grpcSurfaces,
  framingSurface,
];

const total = surfaces.reduce((sum, { weight }) => sum + weight, 0);

/** The input of a number: the same for the same seed. */
export function inputOf(seed: number, number: number): { surface: string; input: Input } {
  const random = new Random(seed, number);
  let at = random.below(total);
  const surface = surfaces.find(({ weight }) => {
    at -= weight;
    return at < 0;
  }) as Surface;
  return { surface: surface.name, input: surface.make(random) };
}

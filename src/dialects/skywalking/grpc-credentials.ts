import { ServerCredentials } from '@grpc/grpc-js';
import type { Certificate, CertificatePair } from '../../http/certificate.ts';

/** Shows connections the certificate of the moment. */
class CurrentCertificate extends ServerCredentials {
  constructor(certificate: Certificate) {
    super({}, contextOf(certificate.pair));
    certificate.onChange((pair) => this.updateSecureContextOptions(contextOf(pair)));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

const contextOf = ({ cert, key }: CertificatePair) => ({ cert, key });

/** Of a port: without TLS where there is no certificate. */
export const credentialsOf = (certificate: Certificate | null): ServerCredentials =>
  certificate === null ? ServerCredentials.createInsecure() : new CurrentCertificate(certificate);

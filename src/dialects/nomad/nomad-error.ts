/** A request that Nomad rejects: answered with the status and the bare message, which is Nomad's own, as text. */
export class NomadError extends Error {
  override readonly name = 'NomadError';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** Nomad's answer to every fault of a credential or of rights. */
export const permissionDenied = (): NomadError => new NomadError(403, 'Permission denied');

export type ManagementErrorCode = 'CONFLICT' | 'NOT_FOUND' | 'FORBIDDEN';

/** Why a sink cannot be managed so; the code goes to the client. */
export class ManagementError extends Error {
  override readonly name = 'ManagementError';
  readonly code: ManagementErrorCode;

  constructor(code: ManagementErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

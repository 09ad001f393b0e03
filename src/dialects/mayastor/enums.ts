/**
 * The enumerations of Mayastor's messages, each name at its number. The 2.7 line sends numbers, the 2026
 * line names. Source: apis/events/protobuf/v1/event.proto of openebs/mayastor-dependencies.
 */
export const categories = [
  'UnknownCategory',
  'Pool',
  'Volume',
  'Nexus',
  'Replica',
  'Node',
  'HighAvailability',
  'NvmePath',
  'HostInitiator',
  'IoEngineCategory',
  'Snapshot',
  'Clone',
] as const;

export const actions = [
  'UnknownAction',
  'Create',
  'Delete',
  'StateChange',
  'RebuildBegin',
  'RebuildEnd',
  'SwitchOver',
  'AddChild',
  'RemoveChild',
  'NvmePathSuspect',
  'NvmePathFail',
  'NvmePathFix',
  'OnlineChild',
  'NvmeConnect',
  'NvmeDisconnect',
  'NvmeKeepAliveTimeout',
  'ReactorFreeze',
  'ReactorUnfreeze',
  'Shutdown',
  'Start',
  'Stop',
  'SubsystemPause',
  'SubsystemResume',
  'Init',
  'Reconfiguring',
  'NvmePathDeleting',
] as const;

export const components = [
  'UnknownComponent',
  'CoreAgent',
  'IoEngine',
  'HaClusterAgent',
  'HaNodeAgent',
] as const;

export const rebuildStatuses = ['Unknown', 'Started', 'Completed', 'Stopped', 'Failed'] as const;

export const switchOverStatuses = [
  'UnknownSwitchOverStatus',
  'SwitchOverStarted',
  'SwitchOverCompleted',
  'SwitchOverFailed',
] as const;

/** The number at a name, also at one such as Category12; 0 for a name that is not known. */
export function numberIn(names: readonly string[], name: string): number {
  const known = names.indexOf(name);
  return known >= 0 ? known : Number(/^[A-Z][a-z]+([1-9]\d{0,8})$/.exec(name)?.[1] ?? 0);
}

/**
 * The name of a value that came as a name or as a number; absent is the first, as in every protobuf
 * encoding. A number that is newer than this list is kept as `<first name's subject><number>`: Category12.
 */
export function nameIn(names: readonly string[], value: unknown, subject: string): string | null {
  if (value === undefined || value === null) return names[0] ?? null;
  if (typeof value === 'string') return value === '' ? null : value;
  if (typeof value !== 'number' || !Number.isInteger(value)) return null;
  return names[value] ?? `${subject}${value}`;
}

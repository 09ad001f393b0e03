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

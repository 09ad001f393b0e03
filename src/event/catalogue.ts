import type { Plane } from './event.ts';

/** Something that happens in a category. */
export interface CatalogueAction {
  readonly name: string;
  readonly description: string;
  /** The plane whose programs report it. */
  readonly plane: Plane;
}

export interface CatalogueCategory {
  readonly name: string;
  readonly description: string;
  readonly actions: readonly CatalogueAction[];
}

const control = (name: string, description: string): CatalogueAction => ({
  name,
  description,
  plane: 'CONTROL_PLANE',
});

const data = (name: string, description: string): CatalogueAction => ({
  name,
  description,
  plane: 'DATA_PLANE',
});

/**
 * The categories that every gateway knows before anything was reported: those of OpenEBS Mayastor, as its
 * agents and its I/O engine report them. Whatever else is reported joins them.
 */
export const builtInCategories: readonly CatalogueCategory[] = [
  {
    name: 'Pool',
    description: 'A storage pool on the disks of a node.',
    actions: [
      data('Create', 'A pool was created on a disk.'),
      data('Delete', 'A pool was destroyed.'),
    ],
  },
  {
    name: 'Volume',
    description: 'A volume, as applications are given it.',
    actions: [
      control('Create', 'A volume was created.'),
      control('Delete', 'A volume was deleted.'),
    ],
  },
  {
    name: 'Nexus',
    description: 'The target that serves a volume and writes to all of its replicas.',
    actions: [
      data('Create', 'A nexus was created.'),
      data('Delete', 'A nexus was destroyed.'),
      data('StateChange', 'A nexus went from one state to another.'),
      data('RebuildBegin', 'A replica began to be rebuilt from a healthy one.'),
      data('RebuildEnd', 'A rebuild completed, stopped or failed.'),
      data('AddChild', 'A replica was added to a nexus.'),
      data('RemoveChild', 'A replica was removed from a nexus.'),
      data('OnlineChild', 'A replica that was offline was brought back into a nexus.'),
      data('SubsystemPause', 'The I/O of a nexus is being paused, or has been.'),
      data('SubsystemResume', 'The I/O of a nexus was resumed.'),
      data('Init', 'A nexus entered its initial state.'),
      data('Reconfiguring', 'The replicas of a nexus are being changed.'),
      data('Shutdown', 'A nexus was shut down with its I/O engine.'),
    ],
  },
  {
    name: 'Replica',
    description: 'One copy of the data of a volume, in a pool.',
    actions: [
      data('Create', 'A replica was created.'),
      data('Delete', 'A replica was deleted.'),
      data('StateChange', 'A replica went from one state to another, as its nexus sees it.'),
    ],
  },
  {
    name: 'Node',
    description: 'A node that takes part in storage.',
    actions: [control('StateChange', 'A node went online, went offline, or was lost sight of.')],
  },
  {
    name: 'HighAvailability',
    description: 'Volumes that move from failing targets to others.',
    actions: [
      control(
        'SwitchOver',
        'The target of a volume is being moved, was moved, or could not be moved.',
      ),
    ],
  },
  {
    name: 'NvmePath',
    description: 'The path by which a node reaches the target of a volume.',
    actions: [
      control('NvmePathSuspect', 'A path stopped answering and is watched.'),
      control('NvmePathFail', 'A path was found to have failed.'),
      control('NvmePathFix', 'A failed path was replaced by one that works.'),
      control('NvmePathDeleting', 'A path is being deleted.'),
    ],
  },
  {
    name: 'HostInitiator',
    description: 'The host that uses a target, and its connection to it.',
    actions: [
      data('NvmeConnect', 'A host connected to a target.'),
      data('NvmeDisconnect', 'A host disconnected from a target.'),
      data('NvmeKeepAliveTimeout', 'A host was not heard of for too long.'),
    ],
  },
  {
    name: 'IoEngineCategory',
    description: 'The I/O engine of a node and its reactors.',
    actions: [
      data('Start', 'An I/O engine started.'),
      data('Shutdown', 'An I/O engine began to shut down.'),
      data('Stop', 'An I/O engine stopped.'),
      data('ReactorFreeze', 'A reactor stopped making progress.'),
      data('ReactorUnfreeze', 'A frozen reactor makes progress again.'),
    ],
  },
  {
    name: 'Snapshot',
    description: 'A snapshot of a replica.',
    actions: [data('Create', 'A snapshot was taken.')],
  },
  {
    name: 'Clone',
    description: 'A replica made from a snapshot.',
    actions: [data('Create', 'A clone was created from a snapshot.')],
  },
];

/**
 * The port to a target that another mirror program has left, or whose state was lost. All methods throw StorageError.
 */

export interface OldTarget {
  /** For people: the program, and its own summary of its mirror. */
  readonly from: string;
  /** The index that a tree of ours, whose state was lost, mirrors. */
  readonly ownUpstream: string | undefined;
  /** Moves the tree below `web/`. */
  moveTree(): void;
  /** Moves the program's state, and everything that is no longer updated, into `old-state/`. */
  setStateAside(): void;
}
